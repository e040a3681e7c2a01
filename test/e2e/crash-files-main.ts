import { parseArgs } from 'node:util';
import { crashFiles } from './crash-files.js';

const usage = `npm run crash:files -- [--runs N] [--seed TEXT]
  Cuts the power N times (default 10000) under the participants' journal, replaced files and the coordinator's blobs, on files in memory
  that forget what was not synced. Prints one JSON line at the end.`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '10000' },
      seed: { type: 'string', default: 'files' },
      help: { type: 'boolean', default: false },
    },
  });
  const wanted = Number(values.runs);
  if (values.help || !Number.isSafeInteger(wanted) || wanted < 1) {
    process.stdout.write(`${usage}\n`);
    return values.help ? 0 : 4;
  }
  const started = performance.now();
  let [crashes, acknowledged, violations] = [0, 0, 0];
  for (let seed = 1; crashes < wanted; seed++) {
    const one = await crashFiles(`${values.seed} ${seed}`);
    crashes += one.crashes;
    acknowledged += one.acknowledged;
    violations += one.violations.length;
    for (const violation of one.violations) process.stderr.write(`${violation}\n`);
  }
  const seconds = Math.round((performance.now() - started) / 1000);
  process.stdout.write(`${JSON.stringify({ crashes, acknowledged, violations, seconds })}\n`);
  return violations === 0 ? 0 : 1;
}

process.exitCode = await main();
