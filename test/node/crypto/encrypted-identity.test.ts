import { createPrivateKey } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FederatedError, utf8Encode } from '@concordat/core';
import {
  createEncryptedIdentityFile,
  createIdentityFile,
  nodeCrypto,
  readEncryptedIdentityFile,
} from '@concordat/node';
import { expect } from 'chai';

const passphrase = utf8Encode('correct horse battery staple');
const seeded = { bytes: (length: number) => new Uint8Array(length).fill(7) };
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'nothing',
    ({ code }: FederatedError) => code,
  );

describe('a key with a passphrase', () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-person-'));
    path = join(directory, 'person.key');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('comes back from its file, which is for its owner alone', async () => {
    const made = await createEncryptedIdentityFile(path, seeded, passphrase);
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    const read = await readEncryptedIdentityFile(path, passphrase);
    const message = utf8Encode('statement');
    expect(read.publicKey).to.deep.equal(made.publicKey);
    expect(nodeCrypto.ed25519Verify(message, read.sign(message), made.publicKey)).to.equal(true);
  });

  it('is encrypted PKCS #8 as others read it: PBKDF2 with SHA-256, 600,000 times, and AES-256-CBC', async () => {
    const { publicKey } = await createEncryptedIdentityFile(path, seeded, passphrase);
    const pem = readFileSync(path, 'utf8');
    const key = createPrivateKey({ key: pem, passphrase: Buffer.from(passphrase) });
    expect(key.export({ format: 'jwk' }).x).to.equal(Buffer.from(publicKey).toString('base64url'));
    const der = Buffer.from(pem.replace(/-----.*-----|\s/g, ''), 'base64').toString('hex');
    for (const part of ['2a864886f70d01050c', '02030927c0', '2a864886f70d0209', '60864801650304012a']) {
      expect(der).to.include(part);
    }
    expect(der).not.to.include('07'.repeat(17));
  });

  it('is refused with another passphrase, cut, unencrypted, or readable by others', async () => {
    await createEncryptedIdentityFile(path, seeded, passphrase);
    expect(await codeOf(readEncryptedIdentityFile(path, utf8Encode('correct horse battery stable')))).to.equal(
      'invalid-argument',
    );
    const pem = readFileSync(path, 'utf8');
    writeFileSync(path, pem.replace(/[^\n]{8}(\n-----END)/, '$1'));
    expect(await codeOf(readEncryptedIdentityFile(path, passphrase))).to.equal('invalid-argument');
    writeFileSync(path, pem);
    chmodSync(path, 0o644);
    expect(await codeOf(readEncryptedIdentityFile(path, passphrase))).to.equal('permission');
    const plain = join(directory, 'plain.key');
    await createIdentityFile(plain, seeded);
    expect(await codeOf(readEncryptedIdentityFile(plain, passphrase))).to.equal('invalid-argument');
  });

  it('is never made over another, nor with a short passphrase', async () => {
    await createEncryptedIdentityFile(path, seeded, passphrase);
    const before = readFileSync(path, 'utf8');
    expect(await codeOf(createEncryptedIdentityFile(path, seeded, passphrase))).to.equal('conflict');
    expect(readFileSync(path, 'utf8')).to.equal(before);
    const short = createEncryptedIdentityFile(join(directory, 'other.key'), seeded, utf8Encode('short'));
    expect(await codeOf(short)).to.equal('invalid-argument');
  });
});
