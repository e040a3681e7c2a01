import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ClientEvent,
  type DataSet,
  denseNetwork,
  enroll,
  FederatedClient,
  type Policy,
  type RecordsSource,
  type Trainer,
} from '@concordat/client-sdk';
import type { ProgressEvent, RoundReport } from '@concordat/coordinator';
import {
  type CryptoPort,
  decodeSafetensors,
  encodeSafetensors,
  FederatedError,
  fromHex,
  type PlanDraft,
  portableCrypto,
  toBase64url,
  utf8Encode,
} from '@concordat/core';
import { expect } from 'chai';
import { TestConsortium } from '../coordinator/consortium.js';
import { automaticPolicy, stepping } from '../support/stepping.js';

const names = ['acme', 'bluebird', 'cobalt', 'delta'];
const fifth = 'echo';
/** All five are waited for; four are enough. */
const ofFive: Partial<PlanDraft> = {
  cohort: { min: 4, size: 5, max: 5 },
  deadlines: { selectMillis: 10_000, readyMillis: 10_000, stepMillis: 2_000, graceMillis: 100 },
  rounds: 1,
  clippingNorm: 100,
};
const policy = automaticPolicy;

/** Gives every tensor back with its shape turned round. */
function turning(): Trainer {
  return {
    ...stepping(0),
    fit: async ({ weights }) => ({
      weights: weights.map((tensor) => ({ ...tensor, shape: [...tensor.shape].reverse() })),
      examples: 10,
    }),
  };
}

