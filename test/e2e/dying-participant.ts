import { type ClientEvent, FederatedClient, parsePolicy, type Trainer } from '@concordat/client-sdk';

const policyText = `
schema: concordat/policy/1
proposers: [operator]
purposes: [test]
cohort: {min: 4}
differentialPrivacy: optional
approval: automatic
metrics: [accuracy]
`;

/** A client whose trainer adds the same amount to every weight. */
export function openStepping(
  directory: string,
  amount: number,
  onEvent: (event: ClientEvent) => void,
): Promise<FederatedClient> {
  const trainer: Trainer = {
    describe: () => ({ engine: 'stepping 1', kernels: 'none', why: 'a test' }),
    fit: async ({ weights }) => ({
      weights: weights.map(({ name, shape, values }) => ({
        name,
        shape,
        values: values.map((value) => value + amount),
      })),
      examples: 10,
    }),
    evaluate: async () => ({ metrics: { accuracy: 0.5 }, examples: 1 }),
    close: async () => undefined,
  };
  return FederatedClient.open({ directory, trainer, policy: parsePolicy(policyText), onEvent });
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
