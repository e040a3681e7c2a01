import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { FederatedError, type Random, type Signer } from '@concordat/core';
import { readSecretFile, writeSecretFile } from '../durable/secret-file.js';
import { privateKey, rawPublicKey } from './node-crypto.js';

/**
 * An Ed25519 identity from its seed.
 *
 * @param seed 32 secret bytes; read now, never kept. The caller wipes its copy.
 * @throws `invalid-argument` for another length.
 */
export function identityFromSeed(seed: Uint8Array): Signer {
  return signerOf(privateKey('ed25519', seed));
}

/**
 * Make a new identity and write it to `path` as PKCS #8 PEM, mode 0600, durably.
 *
 * @returns the signer; the seed stays in OpenSSL's memory and the file only.
 */
export async function createIdentityFile(path: string, random: Random): Promise<Signer> {
  const seed = random.bytes(32);
  const key = privateKey('ed25519', seed);
  seed.fill(0);
  const pem = Buffer.from(key.export({ format: 'pem', type: 'pkcs8' }));
  try {
    await writeSecretFile(path, pem);
  } finally {
    pem.fill(0);
  }
  return signerOf(key);
}

/**
 * Read an identity written by {@link createIdentityFile} (or any Ed25519 PKCS #8 PEM).
 *
 * @throws `permission` when others can read the file; `invalid-argument` when it is missing or holds no Ed25519 key.
 */
export async function readIdentityFile(path: string): Promise<Signer> {
  const pem = await readSecretFile(path, 4096);
  let key: KeyObject;
  try {
    key = createPrivateKey(Buffer.from(pem));
  } catch {
    // The cause is left out on purpose: it may quote the file.
    throw noIdentity(path);
  } finally {
    pem.fill(0);
  }
  if (key.asymmetricKeyType !== 'ed25519') throw noIdentity(path);
  return signerOf(key);
}

/** A signer whose key stays with OpenSSL. */
export function signerOf(key: KeyObject): Signer {
  return {
    publicKey: rawPublicKey(createPublicKey(key)),
    sign: (message) => new Uint8Array(sign(null, message, key)),
  };
}

function noIdentity(path: string): FederatedError {
  return new FederatedError('invalid-argument', `${path} holds no Ed25519 private key`, {
    detail: { path, required: 'PKCS #8 PEM, Ed25519' },
    fix: 'Point to the identity key that was made when this directory was set up.',
  });
}
