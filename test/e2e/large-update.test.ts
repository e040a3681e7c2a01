import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FederatedClient } from '@concordat/client-sdk';
import { decodeSafetensors, encodeSafetensors, fromHex, toBase64url } from '@concordat/core';
import { expect } from 'chai';
import { TestConsortium } from '../coordinator/consortium.js';
import { automaticPolicy, stepping } from '../support/stepping.js';

const names = ['acme', 'bluebird', 'cobalt', 'delta'];
/** So many lanes are encoded and masked in a thread. */
const values = new Float32Array(400_000).fill(0.5);

describe('an update that is encoded and masked in a thread', function () {
  this.timeout(120_000);
  let consortium: TestConsortium;
  let directory: string;

  before(async () => {
    consortium = await TestConsortium.open();
    directory = mkdtempSync(join(tmpdir(), 'concordat-large-'));
    for (const name of names) {
      await consortium.enrol(name, join(directory, name));
    }
  });

  after(async () => {
    await consortium.close();
    rmSync(directory, { recursive: true });
  });

  it('is in the sum, whatever kernels its participant runs', async () => {
    const { task } = await consortium.plan();
    const weightsDigest = toBase64url(
      await consortium.operator.put(encodeSafetensors([{ name: 'w', shape: [400_000], values }])),
    );
    const model = { ...task.model, weightsDigest, tensors: [{ name: 'w', shape: [400_000] }] };
    const deadlines = { selectMillis: 10_000, readyMillis: 60_000, stepMillis: 60_000, graceMillis: 60_000 };
    const draft = { run: 'large', rounds: 1, task: { ...task, model }, clippingNorm: 1000, metrics: [], deadlines };
    const { planHash } = await consortium.propose(draft);
    await consortium.operator.startRun(planHash, 'large');
    const clients = await Promise.all(
      names.map((name, i) =>
        FederatedClient.open({
          directory: join(directory, name),
          trainer: stepping(1),
          policy: automaticPolicy,
          kernels: i === 0 ? 'plain' : 'auto',
          threads: i === 1 ? 2 : 1,
        }),
      ),
    );
    const ends = await Promise.all(clients.map((client) => client.run({ once: true })));
    await Promise.all(clients.map((client) => client.close()));
    expect(ends.map((end) => end?.outcome)).to.deep.equal(Array(4).fill('completed'));
    const [run] = (await consortium.operator.status()).runs;
    const [published] = decodeSafetensors(await consortium.operator.get(fromHex(run!.modelHash)));
    // 0.5 and the mean of ones; a unit of the ring is 1000 / 2^15.
    expect(published!.values[399_999]).to.be.closeTo(1.5, 0.05);
  });
});
