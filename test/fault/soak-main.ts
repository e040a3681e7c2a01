import { parseArgs } from 'node:util';
import { Soak, type SoakSample } from './soak.js';

const usage = `npm run soak -- [--rounds 500] [--clients 20] [--faults 0.01] [--seed 1]
  A coordinator in a process of its own, and clients whose lines are cut and which start again. Prints what is held every ten
  rounds, and one JSON line at the end. It fails when the run does not complete, or memory or descriptors go on growing.
  --faults SHARE   chance of a fault for each client and round`;

/** Of the rounds, the first part is not counted: caches fill, and code is compiled. */
const warmShare = 0.3;
/** A median over a quarter of the rounds may be so much above that of the quarter after the warm part. */
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
    const grown = growthOf(samples);
    const { descriptors, clientDescriptors, bytes } = grown;
    const flat = bytes <= grownBytesMax && Math.max(descriptors, clientDescriptors) <= grownDescriptorsMax;
    process.stdout.write(`${JSON.stringify({ ...result, ...grown, flat })}\n`);
    return flat && result.outcome === 'completed' ? 0 : 1;
  } finally {
    await soak.close();
  }
}

function onRound({ round, outcome, reason, ...held }: SoakSample): void {
  if (round % 10 !== 0 && outcome === 'published') return;
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  process.stderr.write(
    `round ${round}: ${outcome}${reason === '' ? '' : ` (${reason})`}, coordinator ${megabytes(held.residentBytes)}, ${held.descriptors} descriptors; clients ${megabytes(held.clientBytes)}, ${held.clientDescriptors}\n`,
  );
}

/** How much more the median of the last quarter is than that of the quarter behind the warm part. */
function growthOf(samples: readonly SoakSample[]) {
  const quarter = Math.ceil(((1 - warmShare) * samples.length) / 4);
  const start = Math.floor(warmShare * samples.length);
  const [early, late] = [samples.slice(start, start + quarter), samples.slice(-quarter)];
  const grown = (of: (sample: SoakSample) => number) => median(late.map(of)) - median(early.map(of));
  return {
    bytes: grown(({ residentBytes }) => residentBytes),
    lastBytes: median(late.map(({ residentBytes }) => residentBytes)),
    descriptors: grown((sample) => sample.descriptors),
    clientBytes: grown((sample) => sample.clientBytes),
    clientDescriptors: grown((sample) => sample.clientDescriptors),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

process.exitCode = await main();
