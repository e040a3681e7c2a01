import { cpus } from 'node:os';
import { FederatedError } from '@concordat/core';
import { type Line, lineOf, type Question } from './measurement.js';
import { orderOf } from './order.js';
import { suites } from './suites.js';

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const json = args.includes('--json');
  try {
    const { suite, only, question } = orderOf(args);
    if (!json) process.stdout.write(`${machine()}\n${session(question)}\n`);
    for (const { name, measure } of suites[suite]!) {
      if (only !== undefined && !only.includes(name)) continue;
      const line = lineOf(suite, name, await measure(question));
      process.stdout.write(`${json ? JSON.stringify(line) : sentence(line)}\n`);
    }
    return 0;
  } catch (error) {
    return fail(json, error);
  }
}

function fail(json: boolean, error: unknown): number {
  const { code, message, fix } =
    error instanceof FederatedError ? error : { code: 'internal', message: String(error), fix: undefined };
  if (json) process.stdout.write(`${JSON.stringify({ error: { code, message, fix } })}\n`);
  else process.stderr.write(`${message}\n${fix === undefined ? '' : `\n${fix}\n`}`);
  return code === 'invalid-argument' ? 4 : 1;
}

function machine(): string {
  return `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}`;
}

function session({ participants, parameters, bits, drop }: Question): string {
  return `n = ${participants}, d = ${parameters}, ${bits} bits, ${Math.round(100 * drop)} % drop out`;
}

function sentence({ name, value, unit, limit, ratio, detail }: Line): string {
  const rounded = (number: number) => String(Number(number.toPrecision(4)));
  const facts = Object.entries(detail).map(
    ([key, fact]) => `${key} ${typeof fact === 'number' ? rounded(fact) : fact}`,
  );
  const first = `${name}: ${rounded(value)} ${unit}, limit ${rounded(limit)} ${unit}, ratio ${ratio.toFixed(2)}`;
  return facts.length === 0 ? first : `${first}\n  ${facts.join(' · ')}`;
}
