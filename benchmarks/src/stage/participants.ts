import { setImmediate as nextTurn } from 'node:timers/promises';
import { FederatedClient, parsePolicy, type Trainer } from '@concordat/client-sdk';
import { markSeldom, minorCollection, nodeCrypto } from '@concordat/node';
import { forgetPeak, residentBytes } from './memory.js';
import { SectionWatch } from './sections.js';
import { consortiumName, operatorName, planPurpose, step } from './terms.js';

/** So many clients of one process do without threads of their own. */
const threadedClientsMax = 4;

/** Weights between two turns of the event loop: a trainer of one's own is in a worker, or does not hold it up. */
const weightsPerTurn = 65_536;

/** Nothing is learned: every weight grows by the same step. */
// As `participant serve` does.
markSeldom(5);

const trainer: Trainer = {
  describe: () => ({ engine: 'benchmark 1', kernels: 'none', why: 'a benchmark' }),
  async fit({ weights }) {
    const trained = [];
    for (const { name, shape, values } of weights) {
      const grown = new Float32Array(values.length);
      for (let at = 0; at < grown.length; at += weightsPerTurn) {
        const end = Math.min(grown.length, at + weightsPerTurn);
        for (let i = at; i < end; i++) grown[i] = values[i]! + step;
        await nextTurn();
      }
      trained.push({ name, shape, values: grown });
    }
    return { weights: trained, examples: 1 };
  },
  evaluate: async () => ({ metrics: {}, examples: 0 }),
  close: async () => undefined,
};

const policy = parsePolicy(`
schema: concordat/policy/1
proposers: [${operatorName}]
purposes: [${planPurpose}]
cohort: {min: 3}
differentialPrivacy: optional
approval: automatic
metrics: []
`);

/** A process of a benchmark: real clients over mutual TLS, one for each directory; says on stdout what it needed. */
async function main(directories: readonly string[]): Promise<void> {
  // Another object than the usual primitives: then the clients start no threads.
  const crypto = directories.length > threadedClientsMax ? { ...nodeCrypto } : nodeCrypto;
  const clients: FederatedClient[] = [];
  for (const directory of directories) {
    clients.push(
      await FederatedClient.open({ directory, trainer, policy, crypto, onEvent, collectGarbage: minorCollection() }),
    );
  }
  const { now: idleBytes } = residentBytes(process.pid);
  forgetPeak(process.pid);
  sections = directories.length === 1 && process.env.BENCHMARK_SECTIONS === '1' ? new SectionWatch() : undefined;
  const ends = await Promise.all(clients.map((client) => client.run({ once: true })));
  await Promise.all(clients.map((client) => client.close()));
  const completed = ends.filter((end) => end?.outcome === 'completed').length;
  const { peak: peakBytes } = residentBytes(process.pid);
  const longestMillis = sections?.longestMillis ?? 0;
  sections?.stop();
  process.stdout.write(`${JSON.stringify({ completed, idleBytes, peakBytes, longestMillis })}\n`);
}

/** From the first assignment on: what starting takes, once in a process, is no part of a round. */
let sections: SectionWatch | undefined;

function onEvent(event: Parameters<NonNullable<Parameters<typeof FederatedClient.open>[0]['onEvent']>>[0]): void {
  if (event.type === 'training') sections?.forget();
  if (event.type === 'refused') process.stderr.write(`${consortiumName}: ${event.error.message}\n`);
}

await main(process.argv.slice(2));
