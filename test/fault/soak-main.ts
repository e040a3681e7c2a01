import { parseArgs } from 'node:util';
import { Soak, type SoakSample } from './soak.js';
import { trendOf } from './trend.js';

const usage = `npm run soak -- [--rounds 500] [--clients 20] [--faults 0.01] [--seed 1]
  A coordinator in a process of its own, and clients whose lines are cut and which start again. Prints what is held every ten
  rounds, and one JSON line at the end: what is held last, and how it grows with each round behind the first third. It fails when the run
  does not complete, or memory or descriptors of coordinator or clients go on growing.
  --faults SHARE   chance of a fault for each client and round`;

/** Of the rounds, the first part is not counted: caches fill, and code is compiled. */
const warmShare = 0.3;
/** What the slope over the other rounds may come to, of the coordinator and of all clients together. */
const grownBytesMax = 30e6;
const grownDescriptorsMax = 4;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '500' },
      clients: { type: 'string', default: '20' },
      faults: { type: 'string', default: '0.01' },
      seed: { type: 'string', default: '1' },
      help: { type: 'boolean', default: false },
    },
  });
  const [rounds, clients, faults, seed] = [values.rounds, values.clients, values.faults, values.seed].map(Number) as [
    number,
    number,
    number,
    number,
  ];
  if (values.help || !(rounds >= 10) || !(clients >= 5) || !(faults >= 0 && faults < 0.5) || !Number.isInteger(seed)) {
    process.stdout.write(`${usage}\n`);
    return values.help ? 0 : 4;
  }
  const soak = await Soak.open({ rounds, clients, faults, seed, onRound });
  try {
    const { samples, ...result } = await soak.run();
    const trends = trendsOf(samples);
    const flat =
      Math.max(trends.bytes.grown, trends.clientBytes.grown) <= grownBytesMax &&
      Math.max(trends.descriptors.grown, trends.clientDescriptors.grown) <= grownDescriptorsMax;
    process.stdout.write(`${JSON.stringify({ ...result, ...rounded(trends), flat })}\n`);
    return flat && result.outcome === 'completed' ? 0 : 1;
  } finally {
    await soak.close();
  }
}

function onRound({ round, outcome, reason, ...held }: SoakSample): void {
  if (round % 10 !== 0 && outcome === 'published') return;
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  process.stderr.write(
    `round ${round}: ${outcome}${reason === '' ? '' : ` (${reason})`}, coordinator ${megabytes(held.residentBytes)}, ${held.descriptors} descriptors; clients ${megabytes(held.clientBytes)} live of ${megabytes(held.clientResidentBytes)}, ${held.clientDescriptors}\n`,
  );
}

/** Where everything that is held goes, behind the warm part. */
function trendsOf(samples: readonly SoakSample[]) {
  const trend = (of: (sample: SoakSample) => number) => trendOf(samples.map(of), warmShare);
  return {
    bytes: trend(({ residentBytes }) => residentBytes),
    descriptors: trend((sample) => sample.descriptors),
    clientBytes: trend((sample) => sample.clientBytes),
    clientResidentBytes: trend((sample) => sample.clientResidentBytes),
    clientDescriptors: trend((sample) => sample.clientDescriptors),
  };
}

/** In whole bytes and hundredths of descriptors, for each round. */
function rounded(trends: ReturnType<typeof trendsOf>) {
  const round = (value: number) => Math.round(100 * value) / 100;
  return Object.fromEntries(
    Object.entries(trends).map(([name, { slope, grown, last }]) => [
      name,
      { perRound: round(slope), grown: round(grown), last: round(last) },
    ]),
  );
}

process.exitCode = await main();