/** Points in the plane, labelled by quadrant; each participant knows its own points. */
function quadrants(examples: number, first: number): DataSet {
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

interface Seat {
  readonly client: FederatedClient;
  readonly events: ClientEvent[];
  readonly directory: string;
  readonly ended: Promise<unknown>;
}

describe('clients of several participants in one process', function () {
  this.timeout(30_000);
  let consortium: TestConsortium;
  let directory: string;
  let seats: Seat[];

  before(async () => {
    consortium = await TestConsortium.open();
    directory = mkdtempSync(join(tmpdir(), 'concordat-client-'));
    for (const name of [...names, fifth]) {
      const invitation = await consortium.operator.invite(name, name, 0);
      await enroll({
        invitation,
        directory: join(directory, name),
        pollMillis: 1,
        onPending: (fingerprint) => void consortium.operator.admit(name, fingerprint),
      });
    }
  });
  beforeEach(() => {
    seats = [];
  });
  afterEach(async () => {
    await Promise.all(seats.map(({ client }) => client.close()));
  });
  after(async () => {
    await consortium.close();
    rmSync(directory, { recursive: true });
  });

  async function sit(
    name: string,
    records: RecordsSource = { trainer: stepping(0.25) },
    rules: { readonly policy?: Policy; readonly crypto?: CryptoPort } = { policy },
  ): Promise<Seat> {
    const events: ClientEvent[] = [];
    const place = join(directory, name);
    const client = await FederatedClient.open({
      directory: place,
      onEvent: (event) => events.push(event),
      ...records,
      ...rules,
    });
    const ended = client.run({ once: true }).catch((error: unknown) => error);
    const seat = { client, events, directory: place, ended };
    seats.push(seat);
    return seat;
  }

  async function watch(run: string): Promise<ProgressEvent[]> {
    const events: ProgressEvent[] = [];
    await consortium.operator.watch(run, 1, ({ event }) => events.push(event));
    return events;
  }

  // A participant that signed survivors for a base model never contributes to it again: each run begins at another one.
  async function taskFrom(value: number): Promise<PlanDraft['task']> {
    const { task } = await consortium.plan();
    const tensors = task.model.tensors.map(({ name, shape }) => {
      const values = new Float32Array(shape.reduce((size, dimension) => size * dimension, 1)).fill(value);
      return { name, shape, values };
    });
    const weightsDigest = toBase64url(await consortium.operator.put(encodeSafetensors(tensors)));
    return { ...task, model: { ...task.model, weightsDigest } };
  }

  async function modelOf(events: readonly ProgressEvent[]) {
    const end = events.at(-1)!;
    if (end.type !== 'finished') throw new Error(`the run ended with ${end.type}`);
    return decodeSafetensors(await consortium.operator.get(fromHex(end.modelHash)));
  }

  const rounds = (events: readonly ProgressEvent[]): RoundReport[] =>
    events.flatMap((event) => (event.type === 'round' ? [event] : []));

  it('publish the model plus the mean of their deltas, and know it, two of them with the portable twin', async () => {
    const metrics: PlanDraft['metrics'] = [{ name: 'accuracy', kind: 'rate', max: 1 }];
    const { planHash } = await consortium.propose({ run: 'first', metrics, clippingNorm: 100 });
    for (const [i, name] of names.entries()) {
      const rules = i % 2 === 0 ? { policy } : { policy, crypto: portableCrypto };
      await sit(name, { trainer: stepping(i < 2 ? 0.5 : 0) }, rules);
    }
    await consortium.operator.startRun(planHash, 'first');
    const progress = await watch('first');
    const published = rounds(progress);
    expect(published.map(({ outcome, survivors }) => [outcome, survivors])).to.deep.equal([
      ['published', names],
      ['published', names],
    ]);
    const [evaluation] = progress.flatMap((event) => (event.type === 'evaluation' ? [event] : []));
    expect(evaluation).to.deep.include({ round: 3, outcome: 'evaluated', modelVersion: 2, survivors: names });
    expect(evaluation!.metrics).to.deep.equal([{ name: 'accuracy', mean: 0.5, participants: 4 }]);
    const [bias] = await modelOf(progress);
    // −0.25 and twice the mean of 0.5, 0.5, 0, 0; a unit of the ring is 100 / 2^15.
    expect(bias!.values[0]).to.be.closeTo(0.25, 0.01);
    const ends = await Promise.all(seats.map(({ ended }) => ended));
    expect(ends.map((end) => (end as { outcome: string }).outcome)).to.deep.equal(Array(4).fill('completed'));
    for (const { events } of seats) {
      const included = events.flatMap((event) => (event.type === 'contributed' ? [event.included] : []));
      // The third was the round that measured the last model.
      expect(included).to.deep.equal([true, true, true]);
    }
  });

  it('leave no secret behind, and an egress log of what left', () => {
    for (const name of names) {
      const place = join(directory, name);
      expect([...readdirSync(join(place, 'sessions')), ...readdirSync(join(place, 'spool'))]).to.deep.equal([]);
      const lines = readFileSync(join(place, 'egress.jsonl'), 'utf8').trim().split('\n');
      const kinds = lines.map((line) => JSON.parse(line) as { kind: string; masked: boolean; round: number });
      const first = kinds.filter(({ round }) => round === 1).map(({ kind }) => kind);
      expect(first).to.deep.equal(['ready', 'advertise', 'share', 'confirm', 'masked-update', 'certify', 'reveal']);
      expect(kinds.filter(({ masked }) => masked).every(({ kind }) => kind === 'masked-update')).to.equal(true);
    }
  });

  it('train a tfjs model in their workers until it knows the quadrants', async () => {
    const network = denseNetwork({ inputs: 2, hidden: [16], classes: 4, seed: '1' });
    const { operator } = consortium;
    const topologyDigest = toBase64url(await operator.put(utf8Encode(JSON.stringify(network.topology))));
    const weightsDigest = toBase64url(await operator.put(encodeSafetensors(network.tensors)));
    const tensors = network.tensors.map(({ name, shape }) => ({ name, shape }));
    const task: PlanDraft['task'] = {
      model: { topologyDigest, weightsDigest, tensors },
      loss: 'categoricalCrossentropy',
      optimizer: { name: 'sgd', learningRate: 0.5 },
      batchSize: 16,
      epochs: 4,
      dataSchemaDigest: toBase64url(new Uint8Array(32)),
    };
    const { planHash } = await consortium.propose({ run: 'quadrants', task, clippingNorm: 20, rounds: 3 });
    for (const [i, name] of names.entries()) {
      await sit(name, { dataSet: quadrants(300, 300 * i) });
    }
    await operator.startRun(planHash, 'quadrants');
    const progress = await watch('quadrants');
    expect(rounds(progress).map(({ outcome }) => outcome)).to.deep.equal(['published', 'published', 'published']);
    const trained = seats[0]!.events.flatMap((event) => (event.type === 'trained' ? [event.examples] : []));
    expect(trained).to.deep.equal([270, 270, 270]);
  });

  it('refuse every plan without a policy file, and say so', async () => {
    // Long enough for all to have connected and refused on a busy machine.
    const deadlines = { selectMillis: 50, readyMillis: 2_000, stepMillis: 100, graceMillis: 50 };
    const { planHash } = await consortium.propose({ run: 'unwanted', deadlines, onShortfall: { action: 'abort' } });
    for (const name of names) await sit(name, undefined, {});
    await consortium.operator.startRun(planHash, 'unwanted');
    const end = (await watch('unwanted')).at(-1)!;
    expect(end.type === 'finished' && end.outcome).to.equal('aborted');
    for (const { events } of seats) {
      const refused = events.find((event) => event.type === 'refused');
      expect(refused?.type === 'refused' && refused.error.detail.rule).to.equal('policy');
    }
  });

  it('contribute to no second sum on a model they signed survivors for', async () => {
    const { planHash } = await consortium.propose({ run: 'again', onShortfall: { action: 'abort' } });
    for (const name of names) await sit(name);
    await consortium.operator.startRun(planHash, 'again');
    const end = (await watch('again')).at(-1)!;
    expect(end.type === 'finished' && end.outcome).to.equal('aborted');
    const rules = seats.map(({ events }) =>
      events.flatMap((event) => (event.type === 'refused' ? [event.error.detail.rule] : [])),
    );
    expect(rules).to.deep.equal(Array(4).fill(['base.signed']));
  });

  it('keep NaN at home: the one whose training diverged declines, the others publish', async () => {
    const { planHash } = await consortium.propose({ run: 'diverged', ...ofFive, task: await taskFrom(1) });
    for (const name of names) await sit(name);
    const { events } = await sit(fifth, { trainer: stepping(Number.NaN) });
    await consortium.operator.startRun(planHash, 'diverged');
    const [round] = rounds(await watch('diverged'));
    expect(round!.survivors).to.deep.equal(names);
    const refused = events.find((event) => event.type === 'refused');
    expect(refused?.type === 'refused' && refused.error.detail.rule).to.equal('update.finite');
  });

  it('refuse a model of another shape than the plan they approved', async () => {
    const { planHash } = await consortium.propose({ run: 'reshaped', ...ofFive, task: await taskFrom(2) });
    for (const name of names) await sit(name);
    const { events } = await sit(fifth, { trainer: turning() });
    await consortium.operator.startRun(planHash, 'reshaped');
    expect(rounds(await watch('reshaped'))[0]!.survivors).to.deep.equal(names);
    const refused = events.find((event) => event.type === 'refused');
    expect(refused?.type === 'refused' && refused.error.detail.rule).to.equal('model.shape');
  });

  it('lock their directory against a second client', async () => {
    await sit('acme');
    const second = FederatedClient.open({ directory: join(directory, 'acme'), policy, trainer: stepping(0) });
    const error = await second.catch((failure: unknown) => failure);
    expect(error).to.be.instanceOf(FederatedError);
    expect((error as FederatedError).code).to.equal('conflict');
  });

  it('have let go of everything when any call to close returns, not the first one alone', async () => {
    const { client, directory: place } = await sit('acme');
    const first = client.close();
    await client.close();
    expect(existsSync(join(place, 'lock'))).to.equal(false);
    await first;
  });

  it('let go of everything when they close', async () => {
    const seat = await sit('acme');
    await seat.client.close();
    expect(await seat.ended).to.equal(undefined);
    expect(existsSync(join(seat.directory, 'lock'))).to.equal(false);
    expect(() => seat.client.run()).to.throw(FederatedError, 'closed');
  });
});
