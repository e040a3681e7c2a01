import { createCipheriv, createPrivateKey, type KeyObject, pbkdf2Sync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { FederatedError, type Random, type Signer } from '@concordat/core';
import { readSecretFile, writeSecretFile } from '../durable/secret-file.js';
import { signerOf } from './identity.js';
import { privateKey } from './node-crypto.js';

/** Bytes of a passphrase, in UTF-8: short ones are tried out on a stolen file. */
export const passphraseBytes = { min: 12, max: 1024 } as const;

/** Of PBKDF2 with SHA-256, as OWASP asks for since 2023. Node's own export takes 2,048, which is tried out 300 times faster. */
const iterations = 600_000;

const begin = '-----BEGIN ENCRYPTED PRIVATE KEY-----';

/**
 * Make a person's Ed25519 key and write it to `path`, encrypted: PKCS #8 with PBES2, PBKDF2-HMAC-SHA-256 and AES-256-CBC, PEM, mode 0600,
 * durably. A file that is there stays.
 *
 * @param passphrase UTF-8; stays the caller's.
 * @throws `conflict` when there is such a file; `invalid-argument` for a passphrase that is too short or too long.
 * @see RFC 5958 §3, RFC 8018 §6.2 and appendix A.4, RFC 8410 §7.
 */
export async function createEncryptedIdentityFile(
  path: string,
  random: Random,
  passphrase: Uint8Array,
): Promise<Signer> {
  requirePassphrase(passphrase);
  if (existsSync(path)) {
    throw new FederatedError('conflict', `${path} is there already; a key is never replaced`, {
      detail: { path },
      fix: 'Name another file.',
    });
  }
  const seed = random.bytes(32);
  const key = privateKey('ed25519', seed);
  seed.fill(0);
  const plain = key.export({ format: 'der', type: 'pkcs8' });
  const sealed = seal(plain, passphrase, { salt: random.bytes(16), iv: random.bytes(16) });
  plain.fill(0);
  await writeSecretFile(path, Buffer.from(pemOf(sealed)));
  return signerOf(key);
}

/**
 * Read what {@link createEncryptedIdentityFile} wrote, or any Ed25519 key in encrypted PKCS #8 PEM.
 *
 * @throws `permission` when others can read the file; `invalid-argument` when it is missing, not encrypted, holds no Ed25519 key, or the
 *   passphrase is another: these two cannot be told apart.
 */
export async function readEncryptedIdentityFile(path: string, passphrase: Uint8Array): Promise<Signer> {
  const pem = Buffer.from(await readSecretFile(path, 8192));
  if (!pem.toString('latin1').trimStart().startsWith(begin)) throw noKey(path, 'a file that is no encrypted key');
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: pem, format: 'pem', passphrase: Buffer.from(passphrase) });
  } catch {
    // The cause is left out on purpose: it may quote the file.
    throw noKey(path, 'another passphrase, or a damaged file');
  }
  if (key.asymmetricKeyType !== 'ed25519') throw noKey(path, 'a key of another kind');
  return signerOf(key);
}

function requirePassphrase({ length }: Uint8Array): void {
  if (length >= passphraseBytes.min && length <= passphraseBytes.max) return;
  throw new FederatedError(
    'invalid-argument',
    `a passphrase has ${passphraseBytes.min} to ${passphraseBytes.max} bytes`,
    {
      detail: { required: passphraseBytes.min, offered: length },
      fix: 'Take four or five words that you chose by chance.',
    },
  );
}

function seal(plain: Uint8Array, passphrase: Uint8Array, { salt, iv }: { salt: Uint8Array; iv: Uint8Array }): Buffer {
  const derived = pbkdf2Sync(passphrase, salt, iterations, 32, 'sha256');
  const cipher = createCipheriv('aes-256-cbc', derived, iv);
  const encrypted = Buffer.concat([cipher.update(plain), cipher.final()]);
  derived.fill(0);
  const sha256 = sequence(oid('2a864886f70d0209'), tagged(0x05));
  const derivation = sequence(oid('2a864886f70d01050c'), sequence(tagged(0x04, salt), count(iterations), sha256));
  const encryption = sequence(oid('60864801650304012a'), tagged(0x04, iv));
  return sequence(sequence(oid('2a864886f70d01050d'), sequence(derivation, encryption)), tagged(0x04, encrypted));
}

/** DER of lengths below 128 and, as a whole sequence, below 65,536. */
function tagged(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), content]);
}

function sequence(...parts: readonly Uint8Array[]): Buffer {
  return tagged(0x30, ...parts);
}

function oid(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, 'hex'));
}

/** A whole number from 2^16 to 2^23 − 1. */
function count(value: number): Buffer {
  return tagged(0x02, Buffer.from([value >> 16, (value >> 8) & 0xff, value & 0xff]));
}

function pemOf(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `${[begin, ...lines, begin.replace('BEGIN', 'END')].join('\n')}\n`;
}

function noKey(path: string, offered: string): FederatedError {
  return new FederatedError('invalid-argument', `${path} gives no key with this passphrase`, {
    detail: { path, required: 'Ed25519, PKCS #8 PEM, encrypted', offered },
    fix: 'Type the passphrase again; concordat approver init makes such a file.',
  });
}
