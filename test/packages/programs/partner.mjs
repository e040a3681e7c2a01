// Runs in a project where only the client SDK's tarball and what it needs are installed. Usage: partner.mjs DIRECTORY NAME…
// Enrols every name, says `ready` with the initial model written, then takes part in one run and says how it ended.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { denseNetwork, enroll, FederatedClient, parsePolicy, writeTfjsDirectory } from '@concordat/client-sdk';

const [root, ...names] = process.argv.slice(2);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const policy = parsePolicy(`
schema: concordat/policy/1
proposers: [operator]
purposes: [test]
cohort: {min: 4}
differentialPrivacy: optional
approval: automatic
`);

/** Points in the plane, labelled by quadrant. */
function quadrants(examples, first) {
  const inputs = new Float32Array(examples * 2);
  const labels = new Uint8Array(examples);
  for (let i = 0; i < examples; i++) {
    const k = first + i;
    const [x, y] = [((k * 37) % 101) / 50 - 1.01, ((k * 61) % 97) / 48 - 1.01];
    inputs.set([x, y], 2 * i);
    labels[i] = (x > 0 ? 1 : 0) + (y > 0 ? 2 : 0);
  }
  return { examples, inputShape: [2], inputs, targets: { kind: 'classes', labels } };
}

for (const name of names) {
  await enroll({
    invitationFile: join(root, `${name}.invitation.json`),
    directory: join(root, name),
    pollMillis: 10,
    onPending: (fingerprint) => say({ event: 'pending', name, fingerprint }),
  });
}
await mkdir(join(root, 'model'));
await writeTfjsDirectory(join(root, 'model'), denseNetwork({ inputs: 2, hidden: [8], classes: 4, seed: '1' }));

const clients = [];
for (const [i, name] of names.entries()) {
  clients.push(
    await FederatedClient.open({
      directory: join(root, name),
      dataSet: quadrants(120, 120 * i),
      policy,
      onEvent: (event) => {
        if (event.type === 'contributed') say({ event: 'contributed', name, included: event.included });
        if (event.type === 'refused') say({ event: 'refused', name, message: event.error.message });
      },
    }),
  );
}
say({ event: 'ready', engines: clients.map(({ engine }) => engine.engine) });
const ends = await Promise.all(clients.map((client) => client.run({ once: true })));
for (const client of clients) await client.close();
say({ event: 'ended', outcomes: ends.map((end) => end?.outcome) });
