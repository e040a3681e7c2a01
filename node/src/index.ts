export { createIdentityFile, identityFromSeed, readIdentityFile } from './crypto/identity.js';
export { nodeCrypto } from './crypto/node-crypto.js';
export { systemRandom } from './crypto/system-random.js';
export { readSecretFile, writeSecretFile } from './durable/secret-file.js';
export { syncDirectory, type WriteOptions, writeDurably } from './durable/write-durably.js';
