import { parseArgs } from 'node:util';
import { type FaultTime, FaultTimes } from './fault-times.js';

const usage = `npm run faults:times -- [--json]
  A coordinator in a process of its own and five participants: a half-open line, a coordinator that is stopped, killed and told to end in a
  round. Prints how long each took beside what is promised. It fails when a promise is not kept, or a round failed.
  --json   one JSON line for each, and one at the end`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { json: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
  });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const say = (time: FaultTime) => {
    const { what, millis, limitMillis } = time;
    const line = `${(millis / 1000).toFixed(1).padStart(6)} s of ${limitMillis / 1000} s   ${what}`;
    process.stdout.write(`${values.json ? JSON.stringify(time) : line}\n`);
  };
  const times = await FaultTimes.open();
  try {
    await times.run(say);
  } finally {
    await times.close();
  }
  const late = times.found.filter(({ millis, limitMillis }) => millis > limitMillis).map(({ what }) => what);
  const { violations } = times;
  if (values.json) process.stdout.write(`${JSON.stringify({ times: times.found.length, late, violations })}\n`);
  else
    process.stdout.write(
      `${[...late.map((what) => `LATE: ${what}`), ...violations].join('\n') || 'every promise kept'}\n`,
    );
  return late.length + violations.length === 0 ? 0 : 1;
}

process.exitCode = await main();
