import { decodePlan, FederatedError } from '@concordat/core';
import { sessionCodec } from '@concordat/proto';
import type { Store } from '../store/store.js';
import { factsOf } from './round-facts.js';
import { type RoundStory, tellRound } from './round-story.js';

/**
 * The story of one round, read from the journal.
 *
 * @param round 1 …
 * @throws `invalid-argument` for a run or a round that the journal does not know.
 */
export async function explainRound(
  store: Pick<Store, 'journalReader' | 'runs' | 'plans'>,
  run: string,
  round: number,
): Promise<RoundStory> {
  const record = await store.runs.get(run);
  const plan = record && (await store.plans.get(record.planHash));
  if (plan === undefined) {
    const known = (await store.runs.list()).map((one) => one.run);
    throw new FederatedError('invalid-argument', `no run ${run} was started here`, {
      detail: { required: known.slice(0, 8), offered: run },
      fix:
        known.length === 0
          ? 'Start one: concordat coordinator run start.'
          : `Name one of: ${known.slice(0, 8).join(', ')}.`,
    });
  }
  const events = await store.journalReader.roundEvents(run, round);
  if (events.length === 0) {
    const [newest] = await store.journalReader.newestRounds(run, 1);
    throw new FederatedError('invalid-argument', `run ${run} has no round ${round} yet`, {
      detail: { required: newest ?? 0, offered: round },
      fix: newest === undefined ? 'Wait for its first round to begin.' : `Name a round from 1 to ${newest}.`,
    });
  }
  return tellRound({ run, round, plan: decodePlan(plan.body), facts: factsOf(events), codec: sessionCodec });
}
