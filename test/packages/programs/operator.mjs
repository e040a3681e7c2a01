// Runs in a project where only the coordinator's tarball and what it needs are installed. Usage: operator.mjs DIRECTORY
// Orders come as JSON lines on stdin, what happened leaves as JSON lines on stdout.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  Coordinator,
  configurationOf,
  initConsortium,
  OperatorClient,
  preparePlan,
  readModelDirectory,
  readOperatorKeys,
  readSettings,
} from '@concordat/coordinator';
import { encodePlan, signPlan } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';

const [root] = process.argv.slice(2);
const directory = join(root, 'consortium');
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

await initConsortium({
  directory,
  consortium: 'packed',
  address: '127.0.0.1:0',
  listenHost: '127.0.0.1',
  names: ['127.0.0.1'],
});
const coordinator = await Coordinator.start({
  directory,
  configuration: configurationOf(await readSettings({ flags: { directory } })),
});
const keys = await readOperatorKeys(directory);
const operator = new OperatorClient({ ...keys, address: coordinator.address });

const orders = {
  async invite({ names }) {
    for (const name of names) {
      const invitation = await operator.invite(name, name, 0);
      await writeFile(join(root, `${name}.invitation.json`), invitation, { mode: 0o600 });
    }
    say({ event: 'invited' });
  },
  async admit({ name, fingerprint }) {
    await operator.admit(name, fingerprint);
  },
  async run({ draft, model }) {
    const { plan, topology, weights } = preparePlan(JSON.stringify(draft), await readModelDirectory(model), 'packed');
    await operator.put(topology);
    await operator.put(weights);
    const planHash = await operator.propose(signPlan(nodeCrypto, keys.operatorKey, encodePlan(plan)));
    await operator.startRun(planHash, plan.run);
    await operator.watch(plan.run, 1, ({ event }) => {
      if (event.type === 'round') say({ event: 'round', outcome: event.outcome, survivors: event.survivors });
      if (event.type === 'finished') say({ event: 'finished', outcome: event.outcome });
    });
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { order, ...rest } = JSON.parse(line);
  await orders[order](rest);
}
operator.close();
await coordinator.stop();
