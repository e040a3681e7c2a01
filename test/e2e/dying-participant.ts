import { type ClientEvent, FederatedClient } from '@concordat/client-sdk';
import { exactTrainer } from '../hostile/exact-trainer.js';
import { automaticPolicy } from '../support/stepping.js';

function noteOf(event: ClientEvent): string {
  if (event.type === 'refused') return event.error.message;
  return event.type === 'disconnected' ? event.reason : '';
}

/**
 * A participant in a process of its own: takes part until the run is over or its standard input
 * ends, unless a failpoint ends it (see
 * `CONCORDAT_FAILPOINT`). Says one JSON line for each event.
 */
async function main([directory, name]: readonly string[]): Promise<void> {
  const leave = new AbortController();
  process.stdin.resume().once('end', () => leave.abort());
  const client = await FederatedClient.open({
    directory: directory!,
    trainer: exactTrainer(name!),
    policy: automaticPolicy,
    onEvent: (event) => {
      const round = 'round' in event ? event.round : 0;
      const note = noteOf(event);
      process.stdout.write(`${JSON.stringify({ type: event.type, round, note })}\n`);
    },
  });
  await client.run({ once: true, signal: leave.signal });
  await client.close();
  process.stdin.destroy();
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stdout.write(`${JSON.stringify({ type: 'failed', round: 0, note: String(error) })}\n`, () => process.exit(1));
}
