import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CertifiedKey,
  createTlsAuthority,
  issueServerCertificate,
  type KeyPairPaths,
  readKeyPair,
  renewKeyPair,
} from '@concordat/node';
import { expect } from 'chai';

const validity = { now: 0, validMillis: Date.UTC(2060, 0, 1) };

describe('a certificate and its key in files', () => {
  let directory: string;
  let paths: KeyPairPaths;
  let authority: CertifiedKey;
  let old: CertifiedKey;
  let next: CertifiedKey;

  before(async () => {
    authority = await createTlsAuthority({ consortium: 'test', ...validity });
    old = await issueServerCertificate(authority, { names: ['old.example'], ...validity });
    next = await issueServerCertificate(authority, { names: ['new.example'], ...validity });
  });

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-pair-'));
    const path = (name: string) => join(directory, name);
    paths = { certificate: path('certificate.pem'), key: path('key.pem'), nextKey: path('next.pem') };
    write({ certificate: old.certificatePem, key: old.privateKeyPem });
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const write = (files: Partial<Record<keyof KeyPairPaths, string>>) => {
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(paths[name as keyof KeyPairPaths], text, { mode: 0o600 });
    }
  };
  const read = () => readKeyPair(paths, 'Mend it.');
  const renew = (certify: () => Promise<string> = async () => next.certificatePem) =>
    renewKeyPair(paths, { privateKeyPem: next.privateKeyPem, certify }, 'Mend it.');
  const refusal = (work: Promise<unknown>) => work.then(String, ({ code, fix }) => `${code}: ${fix.split(' More')[0]}`);

  it('are both new after a renewal, and the name of the next key is free again', async () => {
    expect(await renew()).to.deep.equal(next);
    expect(await read()).to.deep.equal(next);
    expect(readFileSync(paths.key, 'utf8')).to.equal(next.privateKeyPem);
    expect(() => readFileSync(paths.nextKey)).to.throw('ENOENT');
  });

  it('are the old pair while nothing is certified, whatever stops the renewal', async () => {
    const seen: CertifiedKey[] = [];
    const stopped = renew(async () => {
      seen.push(await read());
      throw new Error('the line is down');
    });
    expect(await stopped.catch(String)).to.equal('Error: the line is down');
    expect([...seen, await read()]).to.deep.equal([old, old]);
    expect(await renew()).to.deep.equal(next);
  });

  it('are the new pair from the certificate on, and a later renewal goes on from there', async () => {
    write({ nextKey: next.privateKeyPem, certificate: next.certificatePem });
    expect(await read()).to.deep.equal(next);
    const third = await issueServerCertificate(authority, { names: ['third.example'], ...validity });
    const stopped = renewKeyPair(
      paths,
      { privateKeyPem: third.privateKeyPem, certify: () => Promise.reject(new Error('the line is down')) },
      'Mend it.',
    );
    expect(await stopped.catch(String)).to.equal('Error: the line is down');
    expect(await read()).to.deep.equal(next);
  });

  it('refuse a certificate for another key, and keep what there was', async () => {
    expect(await refusal(renew(async () => old.certificatePem))).to.equal('verification: Mend it.');
    expect(await read()).to.deep.equal(old);
  });

  it('are refused when they do not belong together', async () => {
    write({ key: next.privateKeyPem });
    expect(await refusal(read())).to.equal('invalid-argument: Mend it.');
    write({ certificate: 'no certificate' });
    expect(await refusal(read())).to.equal('invalid-argument: Mend it.');
  });
});
