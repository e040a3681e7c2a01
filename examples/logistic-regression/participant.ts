// A participant whose trainer is its own: node participant.ts DIRECTORY RECORDS.csv (columns of numbers, the last one 0 or 1, no header).
import { readFileSync } from 'node:fs';
import { FederatedClient } from '@concordat/client-sdk';
import { logisticRegression } from './trainer.ts';

const [directory = 'participant', file = 'records.csv'] = process.argv.slice(2);
const rows = readFileSync(file, 'utf8')
  .trim()
  .split('\n')
  .map((line) => line.split(',').map(Number));
const features = rows[0]!.length - 1;
const records = {
  features,
  inputs: Float32Array.from(rows.flatMap((row) => row.slice(0, features))),
  answers: Uint8Array.from(rows, (row) => row[features]!),
};

const trainer = logisticRegression(records, Math.ceil(rows.length / 10));
const client = await FederatedClient.open({ directory, trainer, onEvent: (event) => console.log(event.type) });
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
try {
  await client.run({ signal: stop.signal });
} finally {
  await client.close();
}
