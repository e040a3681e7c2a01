import { parseArgs } from 'node:util';
import { FederatedError } from '@concordat/core';
import { type KernelChoice, kernelChoices } from '@concordat/node';
import type { Question } from './measurement.js';
import { suites } from './suites.js';

/** Which measurements to make, and of what. */
export interface Order {
  readonly suite: string;
  /** Names of measurements; all of the suite unless said. */
  readonly only: readonly string[] | undefined;
  readonly question: Question;
}

/**
 * What the command line asks for.
 *
 * @throws `invalid-argument` with every suite and measurement there is.
 */
export function orderOf(args: readonly string[]): Order {
  const { positionals, values } = readArguments(args);
  const [suite = ''] = positionals;
  const entries = Object.hasOwn(suites, suite) ? suites[suite] : undefined;
  if (positionals.length !== 1 || entries === undefined) {
    throw unusable(`name one suite: ${Object.keys(suites).join(', ')}`);
  }
  const only = values.only?.split(',');
  const unknown = only?.find((wanted) => entries.every(({ name }) => name !== wanted));
  if (unknown !== undefined) throw unusable(`${suite} does not measure ${JSON.stringify(unknown)}`);
  return { suite, only, question: questionOf(values) };
}

function readArguments(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        only: { type: 'string' },
        n: { type: 'string', default: '100' },
        d: { type: 'string', default: '1000000' },
        bits: { type: 'string', default: '24' },
        drop: { type: 'string', default: '0.1' },
        kernels: { type: 'string', default: 'auto' },
        repeats: { type: 'string', default: '5' },
      },
    });
  } catch (error) {
    throw unusable(error instanceof Error ? error.message : String(error));
  }
}

function questionOf(values: Readonly<Record<'n' | 'd' | 'bits' | 'drop' | 'kernels' | 'repeats', string>>): Question {
  const bits = count(values.bits, '--bits');
  if (bits !== 16 && bits !== 24 && bits !== 32) throw unusable('--bits is 16, 24 or 32');
  if (!/^0(\.[0-9]{1,6})?$/.test(values.drop)) throw unusable('--drop is a share from 0 to below 1, as in 0.1');
  if (!isKernelChoice(values.kernels)) throw unusable(`--kernels is ${kernelChoices.join(', ')}`);
  return {
    participants: count(values.n, '--n'),
    parameters: count(values.d, '--d'),
    bits,
    drop: Number(values.drop),
    kernels: values.kernels,
    repeats: count(values.repeats, '--repeats'),
  };
}

function isKernelChoice(text: string): text is KernelChoice {
  return (kernelChoices as readonly string[]).includes(text);
}

function count(text: string, option: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) {
    throw unusable(`${option} is a whole number from 1, not ${JSON.stringify(text)}`);
  }
  return Number(text);
}

function unusable(message: string): FederatedError {
  return new FederatedError('invalid-argument', message, { fix: usage() });
}

function usage(): string {
  const tables = Object.entries(suites).map(([suite, entries]) => {
    const width = Math.max(...entries.map(({ name }) => name.length));
    return [`${suite}:`, ...entries.map(({ name, about }) => `  ${name.padEnd(width)}  ${about}`)].join('\n');
  });
  return [
    'npm run bench -- SUITE [--n 100] [--d 1000000] [--bits 24] [--drop 0.1] [--kernels auto] [--repeats 5] [--only NAME,NAME] [--json]',
    ...tables,
  ].join('\n\n');
}
