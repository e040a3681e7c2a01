import { decodePlan, equalBytes, fromBase64url, toHex, type Verdict } from '@concordat/core';
import {
  entryLine,
  invitationLine,
  type Projection,
  planLine,
  projectConsortium,
  projectRun,
  receiptLine,
  rosterLine,
  runLine,
  verdictLine,
} from '../store/projections.js';
import type { RunRecord } from '../store/records.js';
import type { Store } from '../store/store.js';
import { decodeRecord } from './record-json.js';
import { RunJournal, resultEvents } from './run-journal.js';

/** A row that is not what the journal's events make of it. */
export interface StoreDifference {
  /** E.g. `plans`, `run spring: receipts`. */
  readonly rows: string;
  /** What the events say; empty when they say nothing of it. */
  readonly required: string;
  /** What the row says; empty without one. */
  readonly offered: string;
}

const resultsMax = 1_000_000;

/**
 * Build the rows that repeat events anew from the journal and compare them. Client epochs and the answers of open sessions are in no event.
 *
 * @returns nothing when all rows are what the events say.
 * @throws `verification` for a blob that was damaged; `state-lost` for records of another version.
 */
export async function verifyStore(store: Store): Promise<StoreDifference[]> {
  const found = await verifyConsortium(store);
  for (const record of await store.runs.list()) found.push(...(await verifyRun(store, record)));
  return found;
}

async function verifyConsortium({ journal, rosters, plans, admissions }: Store): Promise<StoreDifference[]> {
  const must = projectConsortium(await journal.eventsOf(''));
  const invitations = await admissions.invitations();
  const entries = await admissions.pending();
  return [
    ...differences(
      'rosters',
      must.rosters,
      (await rosters.all()).map(({ epoch, body }) => rosterLine(epoch, body)),
    ),
    ...differences(
      'plans',
      must.plans,
      (await plans.all()).map(({ hash, operator }) => planLine(toHex(hash), operator)),
    ),
    ...differences(
      'invitations',
      must.invitations,
      invitations.map((one) => invitationLine({ ...one, expires: one.expiresMillis })),
    ),
    ...differences(
      'entries',
      must.entries,
      entries.map(({ participant, organization, fingerprint, certificateChain }) =>
        entryLine(participant, organization, fingerprint, certificateChain.length > 0),
      ),
    ),
  ];
}

async function verifyRun(store: Store, record: RunRecord): Promise<StoreDifference[]> {
  const { run, planHash, modelVersion: version, modelHash, state, reason } = record;
  const records = await new RunJournal(store, run).records();
  const events = (await store.journal.eventsOf(run)).filter(({ kind }) => kind === `${resultEvents}verdict`);
  const plan = await store.plans.get(planHash);
  const initial = plan === undefined ? '' : toHex(fromBase64url(decodePlan(plan.body).task.model.weightsDigest));
  const said = events.map(
    ({ body }) => decodeRecord(body) as { sid2: Uint8Array; participant: string; verdict: Verdict },
  );
  const must = projectRun(records, said, initial);
  const receipts = (await store.receipts.ofRun(run)).map(({ round, step, participant }) =>
    receiptLine(round, step, participant),
  );
  const isStarted = records.some((one) => one.type === 'run-started' && equalBytes(one.planHash, planHash));
  const row = runLine({ version, hash: toHex(modelHash) }, state, reason);
  // The row says that a run is over when nothing of it is left to be removed: its events say so before.
  const windingUp = state === 'running' && records.some(({ type }) => type === 'finished');
  return [
    ...(isStarted ? [] : [{ rows: `run ${run}`, required: '', offered: `started with plan ${toHex(planHash)}` }]),
    ...(windingUp ? [] : differences(`run ${run}`, must.run, [row])),
    ...differences(`run ${run}: receipts`, must.receipts, receipts).filter(({ required }) => required !== ''),
    ...differences(`run ${run}: verdicts`, must.verdicts, await verdictsOf(store, run)),
    ...(await verifyModels(store, run, records)),
  ];
}

async function verdictsOf({ results }: Store, run: string): Promise<string[]> {
  const lines: string[] = [];
  for (const round of await results.newest(run, resultsMax)) {
    for (const { sid2, verdicts } of await results.ofRound(run, round)) {
      for (const [participant, { kind }] of verdicts) lines.push(verdictLine(sid2, participant, kind));
    }
  }
  return lines;
}

/** Every model that was published is there, and the sums of its round name it. */
async function verifyModels(
  { blobs, results }: Store,
  run: string,
  records: Awaited<ReturnType<RunJournal['records']>>,
): Promise<StoreDifference[]> {
  const found: StoreDifference[] = [];
  for (const record of records) {
    if (record.type !== 'round-ended' || record.record.outcome.type !== 'published') continue;
    const { round, outcome } = record.record;
    const hash = toHex(outcome.modelHash);
    await blobs.readAll(outcome.modelHash);
    for (const { modelVersion, modelHash } of await results.ofRound(run, round)) {
      const required = `round ${round}: model ${outcome.modelVersion} ${hash}`;
      const offered = `round ${round}: model ${modelVersion} ${modelHash === undefined ? '' : toHex(modelHash)}`;
      found.push(...differences(`run ${run}: results`, [required], [offered]));
    }
  }
  return found;
}

function differences(rows: string, must: Projection, are: readonly string[]): StoreDifference[] {
  const [required, offered] = [new Set(must), new Set(are)];
  return [
    ...must.filter((line) => !offered.has(line)).map((line) => ({ rows, required: line, offered: '' })),
    ...are.filter((line) => !required.has(line)).map((line) => ({ rows, required: '', offered: line })),
    ...(are.length === offered.size
      ? []
      : [{ rows, required: 'each once', offered: `${are.length - offered.size} doubled` }]),
  ];
}
