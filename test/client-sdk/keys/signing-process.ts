import { generateKeyPairSync, sign } from 'node:crypto';

/** Holds an Ed25519 key as a hardware module would: it gives its public half, and signs; the key is written nowhere. */
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const raw = publicKey.export({ format: 'jwk' }).x!;
process.on('message', ({ id, message }: { readonly id: number; readonly message: string }) => {
  process.send!({ id, signature: sign(null, Buffer.from(message, 'base64'), privateKey).toString('base64') });
});
process.send!({ publicKey: raw });
