import { FederatedClient } from '@concordat/client-sdk';

const [directory = 'participant', dataDirectory = 'data'] = process.argv.slice(2);
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());

const client = await FederatedClient.open({ directory, dataDirectory, onEvent: (event) => console.log(event.type) });
try {
  await client.run({ signal: stop.signal });
} finally {
  await client.close();
}
