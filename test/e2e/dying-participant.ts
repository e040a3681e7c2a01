import { type ClientEvent, FederatedClient } from '@concordat/client-sdk';
import { automaticPolicy, stepping } from '../support/stepping.js';

/** A client whose trainer adds the same amount to every weight. */
export function openStepping(
  directory: string,
  amount: number,
  onEvent: (event: ClientEvent) => void,
): Promise<FederatedClient> {
  return FederatedClient.open({ directory, trainer: stepping(amount), policy: automaticPolicy, onEvent });
}

/** `uploading 2`, `contributed 3`, …: an event and its round. */
export function momentOf(event: ClientEvent): string {
  return 'round' in event ? `${event.type} ${event.round}` : event.type;
}

/** A process of its own: takes part until the run is over, or kills itself at a moment. */
async function main([directory, amount, dieAt]: readonly string[]): Promise<void> {
  const client = await openStepping(directory!, Number(amount), (event) => {
    if (momentOf(event) === dieAt) process.kill(process.pid, 'SIGKILL');
    if (event.type === 'refused') process.stderr.write(`${event.error.message}\n`);
  });
  await client.run({ once: true });
  await client.close();
}

if (process.argv[1] === import.meta.filename) await main(process.argv.slice(2));
