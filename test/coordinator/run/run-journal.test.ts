import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunJournal, type Store } from '@concordat/coordinator';
import type { CoordinationRecord, FederatedError } from '@concordat/core';
import { expect } from 'chai';
import { describeStores } from '../../support/stores.js';

const canary = 'a canary among revealed shares, 32';

/** A reveal that changed the session of a round. */
function revealIn(round: number): CoordinationRecord {
  const signed = { body: Buffer.from(canary), signature: new Uint8Array(64) };
  const event = { type: 'reply', from: 'alpha', frame: { type: 'reveal', reveal: signed } } as const;
  return { type: 'session', round, record: { type: 'input', event } };
}

const started: CoordinationRecord = {
  type: 'round-started',
  round: 1,
  kind: 'train',
  modelVersion: 0,
  baseModelHash: new Uint8Array(32),
};

describeStores('the journal of a run', (kind) => {
  let directory: string;
  let store: Store;
  let journal: RunJournal;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'run-journal-'));
    store = await kind.open(directory);
    journal = new RunJournal(store, 'spring');
  });

  afterEach(async () => {
    await store.close();
    rmSync(directory, { recursive: true });
  });

  it('gives its records back, with what changed the open sessions behind them', async () => {
    journal.note(revealIn(1));
    journal.note(started);
    await journal.flush();
    const [first, second] = await new RunJournal(store, 'spring').records();
    expect(first).to.deep.equal(started);
    expect(second).to.have.nested.property('record.event.from', 'alpha');
    expect(await new RunJournal(store, 'summer').records()).to.deep.equal([]);
  });

  it('keeps revealed shares out of the audit log', async () => {
    journal.note(revealIn(1));
    journal.note(started);
    await journal.flush();
    expect((await store.journal.eventsOf('spring')).map(({ kind }) => kind)).to.deep.equal(['round-started']);
  });

  it('destroys what restores a session when it is over, and leaves the others', async () => {
    journal.note(revealIn(1));
    journal.note(revealIn(2));
    await journal.flush();
    journal.forget(1);
    await journal.flush();
    expect((await journal.records()).map((record) => 'round' in record && record.round)).to.deep.equal([2]);
    journal.forget(2);
    await journal.flush();
    await store.close();
    for (const name of readdirSync(directory)) {
      const path = join(directory, name);
      if (statSync(path).isFile()) expect(readFileSync(path).includes(canary), name).to.equal(false);
    }
    store = await kind.open(directory);
  });

  it('destroys everything that restores sessions of a run that is over', async () => {
    journal.note(revealIn(1));
    journal.note(revealIn(2));
    await journal.flush();
    await store.sessionAnswers.removeRun('summer');
    expect(await journal.records()).to.have.lengthOf(2);
    await store.sessionAnswers.removeRun('spring');
    expect(await journal.records()).to.deep.equal([]);
  });

  it('of another version is refused by name, before anything is done with it', async () => {
    const body = Buffer.from('{"type":"round-doubled","round":1}');
    await store.journal.append([{ run: 'spring', round: 1, kind: 'round-doubled', body }]);
    const refused = await journal.records().then(
      () => undefined,
      (error: FederatedError) => error,
    );
    expect(refused!.code).to.equal('state-lost');
  });
});
