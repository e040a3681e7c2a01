import { existsSync, readdirSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { badArguments } from '../envelope.js';
import { CommandFailure } from '../failure.js';

/** What a person may ask of the demo. */
export interface DemoOptions {
  /** 4 … 24 organizations. */
  readonly participants: number;
  /** Models to publish, ≥ 1. */
  readonly rounds: number;
  /** Divides the data and draws the initial weights. Keys are never drawn from it. */
  readonly seed: number;
  readonly json: boolean;
  /** Directory to leave behind, absolute; undefined for a temporary one. */
  readonly keep: string | undefined;
  /** Examples each organization keeps at most; undefined for all. */
  readonly examples: number | undefined;
  /** Of updates, before they are rounded. */
  readonly rotation: 'none' | 'hadamard';
}

/** Organizations of the demo, in the order they join. */
export const organizationIds = [
  'alpha',
  'beta',
  'gamma',
  'delta',
  'epsilon',
  'zeta',
  'eta',
  'theta',
  'iota',
  'kappa',
  'lambda',
  'mu',
  'nu',
  'xi',
  'omicron',
  'pi',
  'rho',
  'sigma',
  'tau',
  'upsilon',
  'phi',
  'chi',
  'psi',
  'omega',
] as const;

const participantsMin = 4;
const examplesMin = 60;

/**
 * Check what was typed.
 *
 * @throws CommandFailure with exit code 4 that says what is allowed and why.
 */
export function checkDemoOptions(typed: Readonly<Record<string, unknown>>): DemoOptions {
  const participants = wholeNumber(typed, 'participants', { min: 1, max: organizationIds.length });
  if (participants < participantsMin) {
    throw refusedOption(
      `--participants ${participants} is too few: the demo kills one organization, and with 3 all must answer for a sum to be opened`,
      `Use ${participantsMin} to ${organizationIds.length}; 4 can lose one.`,
    );
  }
  const examples =
    typed.examples === undefined ? undefined : wholeNumber(typed, 'examples', { min: examplesMin, max: 60_000 });
  return {
    participants,
    rounds: wholeNumber(typed, 'rounds', { min: 1, max: 1000 }),
    seed: wholeNumber(typed, 'seed', { min: 0, max: Number.MAX_SAFE_INTEGER }),
    json: typed.json === true,
    keep: typed.keep === undefined ? undefined : freeDirectory(String(typed.keep)),
    examples,
    rotation: rotationOf(typed.rotation),
  };
}

function rotationOf(typed: unknown): DemoOptions['rotation'] {
  if (typed === 'none' || typed === 'hadamard') return typed;
  throw refusedOption(
    `--rotation ${JSON.stringify(String(typed).slice(0, 40))} does not exist`,
    'Use none or hadamard.',
  );
}

function wholeNumber(
  typed: Readonly<Record<string, unknown>>,
  name: string,
  range: { readonly min: number; readonly max: number },
): number {
  const text = String(typed[name]);
  const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= range.min && value <= range.max) return value;
  throw refusedOption(
    `--${name} ${JSON.stringify(text.slice(0, 40))} is not a whole number from ${range.min} to ${range.max}`,
    `For example --${name} ${Math.max(range.min, name === 'participants' ? 5 : 10)}.`,
  );
}

/** The demo writes keys and never into a directory that holds something. */
function freeDirectory(path: string): string {
  const absolute = resolve(path);
  if (!existsSync(absolute)) return absolute;
  if (statSync(absolute).isDirectory() && readdirSync(absolute).length === 0) return absolute;
  throw refusedOption(
    `--keep ${absolute} exists and is not an empty directory`,
    'Name a directory that does not exist yet.',
  );
}

function refusedOption(message: string, fix: string): CommandFailure {
  return new CommandFailure(message, { code: 'invalid-argument', exitCode: badArguments, fix });
}
