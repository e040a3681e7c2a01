import { parseArgs } from 'node:util';
import { PostgresServer } from '../support/postgres-server.js';
import { FailoverPair, type Loss, type Phase, phases, type Takeover } from './failover-pair.js';

const usage = `npm run failover:coordinators -- [--phases LIST] [--losses SIGKILL,SIGSTOP,SIGTERM,partition]
  Two coordinators on a PostgreSQL of their own: the leader is lost in every phase of a round, one run for each; prints one JSON line for
  each and one at the end.`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      phases: { type: 'string', default: Object.keys(phases).join(',') },
      losses: { type: 'string', default: 'SIGKILL,SIGSTOP,SIGTERM,partition' },
      help: { type: 'boolean', default: false },
    },
  });
  const wanted = values.phases.split(',') as Phase[];
  if (values.help || !wanted.every((phase) => Object.hasOwn(phases, phase))) {
    process.stdout.write(`${usage}\n`);
    return values.help ? 0 : 4;
  }
  const server = await PostgresServer.start();
  const pair = await FailoverPair.open(server);
  const found: Takeover[] = [];
  try {
    for (const loss of values.losses.split(',') as Loss[]) {
      for (const phase of wanted) {
        const takeover = await pair.lose(phase, loss);
        found.push(takeover);
        process.stdout.write(`${JSON.stringify(takeover)}\n`);
      }
    }
  } finally {
    await pair.close();
    await server.stop();
  }
  const slowest = Math.max(...found.map(({ takeoverMillis }) => takeoverMillis));
  const violations = found.flatMap((one) => one.violations);
  process.stdout.write(`${JSON.stringify({ takeovers: found.length, slowestMillis: slowest, violations })}\n`);
  return violations.length === 0 ? 0 : 1;
}

process.exitCode = await main();
