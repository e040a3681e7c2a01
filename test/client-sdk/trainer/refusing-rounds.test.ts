import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClientEvent, type DataSet, FederatedClient, type RecordsSource } from '@concordat/client-sdk';
import type { ProgressEvent, RoundReport } from '@concordat/coordinator';
import { encodeSafetensors, type PlanDraft } from '@concordat/core';
import { expect } from 'chai';
import { TestConsortium } from '../../coordinator/consortium.js';
import { automaticPolicy, stepping } from '../../support/stepping.js';
import { taskOn } from '../../support/test-plan.js';
import { classified, dense, type SmallModel, sequential } from './lowering/small-models.js';

const names = ['acme', 'bluebird', 'cobalt', 'delta'];
const all = [...names, 'echo'];

const model = sequential([6], [dense(6, 3, { activation: 'softmax' })]);
/** tfjs has no gradient of a convolution with holes. */
const dilated = sequential(
  [6],
  [
    { kind: 'Reshape', config: { target_shape: [6, 1, 1] } },
    {
      kind: 'Conv2D',
      config: { filters: 2, kernel_size: [2, 1], dilation_rate: [2, 1] },
      weights: { kernel: [2, 1, 1, 2], bias: [2] },
    },
    { kind: 'Flatten' },
    dense(8, 3, { activation: 'softmax' }),
  ],
);
const records = classified(24, [6], 3);
const labelled = (label: number): DataSet => ({
  ...records,
  targets: { kind: 'classes', labels: Int32Array.from({ length: 24 }, (_, i) => (i === 9 ? label : i % 3)) },
});
const damaged: DataSet = { ...records, inputs: records.inputs.map((x, i) => (i % 6 === 5 ? Number.NaN : x)) };

/** All five are waited for; four are enough. */
const ofFive: Partial<PlanDraft> = {
  cohort: { min: 4, size: 5, max: 5 },
  reportingGoal: 5,
  deadlines: { selectMillis: 10_000, readyMillis: 20_000, stepMillis: 5_000, graceMillis: 100 },
  clippingNorm: 1_000,
};

describe('rounds with records and models that cannot be trained', function () {
  this.timeout(60_000);
  let consortium: TestConsortium;
  let home: string;
  let runs = 0;

  before(async () => {
    consortium = await TestConsortium.open();
    home = mkdtempSync(join(tmpdir(), 'concordat-refusing-'));
    for (const name of all) await consortium.enrol(name, join(home, name));
  });
  after(async () => {
    await consortium.close();
    rmSync(home, { recursive: true });
  });

  /** One run of two rounds, with `records` at echo: who is in which sum, and what echo said. */
  async function play({ model, weights }: SmallModel, source: RecordsSource) {
    const run = `run-${++runs}`;
    const { operator } = consortium;
    // A model of its own for each run: nobody contributes to two sums on one.
    const own = weights.map((tensor) => ({ ...tensor, values: tensor.values.map((x) => x + runs / 100) }));
    const topology = Buffer.from(JSON.stringify(model));
    for (const blob of [topology, encodeSafetensors(own)]) await operator.put(blob);
    const { planHash } = await consortium.propose({ ...ofFive, run, task: taskOn({ topology, tensors: own }) });
    const clients: FederatedClient[] = [];
    const events: ClientEvent[] = [];
    for (const name of all) {
      const seat =
        name === 'echo'
          ? { ...source, onEvent: (event: ClientEvent) => events.push(event) }
          : { trainer: stepping(0.25) };
      const client = await FederatedClient.open({ directory: join(home, name), policy: automaticPolicy, ...seat });
      clients.push(client);
      client.run({ once: true }).catch(() => undefined);
    }
    await operator.startRun(planHash, run);
    const told: ProgressEvent[] = [];
    await operator.watch(run, 1, ({ event }) => told.push(event));
    await Promise.all(clients.map((client) => client.close()));
    return {
      survivors: told.flatMap((event) => (event.type === 'round' ? [(event as RoundReport).survivors] : [])),
      refusals: events.flatMap((event) => (event.type === 'refused' ? [event.error] : [])),
      events,
    };
  }

  for (const [what, rule, planned, dataSet] of [
    ['a label has no output', 'data.labels', model, labelled(3)],
    [
      'targets have another size',
      'data.shape',
      model,
      { ...records, targets: { kind: 'values', shape: [2], values: new Float32Array(48) } },
    ],
    ['records are not numbers', 'training.loss', model, damaged],
    ['a layer has no gradient', 'model.trainable', dilated, records],
  ] as [string, string, SmallModel, DataSet][]) {
    it(`go on without the participant where ${what}, which declines each by name: ${rule}`, async () => {
      const { survivors, refusals } = await play(planned, { dataSet, engine: 'tfjs-cpu' });
      expect(survivors).to.deep.equal([names, names]);
      expect(refusals.map(({ code, detail }) => [code, detail.rule])).to.deep.equal(Array(2).fill(['refused', rule]));
      for (const { detail, fix } of refusals) {
        expect(detail).to.include.all.keys('required', 'offered');
        expect(fix).to.match(/^[A-Z].*docs\/errors\/refused\.md/s);
      }
    });
  }

  it('have it again once its records are right, out of the same directory', async () => {
    const { survivors, refusals, events } = await play(model, { dataSet: records, engine: 'tfjs-cpu' });
    expect(survivors).to.deep.equal([all, all]);
    expect(refusals).to.deep.equal([]);
    expect(events.filter(({ type }) => type === 'contributed')).to.have.length(2);
  });
});
