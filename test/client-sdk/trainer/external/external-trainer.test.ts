import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  createExternalTrainer,
  denseNetwork,
  type ExternalTrainerOptions,
  type Trainer,
  type TrainerStatus,
} from '@concordat/client-sdk';
import { FederatedError } from '@concordat/core';
import { expect } from 'chai';
import { errorOf } from '../../../support/error-of.js';
import { smallNetwork, smallRequest } from '../../../support/fit-request.js';
import { hurriedClock } from '../../../support/hurried-clock.js';

const program = fileURLToPath(new URL('../../../support/trainer-program.js', import.meta.url));
const request = smallRequest;

describe('a launched trainer', () => {
  let directory: string;
  let trainers: Trainer[];
  let statuses: TrainerStatus[];
  let told: (status: TrainerStatus) => void;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-trainer-'));
    trainers = [];
    statuses = [];
    told = () => undefined;
  });
  afterEach(async () => {
    await Promise.all(trainers.map((trainer) => trainer.close()));
    rmSync(directory, { recursive: true });
  });

  /** The pauses between launches are waited for by nobody. */
  const hasty = { ...hurriedClock(), sleep: () => Promise.resolve() };

  async function launched(what: string, more: Partial<ExternalTrainerOptions> = {}): Promise<Trainer> {
    const trainer = await createExternalTrainer({
      launch: [process.execPath, program, what, join(directory, 'starts')],
      data: '/the/records',
      participant: 'acme',
      clock: hasty,
      onStatus: (status) => {
        statuses.push(status);
        told(status);
      },
      ...more,
    } as ExternalTrainerOptions);
    trainers.push(trainer);
    return trainer;
  }

  /** The next status of this state. */
  const status = (state: TrainerStatus['state']): Promise<TrainerStatus> =>
    new Promise((resolve) => {
      told = (one) => {
        if (one.state === state) resolve(one);
      };
    });

  const raised = smallNetwork.tensors.map((tensor) => ({ ...tensor, values: tensor.values.map((value) => value + 1) }));

  it('gets model and task, and gives trained weights back in the order of the task', async () => {
    const trainer = await launched('good');
    expect(await trainer.fit(request)).to.deep.equal({ weights: raised, examples: 10 });
    const reversed = await trainer.fit({ ...request, weights: [...smallNetwork.tensors].reverse() });
    expect(reversed.weights).to.deep.equal([...raised].reverse());
  });

  it('says what it is, and that it is a process of its own', async () => {
    const trainer = await launched('good');
    const { engine, kernels, why, external } = trainer.describe();
    expect([engine, kernels, external]).to.deep.equal(['spoken 1', 'a test', true]);
    expect(why).to.match(/^launched: .*trainer-program/);
  });

  it('measures', async () => {
    const trainer = await launched('good');
    const { model, weights, task } = request;
    expect(await trainer.evaluate({ model, weights, loss: task.loss })).to.deep.equal({
      metrics: { accuracy: 0.5 },
      examples: 5,
    });
  });

  it('does one task after another, however many are asked for', async () => {
    const trainer = await launched('good');
    const results = await Promise.all(Array.from({ length: 5 }, () => trainer.fit(request)));
    expect(results.map(({ examples }) => examples)).to.deep.equal(Array(5).fill(10));
  });

  it('takes a model of several megabytes, in pieces', async () => {
    const { topology, tensors } = denseNetwork({ inputs: 1_000, hidden: [1_000], classes: 4, seed: '1' });
    const trainer = await launched('good');
    const { weights } = await trainer.fit({ ...request, model: topology, weights: tensors });
    expect(weights[0]!.values[999_999]).to.equal(Math.fround(tensors[0]!.values[999_999]! + 1));
  });

  for (const [what, code, rule, says] of [
    ['die', 'unavailable', 'trainer.died', 'ended with exit code 7'],
    ['kill-itself', 'unavailable', 'trainer.died', 'was ended by SIGKILL'],
    ['hang', 'unavailable', 'trainer.died', 'ended'],
    ['nan', 'refused', 'update.finite', 'training gave NaN at dense_1/kernel[1]'],
    ['shape', 'refused', 'model.shape', 'tensor dense_1/kernel has another shape'],
    ['missing', 'refused', 'model.tensors', 'another number of tensors'],
    ['nobody', 'refused', 'trainer.examples', 'trained on no example'],
    ['refuse', 'refused', 'trainer.refused', 'gave no result'],
    ['large', 'malformed', 'trainer.weights', 'no weights of this model'],
    ['other-task', 'protocol', 'trainer.task', 'result of task 2 instead of task 1'],
    ['other-capability', 'verification', 'trainer.capability', 'has not the capability of its task'],
  ] as const) {
    it(`that does “${what}” fails the task as ${code} ${rule}, and does the next`, async () => {
      const trainer = await launched(what);
      const error = await errorOf(trainer.fit(request));
      expect([error.code, error.detail.rule]).to.deep.equal([code, rule]);
      expect(error.message).to.include(says);
      expect((await trainer.fit(request)).weights).to.deep.equal(raised);
    });
  }

  for (const what of ['silent', 'stopped']) {
    it(`that is ${what} is given up after its time, ended, and launched again`, async () => {
      const clock = { ...hurriedClock(), sleep: () => Promise.resolve() };
      const trainer = await launched(what, { clock, silentMillis: 1_500, stopMillis: 50 });
      const error = await errorOf(trainer.fit(request));
      expect([error.code, error.detail.rule]).to.deep.equal(['deadline', 'trainer.silent']);
      expect((await trainer.fit(request)).examples).to.equal(10);
    });
  }

  it('has its reasons in the detail too, fit for a terminal', async () => {
    const trainer = await launched('refuse');
    expect((await errorOf(trainer.fit(request))).detail.lines).to.deep.equal(['no  [31mGPU [0m']);
  });

  it('has its last lines in the detail of the error, and in no message, which could be journalled', async () => {
    const trainer = await launched('die');
    const error = await errorOf(trainer.fit(request));
    expect(error.detail.lines).to.deep.equal(['out of memory']);
    expect(error.message).to.not.include('memory');
  });

  it('that dies while it has nothing to do is missed at once, said, and launched again', async () => {
    const ended = status('ended');
    const trainer = await launched('idle-death');
    const { error, retryMillis } = (await ended) as Extract<TrainerStatus, { state: 'ended' }>;
    expect([error.message.includes('exit code 9'), retryMillis]).to.deep.equal([true, 1_000]);
    expect((await trainer.fit(request)).examples).to.equal(10);
    expect(statuses.map(({ state }) => state)).to.deep.equal(['ready', 'ended', 'ready']);
  });

  it('that does not come up at first is started again', async () => {
    const trainer = await launched('no-start');
    expect((await trainer.fit(request)).examples).to.equal(10);
    expect(statuses.map(({ state }) => state)).to.deep.equal(['ended', 'ready']);
  });

  it('that never comes up is refused after three starts, with what it printed, fit for a terminal', async () => {
    const error = await errorOf(launched('never'));
    expect([error.code, error.detail.rule]).to.deep.equal(['unavailable', 'trainer.died']);
    expect(error.detail.lines).to.deep.equal(['Traceback (most recent call last):', ' [31mImportError [0m: never']);
    expect(statuses.length).to.equal(3);
  });

  it('that is no program is refused by name', async () => {
    const error = await errorOf(launched('', { launch: [join(directory, 'nothing')] } as never));
    expect([error.code, error.detail.rule, error.detail.offered]).to.deep.equal([
      'unavailable',
      'trainer.start',
      'ENOENT',
    ]);
    writeFileSync(join(directory, 'text'), 'no program', { mode: 0o600 });
    const other = await errorOf(launched('', { launch: [join(directory, 'text')] } as never));
    expect([other.detail.rule, other.detail.offered]).to.deep.equal(['trainer.start', 'EACCES']);
    expect((await errorOf(launched('', { launch: [] } as never))).code).to.equal('invalid-argument');
  });

  it('that says no hello is given up after its time', async () => {
    const error = await errorOf(launched('mute', { startMillis: 200, stopMillis: 50 }));
    expect([error.code, error.detail.rule]).to.deep.equal(['deadline', 'trainer.silent']);
  });

  it('that speaks another version is refused with both versions', async () => {
    const error = await errorOf(launched('version'));
    expect(error.code).to.equal('protocol');
    expect(error.detail).to.deep.equal({ rule: 'trainer.version', required: 1, offered: 7 });
  });

  it('gets a short list of our environment, and nothing of Concordat’s but its descriptor', async () => {
    const environment = { PATH: process.env.PATH, CONCORDAT_STORE_PASSWORD: 'secret', AWS_SECRET_ACCESS_KEY: 'secret' };
    const trainer = await launched('environment', { environment });
    const ended = status('ended');
    await trainer.fit(request).catch(() => undefined);
    const { lines } = (await ended) as Extract<TrainerStatus, { state: 'ended' }>;
    // Node adds where coverage goes to every child, when it is measured.
    const names = (JSON.parse(lines.at(-1)!) as string[]).filter((name) => name !== 'NODE_V8_COVERAGE');
    expect(names).to.deep.equal(['CONCORDAT_TRAINER_DESCRIPTOR', 'PATH']);
  });

  it('may print what it likes: the end of it is kept, and nothing blocks', async () => {
    const trainer = await launched('print');
    expect((await trainer.fit(request)).examples).to.equal(10);
  });

  it('that reports thousands of steps is heard a few times a second', async () => {
    const trainer = await launched('chatter');
    let heard = 0;
    const result = await trainer.fit({ ...request, onProgress: () => heard++ });
    expect(result.examples).to.equal(10);
    expect(heard).to.be.within(1, 200);
  });

  for (const [what, states] of [
    ['obedient', ['ready']],
    ['deaf', ['ready', 'ended', 'ready']],
  ] as const) {
    it(`that is ${what} is free again after the signal fired, and does the next task`, async () => {
      const trainer = await launched(what, { stopMillis: 300 });
      const leaving = new AbortController();
      const onProgress = () => leaving.abort(new FederatedError('deadline', 'too late'));
      const error = await errorOf(trainer.fit({ ...request, signal: leaving.signal, onProgress }));
      expect(error.message).to.equal('too late');
      expect((await trainer.fit(request)).examples).to.equal(10);
      expect(statuses.map(({ state }) => state)).to.deep.equal(states);
    });
  }

  it('is not asked for what is aborted already', async () => {
    const trainer = await launched('good');
    const signal = AbortSignal.abort(new FederatedError('deadline', 'before it began'));
    expect((await errorOf(trainer.fit({ ...request, signal }))).message).to.equal('before it began');
    expect((await trainer.fit(request)).examples).to.equal(10);
  });

  it('leaves when it is closed, and takes no more tasks', async () => {
    const trainer = await launched('good');
    await trainer.close();
    expect((await errorOf(trainer.fit(request))).code).to.equal('unavailable');
  });
});
