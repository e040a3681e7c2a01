import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { seeded } from '../coordinator/machine-participant.js';
import { EnrolledConsortium } from './consortium.js';
import { type Flip, type Flipped, measure, playFlips } from './wire-flips.js';

const usage = `npm run hostile:wire -- [--every N] [--only MESSAGE] [--state FILE]
  Flips one bit of every byte of every message to a client, one round for each; prints one JSON line at the end.
  --every N       every n-th byte; default 1
  --only MESSAGE  e.g. cohort, or 'receipt share'
  --state FILE    finished flips, one JSON line each: a campaign that was stopped goes on behind them`;

/** Rounds that one client lives through. */
const batchRounds = 20;
/** A batch takes seconds; one that takes minutes hangs. */
const batchMillis = 180_000;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      every: { type: 'string', default: '1' },
      only: { type: 'string' },
      state: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const every = Number(values.every);
  if (values.help || !Number.isSafeInteger(every) || every < 1) {
    process.stdout.write(`${usage}\n`);
    return values.help ? 0 : 4;
  }
  const started = performance.now();
  const finished = readState(values.state);
  const known = new Set(finished.map(({ flip }) => nameOf(flip)));
  const consortium = await EnrolledConsortium.enrol();
  try {
    const messages = await measure(consortium);
    const flips = [...messages]
      .filter(([what]) => values.only === undefined || what === values.only)
      .flatMap(([what, { length }]) => flipsOf(what, length, every))
      .filter((flip) => !known.has(nameOf(flip)));
    for (let at = 0; at < flips.length; at += batchRounds) {
      const played = await inTime(flips.slice(at, at + batchRounds), (batch) => playFlips(consortium, batch));
      finished.push(...played);
      for (const one of played) note(one, values.state);
    }
  } finally {
    await consortium.close();
  }
  return conclude(finished, performance.now() - started);
}

/** The bit is drawn, and the same in every campaign. */
function flipsOf(what: Flip['what'], length: number, every: number): Flip[] {
  const bits = seeded(`bits of ${what}`).bytes(length);
  return Array.from(bits, (byte, at) => ({ what, at, bit: byte & 7 })).filter(({ at }) => at % every === 0);
}

async function inTime(
  flips: readonly Flip[],
  play: (flips: readonly Flip[]) => Promise<readonly Flipped[]>,
): Promise<readonly Flipped[]> {
  const watch = setTimeout(() => {
    process.stderr.write(`one of these hangs: ${flips.map(nameOf).join(', ')}\n`);
    process.exit(1);
  }, batchMillis);
  const played = await play(flips);
  clearTimeout(watch);
  return played;
}

function note(one: Flipped, state: string | undefined): void {
  if (state !== undefined) appendFileSync(state, `${JSON.stringify(one)}\n`);
  for (const fault of one.wrong) process.stderr.write(`${nameOf(one.flip)}: ${fault}\n`);
}

function readState(path: string | undefined): Flipped[] {
  if (path === undefined || !existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Flipped);
}

function nameOf({ what, at, bit }: Flip): string {
  return `${what} byte ${at} bit ${bit}`;
}

function conclude(finished: readonly Flipped[], millis: number): number {
  const refused = finished.filter(({ refusals }) => refusals.length > 0).length;
  const wrong = finished.filter((one) => one.wrong.length > 0).length;
  const ends: Record<string, number> = {};
  for (const { end } of finished) {
    const kind = end.startsWith('sum of acme') ? 'sum of all' : end.startsWith('sum of') ? 'sum of the others' : end;
    ends[kind] = (ends[kind] ?? 0) + 1;
  }
  const messages = new Set(finished.map(({ flip }) => flip.what)).size;
  const result = { messages, flips: finished.length, refused, harmless: finished.length - refused, ends, wrong };
  process.stdout.write(`${JSON.stringify({ ...result, seconds: Math.round(millis / 1000) })}\n`);
  return wrong === 0 && finished.length > 0 ? 0 : 1;
}

process.exitCode = await main();
