import { FederatedClient, parsePolicy, type Trainer } from '@concordat/client-sdk';
import { nodeCrypto } from '@concordat/node';
import { residentBytes } from './memory.js';
import { consortiumName, operatorName, planPurpose, step } from './terms.js';

/** So many clients of one process do without threads of their own. */
const threadedClientsMax = 4;

/** Nothing is learned: every weight grows by the same step. */
const trainer: Trainer = {
  describe: () => ({ engine: 'benchmark 1', kernels: 'none', why: 'a benchmark' }),
  async fit({ weights }) {
    return {
      weights: weights.map(({ name, shape, values }) => {
        const trained = new Float32Array(values.length);
        for (let i = 0; i < trained.length; i++) trained[i] = values[i]! + step;
        return { name, shape, values: trained };
      }),
      examples: 1,
    };
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
    clients.push(await FederatedClient.open({ directory, trainer, policy, crypto, onEvent }));
  }
  const ends = await Promise.all(clients.map((client) => client.run({ once: true })));
  await Promise.all(clients.map((client) => client.close()));
  const completed = ends.filter((end) => end?.outcome === 'completed').length;
  process.stdout.write(`${JSON.stringify({ completed, peakBytes: residentBytes(process.pid).peak })}\n`);
}

function onEvent(event: Parameters<NonNullable<Parameters<typeof FederatedClient.open>[0]['onEvent']>>[0]): void {
  if (event.type === 'refused') process.stderr.write(`${consortiumName}: ${event.error.message}\n`);
}

await main(process.argv.slice(2));
