import { parseArgs } from 'node:util';
import { FrontLoad } from './load/front-load.js';

const usage = `npm run hostile:load -- [--share 1] [--rounds 40] [--quiet-rounds 10]
  A coordinator in a process of its own, twelve honest participants behind one address, and a process that attacks: bombs, floods, slow and
  silent peers, storms, on this machine only. Prints each attack's answer, and one JSON line at the end. It fails when a round is lost or
  wrong, when the process ends, when the event loop stops for more than 200 ms, or memory grows by more than 150 MB.
  --share S        of the usual size of each attack, 0 to 1
  --rounds N       the fewest rounds beside the attacks`;

const lagMillisMax = 200;
const grownBytesMax = 150e6;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      share: { type: 'string', default: '1' },
      rounds: { type: 'string', default: '40' },
      'quiet-rounds': { type: 'string', default: '10' },
      help: { type: 'boolean', default: false },
    },
  });
  const [share, rounds, quietRounds] = [Number(values.share), Number(values.rounds), Number(values['quiet-rounds'])];
  if (values.help || !(share > 0 && share <= 1) || !(rounds >= 1) || !(quietRounds >= 1)) {
    process.stdout.write(`${usage}\n`);
    return values.help ? 0 : 4;
  }
  const onLine = (line: string) => void process.stderr.write(`${line}\n`);
  const load = await FrontLoad.open({ share, rounds, quietRounds, onLine });
  try {
    const { answers, ...result } = await load.run();
    const { quiet, attacked, abandoned, lost, exact, alive } = result;
    const grownBytes = attacked.residentBytes - quiet.residentBytes;
    process.stdout.write(`${JSON.stringify({ attacks: answers.length, ...result, grownBytes })}\n`);
    // What the machine itself keeps a process waiting is none of the coordinator's.
    const holds = attacked.lagMillis <= lagMillisMax + attacked.machineLagMillis && grownBytes <= grownBytesMax;
    return holds && exact && alive && abandoned === 0 && lost === 0 ? 0 : 1;
  } finally {
    await load.close();
  }
}

process.exitCode = await main();
