import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type JournalEntry, openStore, type Store } from '@concordat/coordinator';
import { FederatedError } from '@concordat/core';
import { expect } from 'chai';
import { describeStores } from '../../support/stores.js';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const entry = (kind: string, body: Uint8Array): JournalEntry => ({ run: 'spring', round: 1, kind, body });

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'nothing';
  } catch (error) {
    return error instanceof FederatedError ? error.code : String(error);
  }
}

describeStores('the store of a coordinator', (kind) => {
  let directory: string;
  let store: Store;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-store-'));
    store = await kind.open(directory);
  });

  afterEach(async () => {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('keeps the journal in order over a restart and goes on with the same chain', async () => {
    await store.journal.append([entry('a', bytes(1)), entry('b', bytes())]);
    const head = store.journal.head;
    await store.close();
    store = await kind.open(directory);
    expect(Buffer.compare(store.journal.head, head)).to.equal(0);
    await store.journal.append([entry('c', bytes(3))]);
    const events = await store.journal.eventsOf('spring');
    expect(events.map(({ seq, kind, body }) => [seq, kind, [...body]])).to.deep.equal([
      [1, 'a', [1]],
      [2, 'b', []],
      [3, 'c', [3]],
    ]);
  });

  it('keeps bodies above 4 KiB as blobs and gives them back', async () => {
    const large = new Uint8Array(5_000).fill(7);
    await store.journal.append([entry('large', large)]);
    expect(readdirSync(join(directory, 'blobs'))).to.have.length(1);
    const [event] = await store.journal.eventsOf('spring');
    expect(Buffer.compare(event!.body, large)).to.equal(0);
  });

  it('writes nothing of an append whose companion row fails', async () => {
    const failed = store.journal.append([entry('a', bytes(1))], {
      write: async () => {
        throw new FederatedError('conflict', 'no');
      },
    });
    expect(await codeOf(failed)).to.equal('conflict');
    await store.journal.append([entry('b', bytes(2))]);
    expect((await store.journal.eventsOf('spring')).map(({ seq, kind }) => [seq, kind])).to.deep.equal([[1, 'b']]);
  });

  it('refuses to open over a journal that was edited', async () => {
    await store.journal.append([entry('a', bytes(1)), entry('b', bytes(2))]);
    await store.close();
    await kind.execute(directory, "update events set kind = 'z' where seq = 1");
    expect(await codeOf(kind.open(directory))).to.equal('verification');
    await kind.execute(directory, "update events set kind = 'a' where seq = 1");
    store = await kind.open(directory);
  });

  it('reads a blob from any offset and refuses unknown digests', async () => {
    const digest = await store.blobs.put(bytes(1, 2, 3, 4, 5));
    expect([...(await store.blobs.readAt(digest, 1, 3))]).to.deep.equal([2, 3, 4]);
    expect([...(await store.blobs.readAt(digest, 3, 9))]).to.deep.equal([4, 5]);
    const pieces = [];
    for await (const { offset, data } of store.blobs.read(digest)) pieces.push([offset, [...data]]);
    expect(pieces).to.deep.equal([[0, [1, 2, 3, 4, 5]]]);
    expect(await codeOf(store.blobs.sizeBytes(new Uint8Array(32)))).to.equal('invalid-argument');
    expect(await codeOf(store.blobs.sizeBytes(bytes(1)))).to.equal('invalid-argument');
  });

  it('leaves no trace of a blob that is not what was announced', async () => {
    const announced = new Uint8Array(32);
    expect(await codeOf(store.blobs.receive(announced, 3, [bytes(1, 2, 3)]))).to.equal('verification');
    expect(await codeOf(store.blobs.receive(announced, 3, [bytes(1, 2, 3, 4)]))).to.equal('verification');
    expect(readdirSync(join(directory, 'blobs'))).to.deep.equal([]);
  });

  it('removes at its start what was being written when a process died, and no blob', async () => {
    const digest = await store.blobs.put(bytes(1, 2, 3));
    const unfinished = join(directory, 'blobs', 'half.part');
    writeFileSync(unfinished, bytes(1, 2));
    await store.close();
    store = await kind.open(directory);
    expect(existsSync(unfinished)).to.equal(false);
    expect([...(await store.blobs.readAll(digest))]).to.deep.equal([1, 2, 3]);
  });

  it('names a blob that was damaged on the disk', async () => {
    const digest = await store.blobs.put(bytes(1, 2, 3));
    writeFileSync(join(directory, 'blobs', Buffer.from(digest).toString('hex')), bytes(1, 2, 4));
    expect(await codeOf(store.blobs.readAll(digest))).to.equal('verification');
  });
});

describe('the store of a coordinator in a file', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-store-'));
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('is held by one process: a second opening is refused by name', async () => {
    const store = await openStore(directory);
    expect(await codeOf(openStore(directory))).to.equal('conflict');
    await store.close();
  });
});
