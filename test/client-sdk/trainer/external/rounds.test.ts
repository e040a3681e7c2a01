import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type ClientEvent,
  createExternalTrainer,
  FederatedClient,
  type Policy,
  type RecordsSource,
} from '@concordat/client-sdk';
import type { ProgressEvent, RoundReport } from '@concordat/coordinator';
import { encodeSafetensors, FederatedError, type PlanDraft, toBase64url } from '@concordat/core';
import { expect } from 'chai';
import { TestConsortium } from '../../../coordinator/consortium.js';
import { pythonClient, pythonWith, skipLoudly } from '../../../support/python.js';
import { automaticPolicy, stepping } from '../../../support/stepping.js';
import { repository } from '../../../support/test-titles.js';

const names = ['acme', 'bluebird', 'cobalt', 'delta'];
const all = [...names, 'echo'];
const program = fileURLToPath(new URL('../../../support/trainer-program.js', import.meta.url));
const allowing: Policy = { ...automaticPolicy, externalTrainers: 'allowed' };

/** All five are waited for; four are enough. */
const ofFive: Partial<PlanDraft> = {
  cohort: { min: 4, size: 5, max: 5 },
  reportingGoal: 5,
  deadlines: { selectMillis: 10_000, readyMillis: 20_000, stepMillis: 5_000, graceMillis: 100 },
  clippingNorm: 1_000,
};

describe('rounds with a trainer in a process of its own', function () {
  this.timeout(60_000);
  let consortium: TestConsortium;
  let home: string;
  let clients: FederatedClient[];
  let runs = 0;

  const { PYTHONPATH } = process.env;

  before(async () => {
    process.env.PYTHONPATH = pythonClient;
    consortium = await TestConsortium.open();
    home = mkdtempSync(join(tmpdir(), 'concordat-rounds-'));
    for (const name of all) {
      await consortium.enrol(name, join(home, name));
    }
  });
  beforeEach(() => {
    clients = [];
  });
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.close()));
  });
  after(async () => {
    if (PYTHONPATH === undefined) delete process.env.PYTHONPATH;
    else process.env.PYTHONPATH = PYTHONPATH;
    await consortium.close();
    rmSync(home, { recursive: true });
  });

  async function sit(name: string, records: RecordsSource, policy: Policy = automaticPolicy) {
    const events: ClientEvent[] = [];
    const directory = join(home, name);
    const client = await FederatedClient.open({
      directory,
      policy,
      onEvent: (event) => events.push(event),
      ...records,
    });
    clients.push(client);
    const ended = client.run({ once: true }).catch((error: unknown) => error);
    return { client, events, ended };
  }

  /** Two rounds from a model of their own: who is in which sum. */
  async function play(): Promise<readonly (readonly string[])[]> {
    const run = `run-${++runs}`;
    const { task } = await consortium.plan();
    const tensors = task.model.tensors.map(({ name, shape }) => {
      const values = new Float32Array(shape.reduce((size, dimension) => size * dimension, 1)).fill(runs);
      return { name, shape, values };
    });
    const weightsDigest = toBase64url(await consortium.operator.put(encodeSafetensors(tensors)));
    const { planHash } = await consortium.propose({
      ...ofFive,
      run,
      task: { ...task, model: { ...task.model, weightsDigest } },
    });
    await consortium.operator.startRun(planHash, run);
    const events: ProgressEvent[] = [];
    await consortium.operator.watch(run, 1, ({ event }) => events.push(event));
    return events.flatMap((event) => (event.type === 'round' ? [(event as RoundReport).survivors] : []));
  }

  const rulesOf = (events: readonly ClientEvent[]) =>
    events.flatMap((event) => (event.type === 'refused' ? [event.error.detail.rule] : []));

  const launching = (...launch: string[]) => ({
    dataDirectory: home,
    external: { launch, silentMillis: 3_000, stopMillis: 200 },
  });

  it('go on without the participant whose trainer dies, and with it again in the next one', async () => {
    for (const name of names) await sit(name, { trainer: stepping(0.25) });
    const records = launching(process.execPath, program, 'die', join(home, 'dies'));
    const { events } = await sit('echo', records, allowing);
    expect(await play()).to.deep.equal([names, all]);
    expect(rulesOf(events)).to.deep.equal(['trainer.died']);
    const told = events.flatMap((event) => (event.type === 'trainer' ? [event.state] : []));
    expect(told).to.deep.equal(['ready', 'ended', 'ready']);
  });

  for (const [what, rule] of [
    ['killed', 'trainer.died'],
    ['nan', 'update.finite'],
    ['shape', 'model.shape'],
    ['silent', 'trainer.silent'],
  ] as const) {
    it(`go on without the participant whose trainer in Python is ${what}, and with it again in the next one`, async function () {
      const { python, why } = pythonWith('numpy');
      if (python === undefined) return skipLoudly(this, 'rounds with trainers in Python', why);
      for (const name of names) await sit(name, { trainer: stepping(0.25) });
      const script = join(repository, 'test/support/odd-trainer.py');
      const { events } = await sit('echo', launching(python, script, what, join(home, `python-${what}`)), allowing);
      expect(await play()).to.deep.equal([names, all]);
      expect(rulesOf(events)).to.deep.equal([rule]);
    });
  }

  it('are not begun where the policy does not allow such a trainer, whoever made it', async () => {
    const refused = async (records: RecordsSource, policy = automaticPolicy) => {
      const error = await sit('echo', records, policy).catch((thrown: unknown) => thrown);
      return error instanceof FederatedError ? error.detail.rule : 'opened';
    };
    const words = [process.execPath, program, 'good'] as const;
    expect(await refused(launching(...words))).to.equal('trainer.external');
    const trainer = await createExternalTrainer({ launch: words, data: home, participant: 'echo' });
    expect(await refused({ trainer })).to.equal('trainer.external');
    expect(await refused({ trainer }, allowing)).to.equal('opened');
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await trainer.close();
  });

  it('leave another client of the same program alone: its policy and its trainer are its own', async () => {
    const strict: Policy = { ...automaticPolicy, purposes: ['another purpose'] };
    for (const name of names) {
      const words = [process.execPath, program, 'good', join(home, `good-${name}`)];
      await sit(name, name === 'acme' ? launching(...words) : { trainer: stepping(0.25) }, allowing);
    }
    const odd = launching(process.execPath, program, 'never-reached', join(home, 'odd'));
    const { events } = await sit('echo', odd, { ...strict, externalTrainers: 'allowed' });
    expect(await play()).to.deep.equal([names, names]);
    expect(rulesOf(events)).to.deep.equal(['purposes']);
    expect(events.some((event) => event.type === 'training')).to.equal(false);
  });
});
