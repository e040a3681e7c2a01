import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FederatedError, utf8Encode } from '@concordat/core';
import { createIdentityFile, identityFromSeed, nodeCrypto, readIdentityFile, systemRandom } from '@concordat/node';
import { expect } from 'chai';

const rejected = async (promise: Promise<unknown>): Promise<FederatedError> => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(FederatedError);
  return error as FederatedError;
};

describe('an identity', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-identity-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const seeded = { bytes: (length: number) => new Uint8Array(length).fill(7) };
  const message = utf8Encode('statement');

  it('signs like its seed', () => {
    const seed = seeded.bytes(32);
    const identity = identityFromSeed(seed);
    expect(identity.publicKey).to.deep.equal(nodeCrypto.ed25519PublicKey(seed));
    expect(identity.sign(message)).to.deep.equal(nodeCrypto.ed25519Sign(message, seed));
    expect(() => identityFromSeed(seed.subarray(1))).to.throw(FederatedError);
  });

  it('keeps a file for its owner only, and comes back from it', async () => {
    const path = join(directory, 'identity.pem');
    const made = await createIdentityFile(path, seeded);
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    expect(readFileSync(path, 'utf8')).to.match(/^-----BEGIN PRIVATE KEY-----\n/);
    const read = await readIdentityFile(path);
    expect(read.publicKey).to.deep.equal(made.publicKey);
    expect(nodeCrypto.ed25519Verify(message, read.sign(message), made.publicKey)).to.equal(true);
  });

  it('accepts a file readable by the own group, as container platforms mount it', async () => {
    const path = join(directory, 'identity.pem');
    await createIdentityFile(path, seeded);
    chmodSync(path, 0o640);
    expect(await readIdentityFile(path)).to.have.property('publicKey');
  });

  it('refuses a file that everybody can read, and says what to type', async () => {
    const path = join(directory, 'identity.pem');
    await createIdentityFile(path, seeded);
    chmodSync(path, 0o644);
    const error = await rejected(readIdentityFile(path));
    expect(error.code).to.equal('permission');
    expect(error.message).to.include('mode 0644: everybody');
    expect(error.fix).to.include(`Run: chmod 600 ${path}`);
  });

  it('is not found in a missing file, a directory, or a file with something else, and the error quotes nothing', async () => {
    const path = join(directory, 'identity.pem');
    expect((await rejected(readIdentityFile(path))).code).to.equal('invalid-argument');
    writeFileSync(path, 'canary-secret', { mode: 0o600 });
    const error = await rejected(readIdentityFile(path));
    expect(error.code).to.equal('invalid-argument');
    expect(JSON.stringify([error.message, error.detail, String(error.cause)])).to.not.include('canary');
  });
});

describe('the system random', () => {
  it('gives the bytes asked for, 0 to 65,536', () => {
    for (const length of [0, 1, 65_536]) expect(systemRandom.bytes(length)).to.have.length(length);
    for (const length of [-1, 65_537, 1.5]) expect(() => systemRandom.bytes(length)).to.throw(FederatedError);
    expect(systemRandom.bytes(32)).to.not.deep.equal(systemRandom.bytes(32));
  });
});
