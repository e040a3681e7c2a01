import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { coordinatorWrites, openStore, StoreWrites } from '@concordat/coordinator';
import { FederatedError } from '@concordat/core';
import { failpointPlaces, parseFailpoint } from '@concordat/node';
import { expect } from 'chai';
import Libsql from 'libsql';
import { refusalOf } from '../consortium.js';

const failing = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }));
const done = () => Promise.resolve('done');

describe('The durable writes of a coordinator', () => {
  it('have names that failpoints can be set at', () => {
    const places = failpointPlaces(coordinatorWrites);
    expect(places).to.have.length(2 * Object.keys(coordinatorWrites).length);
    for (const { failpoint } of places) expect(parseFailpoint(`${failpoint}:crash:1`).action).to.equal('crash');
  });

  it('are refused by name while the disk is full, and go on when there is room', async () => {
    const writes = new StoreWrites();
    for (const code of ['ENOSPC', 'EDQUOT', 'SQLITE_FULL']) {
      expect(await refusalOf(writes.do('coordinator.blob', failing(code))), code).to.equal('unavailable store.full');
      expect(writes.full, code).to.equal(true);
      expect(await writes.do('coordinator.blob', done), code).to.equal('done');
      expect(writes.full, code).to.equal(false);
    }
  });

  it('are over after one that failed: none is tried again, and it is told', async () => {
    for (const code of ['EIO', 'SQLITE_IOERR_FSYNC', 'SQLITE_IOERR', 'SQLITE_CORRUPT', 'EROFS']) {
      const writes = new StoreWrites();
      expect(await refusalOf(writes.do('coordinator.sum', failing(code))), code).to.equal('unavailable store.failed');
      let tried = false;
      const again = writes.do('coordinator.blob', async () => {
        tried = true;
      });
      expect(await refusalOf(again), code).to.equal('unavailable store.failed');
      expect(tried, code).to.equal(false);
      expect((await writes.failed).detail, code).to.deep.equal({ rule: 'store.failed', code });
    }
  });

  it('pass on what is no fault of the disk', async () => {
    const writes = new StoreWrites();
    const refused = writes.do('coordinator.blob', () => Promise.reject(new FederatedError('verification', 'no')));
    expect(await refusalOf(refused)).to.equal('verification');
    expect(await refusalOf(writes.do('coordinator.blob', failing('SQLITE_CONSTRAINT')))).to.equal(
      'Error: SQLITE_CONSTRAINT',
    );
    expect(await writes.do('coordinator.blob', done)).to.equal('done');
  });
});

describe('Appends that wait for one another', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-appends-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const entry = (kind: string) => ({ run: 'spring', round: 1, kind, body: Buffer.from(kind) });

  it('share one transaction, in their order', async () => {
    const store = await openStore(directory);
    const kinds = Array.from({ length: 20 }, (_, i) => `kind-${i}`);
    await Promise.all(kinds.map((kind) => store.journal.append([entry(kind)])));
    expect((await store.journal.eventsOf('spring')).map(({ kind }) => kind)).to.deep.equal(kinds);
    await store.close();
    const file = new Libsql(join(directory, 'coordinator.db'));
    // Each transaction notes its time once: the first append is alone, the others waited for it.
    expect(file.prepare('select seq from event_times order by seq').all()).to.deep.equal([{ seq: 1 }, { seq: 2 }]);
    file.close();
  });

  it('fail alone when one of them cannot be written', async () => {
    const store = await openStore(directory);
    const bad = { write: () => Promise.reject(new FederatedError('conflict', 'no')) };
    const appends = ['a', 'b', 'c', 'd'].map((kind) =>
      refusalOf(store.journal.append([entry(kind)], kind === 'c' ? bad : undefined)),
    );
    expect(await Promise.all(appends)).to.deep.equal(['nothing', 'nothing', 'conflict', 'nothing']);
    const events = await store.journal.eventsOf('spring');
    expect(events.map(({ seq, kind }) => [seq, kind])).to.deep.equal([
      [1, 'a'],
      [2, 'b'],
      [3, 'd'],
    ]);
    await store.close();
    await (await openStore(directory)).close();
  });

  it('are all refused when the disk failed under one of them', async () => {
    const store = await openStore(directory);
    const bad = { write: failing('SQLITE_IOERR_FSYNC') };
    const appends = ['a', 'b', 'c'].map((kind) =>
      refusalOf(store.journal.append([entry(kind)], kind === 'b' ? bad : undefined)),
    );
    expect(await Promise.all(appends)).to.deep.equal([
      'nothing',
      'unavailable store.failed',
      'unavailable store.failed',
    ]);
    await store.close();
    expect(readFileSync(join(directory, 'coordinator.db')).length).to.be.greaterThan(0);
  });
});
