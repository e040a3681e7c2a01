import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '@concordat/coordinator';
import { expect } from 'chai';

const kinds = ['a', 'b', 'c', 'd', 'e', 'f'];

describe('a store that was torn', function () {
  this.timeout(30_000);
  let root: string;
  /** As a power cut leaves it: nothing is in the database yet but what was there before, all else in the write-ahead log. */
  let cut: string;
  let closed: string;

  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'concordat-torn-'));
    [cut, closed] = [join(root, 'cut'), join(root, 'closed')];
    const store = await openStore(closed);
    for (const kind of kinds) {
      await store.journal.append([{ run: 'spring', round: 1, kind, body: Buffer.from(`body of ${kind}`) }]);
    }
    cpSync(closed, cut, { recursive: true });
    rmSync(join(cut, 'lock'));
    rmSync(join(cut, 'coordinator.db-shm'), { force: true });
    await store.close();
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  /** The kinds of events in a copy whose file was changed; `refused` when it does not open. */
  async function found(from: string, file: string, change: (bytes: Buffer) => Buffer): Promise<string> {
    const copy = join(root, 'copy');
    cpSync(from, copy, { recursive: true });
    writeFileSync(join(copy, file), change(readFileSync(join(copy, file))));
    try {
      const store = await openStore(copy);
      const events = await store.journal.eventsOf('spring').finally(() => store.close());
      for (const { kind, body } of events) expect(Buffer.from(body).toString()).to.equal(`body of ${kind}`);
      return events.map(({ kind }) => kind).join('');
    } catch (error) {
      if ((error as Error).name === 'AssertionError') throw error;
      return 'refused';
    } finally {
      rmSync(copy, { recursive: true });
    }
  }

  it('holds a beginning of what was written, wherever the write-ahead log ends', async () => {
    const { length } = readFileSync(join(cut, 'coordinator.db-wal'));
    const seen = new Set<string>();
    for (let at = 0; at <= 24; at++) {
      const end = Math.floor((length * at) / 24);
      const events = await found(cut, 'coordinator.db-wal', (bytes) => bytes.subarray(0, end));
      expect(events === 'refused' || kinds.join('').startsWith(events), `${end} bytes: ${events}`).to.equal(true);
      seen.add(events);
    }
    expect([...seen]).to.include(kinds.join(''));
  });

  it('is never read as something else where bytes of it changed', async () => {
    for (const [from, file] of [
      [cut, 'coordinator.db-wal'],
      [closed, 'coordinator.db'],
    ] as const) {
      const { length } = readFileSync(join(from, file));
      for (let at = 0; at < 24; at++) {
        const place = Math.floor((length * (at + 0.37)) / 24);
        const events = await found(from, file, (bytes) => {
          bytes.fill(0x5a, place, place + 64);
          return bytes;
        });
        // What was in the database already is whole, or nothing is read.
        const holds = from === closed ? events === kinds.join('') : kinds.join('').startsWith(events);
        expect(events === 'refused' || holds, `${file} at ${place}: ${events}`).to.equal(true);
      }
    }
  });
});
