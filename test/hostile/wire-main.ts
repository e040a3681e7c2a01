import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { seeded } from '../coordinator/machine-participant.js';
import { EnrolledConsortium } from './consortium.js';
import { AnswerFlipPlayer } from './coordinator-flips.js';
import { GuestFlipPlayer } from './guest-flips.js';
import { measure, playFlips } from './wire-flips.js';

const usage = `npm run hostile:wire -- [--to clients|coordinators|membership] [--every N] [--part I/N] [--seed WORD] [--only MESSAGE] [--state FILE]
  Flips one bit of every byte of every message, in both directions, and looks at what comes of each round; prints one JSON line at the end.
  --to           one direction only; membership is a coordinator before and while an organization comes in
  --every N      every n-th byte; default 1
  --part I/N     the I-th of N parts of the bytes, e.g. 1/4
  --seed WORD    draws the bits; the same word draws the same
  --only MESSAGE e.g. cohort, or 'receipt share'
  --state FILE   finished flips, one JSON line each: a campaign that was stopped goes on behind them`;

/** A batch takes seconds; one that takes minutes hangs. */
const batchMillis = 300_000;

/** Some messages go this way. */
interface Direction {
  readonly to: string;
  /** Flips of a batch, for which one client lives. */
  readonly batch: number;
  /** Bytes of each message. */
  measure(): Promise<ReadonlyMap<string, number>>;
  play(flips: readonly Flip[]): Promise<readonly Played[]>;
  close(): Promise<void>;
}

interface Flip {
  readonly what: string;
  readonly at: number;
  readonly bit: number;
}

interface Played {
  readonly flip: Flip;
  readonly refusals: readonly string[];
  readonly end: string;
  readonly wrong: readonly string[];
}

type Finished = Played & { readonly to: string };

const directions: Readonly<Record<string, () => Promise<Direction>>> = {
  clients: async () => {
    const consortium = await EnrolledConsortium.enrol();
    return {
      to: 'clients',
      batch: 60,
      measure: async () => new Map([...(await measure(consortium))].map(([what, { length }]) => [what, length])),
      play: (flips) => playFlips(consortium, flips as Parameters<typeof playFlips>[1]),
      close: () => consortium.close(),
    };
  },
  coordinators: async () => {
    const player = await AnswerFlipPlayer.open();
    return {
      to: 'coordinators',
      batch: 40,
      measure: () => player.measure(),
      play: (flips) => player.play(flips as Parameters<typeof player.play>[0]),
      close: () => player.close(),
    };
  },
  membership: async () => {
    const player = await GuestFlipPlayer.open();
    return {
      to: 'membership',
      batch: 100,
      measure: () => player.measure(),
      play: (flips) => player.play(flips as Parameters<typeof player.play>[0]),
      close: () => player.close(),
    };
  },
};

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      to: { type: 'string' },
      every: { type: 'string', default: '1' },
      part: { type: 'string', default: '1/1' },
      seed: { type: 'string', default: 'bits' },
      only: { type: 'string' },
      state: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const every = Number(values.every);
  const [part, parts] = values.part.split('/').map(Number);
  const areNumbers = [every, part, parts].every((number) => Number.isSafeInteger(number) && number! >= 1);
  const wanted = values.to === undefined ? Object.keys(directions) : [values.to];
  if (values.help || !areNumbers || part! > parts! || wanted.some((to) => directions[to] === undefined)) {
    process.stdout.write(`${usage}\n`);
    return values.help ? 0 : 4;
  }
  const started = performance.now();
  const finished = readState(values.state);
  const isWanted = ({ what, at }: Flip) =>
    at % every === 0 && Math.floor(at / every) % parts! === part! - 1 && (values.only ?? what) === what;
  for (const to of wanted) {
    const direction = await directions[to]!();
    try {
      await campaign(direction, values.seed, isWanted, finished, values.state);
    } finally {
      await direction.close();
    }
  }
  return conclude(
    finished.filter(({ to }) => wanted.includes(to)),
    performance.now() - started,
  );
}

async function campaign(
  direction: Direction,
  seed: string,
  isWanted: (flip: Flip) => boolean,
  finished: Finished[],
  state: string | undefined,
): Promise<void> {
  const { to, batch } = direction;
  const known = new Set(finished.filter((one) => one.to === to).map(({ flip }) => nameOf(flip)));
  const messages = await inTime('the measured rounds', direction.measure());
  const flips = [...messages]
    .flatMap(([what, length]) => flipsOf(seed, what, length))
    .filter((flip) => isWanted(flip) && !known.has(nameOf(flip)));
  for (let at = 0; at < flips.length; at += batch) {
    const some = flips.slice(at, at + batch);
    for (const one of await inTime(some.map(nameOf).join(', '), direction.play(some))) {
      const noted = { to, ...one };
      finished.push(noted);
      note(noted, state);
    }
  }
}

/** The bit is drawn, and the same in every campaign with this seed. */
function flipsOf(seed: string, what: string, length: number): Flip[] {
  return Array.from(seeded(`${seed} of ${what}`).bytes(length), (byte, at) => ({ what, at, bit: byte & 7 }));
}

async function inTime<Result>(what: string, work: Promise<Result>): Promise<Result> {
  const watch = setTimeout(() => {
    process.stderr.write(`one of these hangs: ${what}\n`);
    process.exit(1);
  }, batchMillis);
  const result = await work;
  clearTimeout(watch);
  return result;
}

function note(one: Finished, state: string | undefined): void {
  if (state !== undefined) appendFileSync(state, `${JSON.stringify(one)}\n`);
  for (const fault of one.wrong) process.stderr.write(`to ${one.to}: ${nameOf(one.flip)}: ${fault}\n`);
}

function readState(path: string | undefined): Finished[] {
  if (path === undefined || !existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Finished);
}

function nameOf({ what, at, bit }: Flip): string {
  return `${what} byte ${at} bit ${bit}`;
}

function conclude(finished: readonly Finished[], millis: number): number {
  const wrong = finished.filter((one) => one.wrong.length > 0).length;
  const counts = Object.fromEntries(
    [...new Set(finished.map(({ to }) => to))].map((to) => [to, countsOf(finished.filter((one) => one.to === to))]),
  );
  process.stdout.write(`${JSON.stringify({ ...counts, wrong, seconds: Math.round(millis / 1000) })}\n`);
  return wrong === 0 && finished.length > 0 ? 0 : 1;
}

function countsOf(finished: readonly Finished[]) {
  const refused = finished.filter(({ refusals }) => refusals.length > 0).length;
  const ends: Record<string, number> = {};
  for (const { end } of finished) {
    const kind = end.startsWith('sum of acme') ? 'sum of all' : end.startsWith('sum of') ? 'sum of the others' : end;
    ends[kind] = (ends[kind] ?? 0) + 1;
  }
  const messages = new Set(finished.map(({ flip }) => flip.what)).size;
  return { messages, flips: finished.length, refused, harmless: finished.length - refused, ends };
}

process.exitCode = await main();
