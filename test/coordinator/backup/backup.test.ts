import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backUp, openStore, RunJournal, restore, type Store } from '@concordat/coordinator';
import { expect } from 'chai';
import { describePostgres, sharedPostgres } from '../../support/postgres.js';
import { refusalOf } from '../consortium.js';

const canary = 'c3'.repeat(16);
const facts = '{"consortium":"north"}';

/** A consortium's directory with two events of "spring", one of them a blob, and an open session with a revealed share. */
async function coordinatorIn(directory: string): Promise<{ readonly store: Store; readonly head: Uint8Array }> {
  const store = await openStore(join(directory, 'coordinator/store'));
  writeFileSync(join(directory, 'coordinator/consortium.json'), facts);
  writeFileSync(join(directory, 'coordinator/roster-key.pem'), 'a key', { mode: 0o600 });
  const body = new Uint8Array(5_000).fill(7);
  await store.journal.append([{ run: 'spring', round: 1, kind: 'paused', body: Buffer.from('{"type":"paused"}') }]);
  await store.journal.append([{ run: 'spring', round: 1, kind: 'round-ended', body }], {
    write: (transaction) => store.sessionAnswers.put(transaction, 'spring', 1, Buffer.from(canary)),
  });
  return { store, head: store.journal.head };
}

function filesIn(directory: string): string[] {
  const all = readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((name) => join(directory, name));
  return all.filter((path) => statSync(path).isFile());
}

describe('a copy of a coordinator', () => {
  let root: string;
  let store: Store;
  let head: Uint8Array;
  let directory: string;
  let copy: string;

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'concordat-backup-'));
    directory = join(root, 'consortium');
    copy = join(root, 'copy');
    ({ store, head } = await coordinatorIn(directory));
  });

  afterEach(async () => {
    await store.close();
    rmSync(root, { recursive: true, force: true });
  });

  const copied = () => backUp({ directory, configuration: {}, to: copy, wallMillis: () => 0 });
  const restored = (to: string) =>
    restore({ from: copy, directory: to, configuration: async () => ({ address: '127.0.0.1:7443' }) });

  it('is made while it runs, of one moment, with keys, and without anything revealed in a session', async () => {
    const manifest = await copied();
    expect(manifest).to.deep.equal({
      schema: 'concordat/backup/1',
      events: 2,
      blobs: 1,
      made: '1970-01-01T00:00:00.000Z',
    });
    for (const path of filesIn(copy)) expect(readFileSync(path).includes(canary), path).to.equal(false);
    expect(readFileSync(join(copy, 'keys/roster-key.pem'), 'utf8')).to.equal('a key');
    expect(statSync(join(copy, 'keys/roster-key.pem')).mode & 0o777).to.equal(0o600);
    expect(await refusalOf(copied())).to.equal('invalid-argument');
  });

  it('is not finished over a blob that is damaged or gone, and then is no copy', async () => {
    const [blob] = readdirSync(join(directory, 'coordinator/store/blobs'));
    const path = join(directory, 'coordinator/store/blobs', blob!);
    const whole = readFileSync(path);
    writeFileSync(path, 'damaged');
    expect(await refusalOf(copied())).to.equal('verification');
    expect(await refusalOf(restored(join(root, 'again')))).to.equal('invalid-argument');
    rmSync(copy, { recursive: true });
    rmSync(path);
    expect(await refusalOf(copied())).to.equal('verification');
    rmSync(copy, { recursive: true });
    writeFileSync(path, whole);
    await copied();
  });

  it('goes into an empty place only, with the same chain', async () => {
    await copied();
    expect(await refusalOf(restored(directory))).to.equal('conflict');
    const again = join(root, 'again');
    await restored(again);
    const opened = await openStore(join(again, 'coordinator/store'));
    expect(opened.journal.head).to.deep.equal(head);
    expect(await opened.runs.restoredFrom()).to.equal(2);
    expect((await opened.journal.eventsOf('spring'))[1]!.body).to.deep.equal(Buffer.alloc(5_000, 7));
    await opened.close();
    writeFileSync(join(root, 'again/coordinator/consortium.json'), '{"consortium":"south"}');
    rmSync(join(root, 'again/coordinator/store'), { recursive: true });
    expect(await refusalOf(restored(again))).to.equal('conflict');
  });

  /** Of every file of the copy: its bytes. */
  const copyBytes = () => filesIn(copy).map((path) => [path, readFileSync(path).toString('base64')] as const);

  it('stays as it was made when it is restored, also where it may only be read', async () => {
    await copied();
    for (const path of filesIn(copy)) chmodSync(path, 0o400);
    expect(readdirSync(copy).sort()).to.deep.equal(['backup.json', 'blobs', 'coordinator.db', 'keys']);
    const before = copyBytes();
    await restored(join(root, 'again'));
    expect(copyBytes()).to.deep.equal(before);
    expect(readdirSync(join(root, 'again/coordinator/store')).sort()).to.deep.equal(['blobs', 'coordinator.db']);
    expect(statSync(join(root, 'again/coordinator/store/coordinator.db')).mode & 0o777).to.equal(0o600);
  });

  describePostgres('in PostgreSQL', () => {
    it('stays as it was made', async () => {
      await copied();
      const server = await sharedPostgres();
      const location = server.location(await server.createDatabase());
      const configuration = { store: location, blobs: join(root, 'shared'), address: '127.0.0.1:7443' };
      for (const path of filesIn(copy)) chmodSync(path, 0o400);
      const before = copyBytes();
      await restore({ from: copy, directory: join(root, 'other'), configuration: async () => configuration });
      expect(copyBytes()).to.deep.equal(before);
      expect(statSync(join(copy, 'coordinator.db')).mode & 0o777).to.equal(0o400);
    });

    it('is made from a file and back again, with its chain going on behind every leader', async () => {
      await copied();
      const server = await sharedPostgres();
      const location = server.location(await server.createDatabase());
      const blobs = join(root, 'shared');
      const configuration = { store: location, blobs, address: '127.0.0.1:7443' };
      const other = join(root, 'other');
      await restore({ from: copy, directory: other, configuration: async () => configuration });
      expect(
        await refusalOf(restore({ from: copy, directory: other, configuration: async () => configuration })),
      ).to.equal('conflict');
      await server.execute(location.database, "update concordat_lease set epoch = 7, expires = '-infinity'");
      const back = join(root, 'back');
      await backUp({ directory: other, configuration, to: back });
      const last = join(root, 'last');
      await restore({ from: back, directory: last, configuration: async () => ({ address: '127.0.0.1:7443' }) });
      const opened = await openStore(join(last, 'coordinator/store'));
      expect(opened.journal.head).to.deep.equal(head);
      await opened.journal.append([
        { run: 'spring', round: 1, kind: 'resumed', body: Buffer.from('{"type":"resumed"}') },
      ]);
      expect(await new RunJournal(opened, 'autumn').records()).to.deep.equal([]);
      await opened.close();
    });
  });
});
