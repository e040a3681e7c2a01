import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore, removeOrphans, type Store } from '@concordat/coordinator';
import { expect } from 'chai';

describe('what a coordinator that was killed left lying', () => {
  let directory: string;
  let store: Store;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-orphans-'));
    store = await openStore(directory);
    for (const place of ['winter/4', 'spring/1', 'spring/2', 'spring/3']) {
      mkdirSync(join(directory, 'spool', place), { recursive: true });
      for (const name of ['acme.masked', `bluebird.${'0'.repeat(64)}.part`]) {
        writeFileSync(join(directory, 'spool', place, name), 'bytes');
      }
    }
    mkdirSync(join(directory, 'spool', 'lost+found'));
  });

  afterEach(async () => {
    await store.close();
    rmSync(directory, { recursive: true });
  });

  const filesOf = (place: string) => readdirSync(join(directory, 'spool', place)).map((name) => name.split('.').at(-1));

  it('is removed at the start: all of runs that are over, and parts of vectors in rounds that are over', async () => {
    await removeOrphans(store, { runId: 'spring', round: 3 });
    expect(readdirSync(join(directory, 'spool')).sort()).to.deep.equal(['lost+found', 'spring']);
    expect([filesOf('spring/1'), filesOf('spring/2')]).to.deep.equal([['masked'], ['masked']]);
    expect(filesOf('spring/3')).to.deep.equal(['masked', 'part']);
  });

  it('is all that there is, when no run goes on', async () => {
    await removeOrphans(store, undefined);
    expect(readdirSync(join(directory, 'spool'))).to.deep.equal(['lost+found']);
  });
});
