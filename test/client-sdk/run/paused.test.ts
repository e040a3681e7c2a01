import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  FederatedClient,
  pauseParticipation,
  resumeParticipation,
  type Trainer,
  withdrawFromRun,
} from '@concordat/client-sdk';
import { openTestCoordinator, steppingTrainer, type TestCoordinator, testPolicy } from '@concordat/client-sdk/testing';
import { type Clock, systemClock } from '@concordat/node';
import { expect } from 'chai';

/** Nothing is waited for longer than a millisecond: neither between two looks at the switch nor before dialling again. */
class HastyClock implements Clock {
  readonly monotonicMillis = systemClock.monotonicMillis;
  readonly after = systemClock.after;
  #slept: (() => void)[] = [];

  sleep(millis: number, signal?: AbortSignal): Promise<void> {
    for (const wake of this.#slept.splice(0)) wake();
    return systemClock.sleep(Math.min(millis, 1), signal);
  }

  /** Resolves when its client has looked so often again. */
  async looked(times: number): Promise<void> {
    for (let look = 0; look < times; look++) await new Promise<void>((resolve) => this.#slept.push(resolve));
  }
}

describe('a participant that pauses in the middle of a run', function () {
  this.timeout(60_000);
  let root: string;
  let coordinator: TestCoordinator;
  let clock: HastyClock;
  const clients: FederatedClient[] = [];
  const at = (name: string) => join(root, name);

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'concordat-paused-'));
    coordinator = await openTestCoordinator({ plan: { rounds: 4 } });
    clock = new HastyClock();
    for (const name of ['acme', 'bluebird']) await coordinator.enrol(name, at(name));
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await coordinator.close();
    rmSync(root, { recursive: true });
  });

  /** Takes part; `onFit` is called before each training, with its number. */
  const sit = async (name: string, onFit: (times: number) => Promise<unknown> | undefined) => {
    const plain = steppingTrainer();
    let times = 0;
    const trainer: Trainer = {
      ...plain,
      fit: async (request) => {
        await onFit(++times);
        return plain.fit(request);
      },
    };
    const { transport } = coordinator;
    const client = await FederatedClient.open({
      ...{ directory: at(name), transport, policy: testPolicy, trainer, ...(name === 'acme' && { clock }) },
    });
    clients.push(client);
    const running = client.run({ once: true });
    await coordinator.until(() => coordinator.isConnected(name));
    return running;
  };
  const pause = (): Promise<unknown> => pauseParticipation(at('acme'), { reason: 'an audit', now: Date.now() });
  const heardOf = (type: string) =>
    coordinator.progress.filter((one) => one.type === type && 'participant' in one && one.participant === 'acme');
  /** Of the rounds that train. */
  const cohorts = () => coordinator.rounds.slice(0, 4).map(({ cohort }) => cohort.includes('acme'));

  /** What happens in bluebird's third training, which the third round waits for. */
  const play = async (third: () => Promise<unknown>, first = pause) => {
    const running = [
      sit('acme', (times) => (times === 1 ? first() : undefined)),
      sit('bluebird', (times) => (times === 3 ? third() : undefined)),
    ];
    await coordinator.until(() => coordinator.isConnected('acme') && coordinator.isConnected('bluebird'));
    coordinator.start();
    return Promise.all(running);
  };

  it('finishes its round, declines one, is chosen for no other, and is back when it resumes', async () => {
    await play(async () => {
      await resumeParticipation(at('acme'));
      await coordinator.until(() => heardOf('approved').length === 2);
    });
    expect(cohorts()).to.deep.equal([true, true, false, true]);
    expect(heardOf('declined').map((one) => 'rule' in one && one.rule)).to.deep.equal(['participation.paused']);
    const survived = coordinator.rounds.slice(0, 4).map(({ survivors }) => survivors.includes('acme'));
    expect(survived).to.deep.equal([true, false, false, true]);
  });

  it('does not answer the offer that a new connection brings while it has paused', async () => {
    let beforeResuming = 0;
    await play(async () => {
      coordinator.disconnect('acme');
      await coordinator.until(() => heardOf('joined').length === 2);
      // It looks at the switch again and again meanwhile: an answer would have come before.
      await clock.looked(20);
      beforeResuming = heardOf('approved').length;
      await resumeParticipation(at('acme'));
      await coordinator.until(() => heardOf('approved').length === 2);
    });
    expect(beforeResuming).to.equal(1);
    expect(heardOf('declined')).to.have.length(1);
    expect(cohorts()).to.deep.equal([true, true, false, true]);
  });

  it('says no to that offer when it has withdrawn from the run', async () => {
    const third = async () => {
      coordinator.disconnect('acme');
      await coordinator.until(() => heardOf('declined').length === 2);
    };
    await play(third, () => withdrawFromRun(at('acme'), { runId: coordinator.plan.run, reason: '', now: Date.now() }));
    const declined = heardOf('declined').map((one) => one.type === 'declined' && `${one.step} ${one.rule}`);
    expect(declined).to.deep.equal(['train participation.withdrawn', 'approve participation.withdrawn']);
    expect(cohorts()).to.deep.equal([true, true, false, false]);
  });
});
