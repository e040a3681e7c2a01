import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SealedRoots } from '@concordat/client-sdk';
import { nodeCrypto } from '@concordat/node';
import { expect } from 'chai';
import { countingRandom, failureOf } from '../transport/test-coordinator.js';

describe('sealed session roots', () => {
  let directory: string;
  const deviceKey = new Uint8Array(32).fill(5);
  const open = (key = deviceKey): SealedRoots =>
    new SealedRoots({ directory, deviceKey: key, crypto: nodeCrypto, random: countingRandom() });

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'roots-'));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  it('open to the bytes that were sealed, in another process too', async () => {
    const root = await open().sealRoot('spring', 3);
    expect(root).to.have.length(32);
    expect(await open().openRoot('spring', 3)).to.deep.equal(root);
    expect(await open().openRoot('spring', 4)).to.equal(undefined);
  });

  it('do not lie on the disk in plain, and are readable by the owner only', async () => {
    const root = await open().sealRoot('spring', 3);
    const [name] = readdirSync(directory);
    const path = join(directory, name!);
    expect(readFileSync(path).includes(Buffer.from(root))).to.equal(false);
    expect(statSync(path).mode & 0o777).to.equal(0o600);
  });

  it('are drawn once for each round', async () => {
    const roots = open();
    const first = await roots.sealRoot('spring', 3);
    expect((await failureOf(roots.sealRoot('spring', 3))).code).to.equal('conflict');
    expect(await roots.openRoot('spring', 3)).to.deep.equal(first);
  });

  it('do not open for another round, another run or on another device', async () => {
    const roots = open();
    await roots.sealRoot('spring', 3);
    expect((await failureOf(open(new Uint8Array(32)).openRoot('spring', 3))).code).to.equal('state-lost');
    renameSync(join(directory, 'spring.3.sealed'), join(directory, 'spring.4.sealed'));
    expect((await failureOf(roots.openRoot('spring', 4))).code).to.equal('state-lost');
    renameSync(join(directory, 'spring.4.sealed'), join(directory, 'autumn.3.sealed'));
    expect((await failureOf(roots.openRoot('autumn', 3))).code).to.equal('state-lost');
  });

  it('are gone when erased, and leftovers are gone when purged', async () => {
    const roots = open();
    await roots.sealRoot('spring', 3);
    await roots.sealRoot('spring', 4);
    await roots.eraseRoot('spring', 3);
    await roots.eraseRoot('spring', 3);
    expect(readdirSync(directory)).to.deep.equal(['spring.4.sealed']);
    expect(await roots.purgeRoots()).to.equal(1);
    expect(readdirSync(directory)).to.deep.equal([]);
  });

  it('of sessions that may still be gone on with stay when the others are purged', async () => {
    const roots = open();
    for (const round of [3, 4, 5]) await roots.sealRoot('spring', round);
    expect(await roots.purgeRoots([{ runId: 'spring', round: 4 }])).to.equal(2);
    expect(readdirSync(directory)).to.deep.equal(['spring.4.sealed']);
  });

  it('cannot leave their directory by a name', async () => {
    for (const run of ['../spring', 'a/b', '', 'a.b']) {
      expect((await failureOf(open().sealRoot(run, 1))).code).to.equal('invalid-argument');
    }
    expect((await failureOf(open().sealRoot('spring', 0))).code).to.equal('invalid-argument');
  });
});
