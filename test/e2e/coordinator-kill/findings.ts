import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openStore, RunJournal, type Store, verifyStore } from '@concordat/coordinator';
import { type CoordinationRecord, toHex } from '@concordat/core';
import type { HeardReceipt } from '../heard-receipts.js';
import { hashOf, modelAfter } from './exact-model.js';
import type { Played } from './stage.js';

/** What the store of a coordinator says about some runs, while none has it open. */
export interface Findings {
  /** Of each run: its rounds with their survivors, and its last model. */
  readonly stories: readonly string[];
  /** What must not be. */
  readonly violations: readonly string[];
}

/**
 * @param directory of the consortium.
 * @param heard every acknowledgement that a participant got.
 */
export async function findIn(
  directory: string,
  played: readonly Played[],
  heard: readonly HeardReceipt[],
): Promise<Findings> {
  const place = join(directory, 'coordinator/store');
  const store = await openStore(place);
  try {
    const damage = (await verifyStore(store)).map((one) => JSON.stringify(one));
    const runs = await Promise.all(played.map((one) => findOf(store, one, heard)));
    return {
      stories: runs.map(({ story }) => story),
      violations: [...damage, ...runs.flatMap(({ violations }) => violations), ...leftovers(place)],
    };
  } finally {
    await store.close();
  }
}

async function findOf(store: Store, played: Played, heard: readonly HeardReceipt[]) {
  const { run, initial, restored } = played;
  const records = await new RunJournal(store, run).records();
  const { models, rounds } = publishedBy(records, initial);
  const row = await store.runs.get(run);
  const [expected, stored] = [toHex(hashOf(models.at(-1)!)), toHex(row!.modelHash)];
  const wrong = expected === stored ? [] : [`model ${models.length - 1} is ${stored} and not ${expected}`];
  const lost = restored === true ? [] : await lostReceipts(store, run, heard);
  const answers = await store.sessionAnswers.of(run);
  const secrets = answers.length === 0 ? [] : [`${answers.length} answers of sessions are left behind`];
  return {
    story: restored === true ? `${run} ends with a copy` : `${run} ${row!.state}: ${rounds.join('; ')}; ${stored}`,
    violations: [...wrong, ...lost, ...secrets].map((one) => `${run}: ${one}`),
  };
}

/** The models that a run must have published, with what survived in each round. */
function publishedBy(records: readonly CoordinationRecord[], initial: Float32Array) {
  const models = [initial];
  const rounds: string[] = [];
  for (const one of records) {
    if (one.type !== 'round-ended') continue;
    const { round, outcome, survivors, baseModelVersion } = one.record;
    rounds.push(`${round} ${outcome.type} ${survivors.join(' ')}`);
    if (outcome.type !== 'published') continue;
    models.push(modelAfter(models.at(-1)!, models[baseModelVersion]!, survivors));
  }
  return { models, rounds };
}

/** Every acknowledgement is in the store as it was given, and nobody was given two for one step. */
async function lostReceipts(store: Store, run: string, heard: readonly HeardReceipt[]): Promise<string[]> {
  const key = (one: { round: number; step: string; participant: string }) =>
    `${one.round} ${one.step} ${one.participant}`;
  const stored = new Map((await store.receipts.ofRun(run)).map((one) => [key(one), Buffer.from(one.body)]));
  return heard
    .filter((one) => one.run === run && stored.get(key(one))?.equals(one.body) !== true)
    .map((one) => `the receipt of ${key(one)} is ${stored.has(key(one)) ? 'another one' : 'lost'}`);
}

function leftovers(place: string): string[] {
  const files = (readdirSync(place, { recursive: true }) as string[]).filter((path) => path.endsWith('.part'));
  return files.map((path) => `${path} is left behind`);
}
