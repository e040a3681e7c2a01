import { type CryptoPort, shuffle } from '@concordat/core';
import { countOf, type DropStep, type Scenario } from './scenario.js';
import { seededRandom } from './seeded-random.js';

/** Round → step at which a participant leaves that round. */
export type Departures = ReadonlyMap<number, DropStep>;

/**
 * Who leaves which round where, by place 1 … n. Shares are drawn from the seed, in the order of the list, among those who do not leave
 * that round yet.
 */
export function dropouts(crypto: CryptoPort, scenario: Scenario): ReadonlyMap<number, Departures> {
  const leaving = new Map<number, Map<number, DropStep>>();
  const leave = (participant: number, round: number, step: DropStep) =>
    leaving.set(participant, new Map(leaving.get(participant)).set(round, step));
  for (const drop of scenario.drops) if ('participant' in drop) leave(drop.participant, drop.round, drop.step);
  for (const drop of scenario.drops) {
    if ('participant' in drop) continue;
    const staying = places(scenario).filter((participant) => leaving.get(participant)?.has(drop.round) !== true);
    shuffle(staying, seededRandom(crypto, scenario.seed, `drops/${drop.round}/${drop.step}`));
    for (const participant of staying.slice(0, countOf(scenario, drop.share)))
      leave(participant, drop.round, drop.step);
  }
  return leaving;
}

function places({ participants }: Scenario): number[] {
  return Array.from({ length: participants }, (_, i) => i + 1);
}
