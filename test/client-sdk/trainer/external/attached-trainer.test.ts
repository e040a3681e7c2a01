import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createExternalTrainer, type Trainer, type TrainerPatience, type TrainerStatus } from '@concordat/client-sdk';
import { expect } from 'chai';
import { errorOf } from '../../../support/error-of.js';
import { smallNetwork, smallRequest } from '../../../support/fit-request.js';
import { SpokenTrainer, tokenIn } from '../../../support/spoken-trainer.js';

const request = { ...smallRequest, round: 3, deadlineMillis: 9_000 };

describe('a trainer that attaches', () => {
  let home: string;
  let directory: string;
  let trainer: Trainer | undefined;
  let spoken: SpokenTrainer[];
  let statuses: TrainerStatus[];
  let told: (status: TrainerStatus) => void;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'concordat-attach-'));
    directory = join(home, 'trainer');
    spoken = [];
    statuses = [];
    told = () => undefined;
  });
  afterEach(async () => {
    await trainer?.close();
    trainer = undefined;
    for (const { socket } of spoken) socket.destroy();
    rmSync(home, { recursive: true });
  });

  async function listen(patience: TrainerPatience = {}): Promise<Trainer> {
    trainer = await createExternalTrainer({
      attach: directory,
      data: '/the/records',
      participant: 'acme',
      onStatus: (status) => {
        statuses.push(status);
        told(status);
      },
      ...patience,
    });
    return trainer;
  }

  const status = (state: TrainerStatus['state']): Promise<TrainerStatus> =>
    new Promise((resolve) => {
      told = (one) => {
        if (one.state === state) resolve(one);
      };
    });

  function attach(capability = tokenIn(directory)): SpokenTrainer {
    const one = SpokenTrainer.attach(directory);
    one.hello(capability);
    spoken.push(one);
    return one;
  }

  it('finds socket and token in a directory that is its owner’s alone', async () => {
    await listen();
    expect(
      ['', 'trainer.sock', 'trainer.token'].map((name) => statSync(join(directory, name)).mode & 0o777),
    ).to.deep.equal([0o700, 0o600, 0o600]);
  });

  it('is not given a task with a local rule: the protocol has no word for it', async () => {
    await listen();
    const error = await errorOf(trainer!.fit({ ...request, rule: { proximal: 0.1 } }));
    expect([error.code, error.detail.rule, error.detail.offered]).to.deep.equal([
      'refused',
      'task.rule',
      'a local rule',
    ]);
  });

  it('is given the task word by word, with a capability of its own', async () => {
    await listen();
    const fit = trainer!.fit(request);
    const one = attach();
    const first = (await one.task())!;
    const { capability, ...frame } = first.frame;
    expect({ ...frame, type: undefined }).to.deep.include({
      id: 1,
      work: 'fit',
      loss: 'categoricalCrossentropy',
      optimizer: 'sgd',
      learningRate: 0.5,
      batchSize: 16,
      epochs: 1,
      steps: 0,
      round: 3,
      seed: 'spring/3/acme',
      participant: 'acme',
      holdoutFraction: 0.1,
      deadlineMillis: 9_000,
      data: '/the/records',
    });
    expect(first.topology).to.deep.equal(smallNetwork.topology);
    one.raise(first);
    await fit;
    const again = trainer!.fit(request);
    const second = (await one.task())!;
    expect([...second.capability]).to.not.deep.equal([...capability]);
    one.raise(second);
    await again;
  });

  it('is waited for, and named when it does not come in time', async () => {
    await listen({ startMillis: 50 });
    const error = await errorOf(trainer!.fit(request));
    expect([error.code, error.detail.rule]).to.deep.equal(['unavailable', 'trainer.absent']);
    expect(trainer!.describe().engine).to.equal('an external trainer, not there yet');
  });

  it('may go and come again: the task under way fails, the next does not', async () => {
    await listen();
    const one = attach();
    const fit = errorOf(trainer!.fit(request));
    await one.task();
    one.socket.destroy();
    const error = await fit;
    expect([error.code, error.detail.rule]).to.deep.equal(['unavailable', 'trainer.died']);
    const next = trainer!.fit(request);
    const two = attach();
    two.raise((await two.task())!);
    expect((await next).examples).to.equal(10);
    expect(statuses.map(({ state }) => state)).to.deep.equal(['waiting', 'ready', 'ended', 'waiting', 'ready']);
  });

  it('is turned away with another token, and with that of an earlier start', async () => {
    await listen();
    const old = tokenIn(directory);
    await trainer!.close();
    expect(existsSync(join(directory, 'trainer.token'))).to.equal(false);
    await listen();
    for (const token of [old, new Uint8Array(32), new Uint8Array(0)]) {
      const turned = status('turned-away');
      attach(token);
      const { error } = (await turned) as Extract<TrainerStatus, { state: 'turned-away' }>;
      expect([error.code, error.detail.rule]).to.deep.equal(['verification', 'trainer.capability']);
    }
    const fit = trainer!.fit(request);
    const one = attach();
    one.raise((await one.task())!);
    expect((await fit).examples).to.equal(10);
  });

  it('is alone: a second one is let in when the first is gone', async () => {
    await listen();
    const ready = status('ready');
    const one = attach();
    await ready;
    const two = attach();
    expect(await two.heard()).to.equal(undefined);
    const fit = trainer!.fit(request);
    one.raise((await one.task())!);
    expect((await fit).examples).to.equal(10);
  });

  it('is not kept out by those who connect and say nothing', async () => {
    await listen();
    for (let i = 0; i < 3; i++) spoken.push(SpokenTrainer.attach(directory));
    const fit = trainer!.fit(request);
    const one = attach();
    one.raise((await one.task())!);
    expect((await fit).examples).to.equal(10);
  });

  it('is refused a directory that others can use', async () => {
    mkdirSync(directory);
    chmodSync(directory, 0o750);
    const error = await errorOf(listen());
    expect([error.code, error.detail.rule, error.detail.offered]).to.deep.equal([
      'permission',
      'trainer.directory',
      '750',
    ]);
  });

  it('is refused a directory where another process listens, and a path that no socket can have', async () => {
    const first = await listen();
    expect((await errorOf(listen())).code).to.equal('conflict');
    trainer = first;
    directory = join(home, 'x'.repeat(100));
    expect((await errorOf(listen())).code).to.equal('invalid-argument');
  });
});
