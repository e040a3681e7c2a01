import { FederatedError } from '@concordat/core';
import { encodeRecord } from '../run/record-json.js';
import type { Store } from '../store/store.js';

/**
 * A store that was restored from a copy may be behind what participants saw. No round of a run that was under way in it is ever opened
 * again: that run ends here, by name.
 *
 * @param isNew said with `--new-incarnation`.
 * @throws `state-lost` (rule `store.restored`) for a copy without that word; `invalid-argument` for the word without a copy, but
 *   for its repetition before anything else happened.
 */
export async function requireIncarnation(store: Store, isNew: boolean): Promise<void> {
  const restoredFrom = await store.runs.restoredFrom();
  if (restoredFrom === undefined) {
    if (!isNew || (await isJustBegun(store))) return;
    throw new FederatedError('invalid-argument', 'this store was not restored from a copy', {
      fix: 'Start without --new-incarnation: it is for the first start after `concordat coordinator restore`.',
    });
  }
  if (!isNew) {
    throw new FederatedError('state-lost', `this store is a copy that ends with event ${restoredFrom}`, {
      detail: { rule: 'store.restored', events: restoredFrom },
    });
  }
  const running = (await store.runs.list()).find(({ state }) => state === 'running');
  const reason = `restored from a copy: propose a new plan, from model version ${running?.modelVersion ?? 0} on`;
  const begun = { run: '', round: 0, kind: 'new-incarnation', body: Buffer.from(JSON.stringify({ restoredFrom })) };
  const finished = { type: 'finished', outcome: 'aborted', reason } as const;
  const ended = running && { run: running.run, round: 0, kind: finished.type, body: encodeRecord(finished) };
  await store.journal.append(ended === undefined ? [begun] : [begun, ended], {
    write: async (transaction) => {
      await store.runs.begunAnew(transaction);
      if (running !== undefined) await store.runs.end(transaction, running.run, reason);
    },
  });
}

/** Nothing happened since: the process ended before it said that it listens, and the same command line is repeated. */
async function isJustBegun({ journalReader }: Store): Promise<boolean> {
  const newest = (await journalReader.newestEvents(2)).map(({ kind }) => kind);
  return newest.at(-1) === 'new-incarnation' || newest.join() === 'new-incarnation,finished';
}
