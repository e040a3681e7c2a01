import type { Plan } from '@concordat/core';
import { examplePlan } from './example-plan.js';
import { RoundTable } from './round-table.js';

/** Σ w·x/Σ w over chairs 1 … n: weights and deltas are proportional to the chair number. */
export const meanOf = (chairs: readonly number[]) =>
  chairs.reduce((sum, chair) => sum + chair * chair, 0) / 4 / chairs.reduce((sum, chair) => sum + chair, 0);

/** What a participant was asked to do, in order. */
export const trainedBy = (table: RoundTable, name: string) =>
  table.chairs.get(name)!.effects.flatMap((effect) => (effect.type === 'train' ? [effect.kind] : []));

/** What its machine journalled in sessions, in order. */
export const statements = (table: RoundTable, name: string) =>
  table.chairs.get(name)!.journal.flatMap((one) => (one.type === 'session' ? [one.record.type] : []));

/** Rounds whose abort was certified. */
export const settled = (table: RoundTable) =>
  table.progress.flatMap((progress) => (progress.type === 'settled' ? [progress.round] : []));

/** All five are asked for survivors; these are killed before they answer. */
export const losingAtCertify = (...names: readonly string[]) => losingBy(examplePlan({ rounds: 1 }), ...names);

export const losingBy = (plan: Plan, ...names: readonly string[]) => {
  const table = new RoundTable({ plan });
  for (const name of names) table.withheld.add(`${name}/certify`);
  table.start();
  for (const name of names) table.kill(name);
  table.withheld.clear();
  return table;
};
