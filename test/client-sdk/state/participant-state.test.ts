import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ParticipantState } from '@concordat/client-sdk';
import type { ParticipationRecord } from '@concordat/core';
import { expect } from 'chai';
import { failureOf } from '../transport/test-coordinator.js';

const left = (round: number): ParticipationRecord => ({ type: 'session-left', runId: 'spring', round });

describe("a participant's state", () => {
  let directory: string;
  let journal: string;
  let epoch: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-state-'));
    journal = join(directory, 'journal.log');
    epoch = join(directory, 'client-epoch');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** A start that journals some records; `killed` ends like a process that is killed. */
  async function live(rounds: readonly number[], how: 'ends' | 'is killed' = 'ends'): Promise<number> {
    const state = await ParticipantState.open(directory);
    const start = await state.countStart({ entries: 0, chain: '0'.repeat(64) });
    for (const round of rounds) await state.append(left(round));
    const atKill = readFileSync(epoch);
    await state.close();
    if (how === 'is killed') writeFileSync(epoch, atKill);
    return start;
  }

  async function roundsHeld(): Promise<unknown[]> {
    const state = await ParticipantState.open(directory);
    const records = await state.read();
    await state.close();
    return records.map((record) => 'round' in record && record.round);
  }

  const refused = async () => {
    const { code, rule, error } = await failureOf(ParticipantState.open(directory));
    expect((error as Error & { fix: string }).fix).to.include(`concordat participant recover --directory ${directory}`);
    return [code, rule];
  };

  it('counts starts up, and keeps what was journalled over clean and other ends', async () => {
    expect(await live([])).to.equal(1);
    expect(await live([1, 2])).to.equal(2);
    expect(await live([3], 'is killed')).to.equal(3);
    expect(await live([4])).to.equal(4);
    expect(await roundsHeld()).to.deep.equal([1, 2, 3, 4]);
  });

  it('goes on from a record that a kill tore', async () => {
    await live([1, 2]);
    await live([3], 'is killed');
    truncateSync(journal, readFileSync(journal).length - 3);
    expect(await roundsHeld()).to.deep.equal([1, 2]);
  });

  it('is lost without its journal, also when a client only ever started', async () => {
    await live([]);
    unlinkSync(journal);
    expect(await refused()).to.deep.equal(['state-lost', 'state.journal']);
    expect(existsSync(journal), 'no empty one is put in its place').to.equal(false);
  });

  it('is lost with a journal that was cut to nothing, or at any record that was there at the last start', async () => {
    await live([1, 2]);
    await live([3], 'is killed');
    const whole = readFileSync(journal);
    const bytesOf = (count: number) => count * (whole.length / 3);
    for (const records of [0, 1]) {
      writeFileSync(journal, whole.subarray(0, bytesOf(records)));
      expect(await refused(), `${records} records`).to.deep.equal(['state-lost', 'state.journal']);
    }
    writeFileSync(journal, whole.subarray(0, bytesOf(2)));
    expect(await roundsHeld()).to.deep.equal([1, 2]);
  });

  it('is lost with a journal that lacks what was there at the last clean end', async () => {
    await live([1, 2, 3]);
    const whole = readFileSync(journal);
    writeFileSync(journal, whole.subarray(0, (2 * whole.length) / 3));
    expect(await refused()).to.deep.equal(['state-lost', 'state.journal']);
  });

  it('is lost with the journal of another time or another participant', async () => {
    await live([1, 2]);
    rmSync(epoch);
    rmSync(journal);
    await live([7, 8, 9]);
    const other = readFileSync(journal);
    rmSync(epoch);
    rmSync(journal);
    await live([1, 2]);
    writeFileSync(journal, other);
    expect(await refused()).to.deep.equal(['state-lost', 'state.journal']);
  });

  it('is lost with one flipped bit in an acknowledged record', async () => {
    await live([1, 2, 3]);
    const bytes = readFileSync(journal);
    bytes[12]! ^= 1;
    writeFileSync(journal, bytes);
    expect(await refused()).to.deep.equal(['state-lost', 'state.journal']);
  });

  it('is not read again without what was journalled, when its file is changed under an open client', async () => {
    await live([1, 2]);
    const state = await ParticipantState.open(directory);
    await state.append(left(3));
    expect(await state.read()).to.have.lengthOf(3);
    const bytes = readFileSync(journal);
    bytes[bytes.length - 4]! ^= 1;
    writeFileSync(journal, bytes);
    const { code, rule } = await failureOf(state.read());
    expect([code, rule]).to.deep.equal(['state-lost', 'state.journal']);
    await state.close();
  });

  it('is lost without the number of the last start, or with something else in its place', async () => {
    await live([1]);
    const good = readFileSync(epoch, 'utf8');
    unlinkSync(epoch);
    expect(await refused()).to.deep.equal(['state-lost', 'state.epoch']);
    const bad = ['', '7', 'null', good.replace('"epoch":1', '"epoch":1e300'), good.replace('"records":', '"more":')];
    for (const text of bad) {
      writeFileSync(epoch, text);
      expect(await refused(), text).to.deep.equal(['state-lost', 'state.epoch']);
    }
  });
});
