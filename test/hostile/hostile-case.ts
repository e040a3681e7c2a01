import { expect } from 'chai';
import { type EnrolledConsortium, names } from './consortium.js';
import { changed, parameters, unitsOf } from './exact-trainer.js';
import { type Lies, Stage } from './stage.js';
import type { World } from './world.js';

/** What one lie must come to. */
export interface Verdict {
  /** Every rule each participant refuses by, in order. Nobody else refuses anything. */
  readonly refuses: Readonly<Record<string, readonly string[]>>;
  /** How each world ends, in the order they were opened; see `endOf`. */
  readonly ends: readonly string[];
}

export interface HostileCase {
  /** Completes "a coordinator that …" or "a participant that …"; the title of its test. */
  readonly lie: string;
  readonly verdict: Verdict;
  /** Whose keys the liar uses besides its own: the rest must keep every promise. */
  readonly colluding?: readonly string[];
}

export interface CoordinatorCase extends HostileCase, Lies {
  /** The usual course unless given. */
  readonly script?: (stage: Stage) => Promise<void>;
}

/** c of the plan. */
const colluders = 1;

/** Play a lying coordinator against real clients, and hold everything that left them against the verdict. */
export async function expectVerdict(consortium: EnrolledConsortium, one: CoordinatorCase): Promise<void> {
  const stage = await Stage.open(consortium, one);
  if (one.script === undefined) await stage.play();
  else await one.script(stage);
  await stage.close();
  const refuses: Record<string, string[]> = {};
  for (const { participant, rule } of stage.refusals) refuses[participant] = [...(refuses[participant] ?? []), rule];
  expect({ refuses, ends: stage.worlds.map(endOf) }).to.deep.equal(one.verdict);
  const honest = names.filter((name) => !one.colluding?.includes(name));
  for (const name of honest) hideUpdates(stage, name);
  expect(stage.evidence.violations(honest, colluders)).to.deep.equal([]);
}

/** `sum of a, b, c` when it is exactly theirs; else what came instead of a sum. */
export function endOf(world: World): string {
  const { state, opened, survivors, failure, options } = world;
  if (failure !== undefined) return `no sum: ${failure}`;
  if (opened !== undefined) {
    const { round } = options.config;
    const model = options.config.segments.findIndex(({ kind }) => kind === 'model');
    const exact = exactSum(survivors, round).every((units, i) => opened[model]![i] === units);
    return exact ? `sum of ${survivors.join(', ')}` : `WRONG SUM of ${survivors.join(', ')}`;
  }
  if (state.phase === 'abandoned') return `abandoned in ${state.abandonment.step}`;
  return state.phase;
}

/** The lanes of the sum of these updates. */
export function exactSum(survivors: readonly string[], round: number): number[] {
  const updates = survivors.map((name) => unitsOf(name, round));
  return Array.from({ length: parameters }, (_, i) => updates.reduce((sum, units) => sum + units[i]!, 0));
}

/** 16 bytes of an update, as floats and as lanes of 24 bits, are secrets too. */
function hideUpdates({ evidence }: Stage, name: string): void {
  for (const round of [1, 2, 3]) {
    const units = unitsOf(name, round).subarray(0, changed);
    const floats = Float32Array.from(units, (one) => one / 8_192);
    const lanes = Uint8Array.from([...units].flatMap((one) => [one & 0xff, (one >> 8) & 0xff, (one >> 16) & 0xff]));
    for (const bytes of [new Uint8Array(floats.buffer), lanes]) {
      for (const at of [0, 24, 48])
        evidence.secret(`${name}: its update of round ${round}`, bytes.subarray(at, at + 16));
    }
  }
}
