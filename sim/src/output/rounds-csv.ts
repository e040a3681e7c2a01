import type { SimulatedRound } from '../simulate.js';

/** One column of `rounds.csv`: what it says of a round; empty where there is nothing to say. */
const columns: Readonly<Record<string, (round: SimulatedRound) => string | number | undefined>> = {
  round: ({ round }) => round,
  outcome: ({ outcome }) => outcome.type,
  model_version: ({ outcome }) => (outcome.type === 'published' ? outcome.modelVersion : undefined),
  cohort: ({ cohort }) => cohort.length,
  survivors: ({ survivors }) => survivors.length,
  dropped: ({ dropped }) => dropped.length,
  exact: ({ exact }) => (exact === undefined ? undefined : String(exact)),
  bytes: (round) => bytesOf(round),
  virtual_seconds: ({ virtualMillis }) => virtualMillis / 1000,
  loss: ({ measured }) => measured?.loss,
  accuracy: ({ measured }) => measured?.accuracy,
};

/** The first line of `rounds.csv`. */
export const roundsCsvHeader: string = Object.keys(columns).join(',');

/** A round as a line of `rounds.csv`: numbers as JavaScript writes them, so that equal results are equal bytes. */
export function roundsCsvLine(round: SimulatedRound): string {
  return Object.values(columns)
    .map((column) => column(round) ?? '')
    .join(',');
}

/** What crossed the links in a round. */
export function bytesOf({ traffic }: SimulatedRound): number {
  return Object.values(traffic).reduce((sum, { bytes }) => sum + bytes, 0);
}
