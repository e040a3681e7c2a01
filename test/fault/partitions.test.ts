import { performance } from 'node:perf_hooks';
import type { ClientEvent } from '@concordat/client-sdk';
import type { PlanDraft } from '@concordat/core';
import { expect } from 'chai';
import { names } from '../hostile/consortium.js';
import { ExactConsortium, type RunOutcome } from './exact-consortium.js';
import { type Direction, TcpProxy } from './tcp-proxy.js';

const stepMillis = 10_000;
const readyMillis = 20_000;
/** Of what the design allows beyond a deadline. */
const slackMillis = 5_000;
const draft: Partial<PlanDraft> = {
  rounds: 2,
  reportingGoal: 4,
  deadlines: { selectMillis: 30_000, readyMillis, stepMillis, graceMillis: 1_000 },
  onShortfall: { action: 'retry', times: 20 },
};

/** Rounds by their survivors, as letters; `-` for one that was abandoned. */
function told({ rounds }: RunOutcome): string[] {
  return rounds.map(({ outcome, survivors }) =>
    outcome === 'published' ? survivors.map(([first]) => first).join('') : '-',
  );
}

describe('lines that fail without a word', function () {
  this.timeout(120_000);
  let consortium: ExactConsortium;
  const proxies = new Map<string, TcpProxy>();

  before(async () => {
    consortium = await ExactConsortium.open();
  });

  beforeEach(async () => {
    await consortium.start();
    for (const name of names) proxies.set(name, await TcpProxy.listen(consortium.coordinator.port));
  });

  afterEach(async () => {
    for (const proxy of proxies.values()) {
      proxy.heal();
      proxy.cut();
    }
    await consortium.rest();
    for (const proxy of proxies.values()) await proxy.close();
  });

  after(() => consortium.close());

  /** A run of two rounds. @param broken its line fails at this event of its own; all are whole again when the first round is over. */
  async function play(
    broken: readonly string[],
    at: ClientEvent['type'],
    fail: (proxy: TcpProxy) => void,
  ): Promise<{ readonly outcome: RunOutcome; readonly firstMillis: number }> {
    const run = await consortium.begin(draft);
    let failedAt = 0;
    let firstMillis = 0;
    const watched = consortium.watch(run, (event) => {
      if (event.type !== 'round' || firstMillis > 0) return;
      firstMillis = performance.now() - failedAt;
      for (const name of broken) proxies.get(name)!.heal();
    });
    await consortium.takePart((name) => ({
      address: `127.0.0.1:${proxies.get(name)!.port}`,
      onEvent: (event) => {
        if (event.type !== at || !broken.includes(name) || !('round' in event) || event.round !== 1) return;
        if (failedAt === 0) failedAt = performance.now();
        fail(proxies.get(name)!);
      },
    }));
    await watched;
    return { outcome: await consortium.outcome(run), firstMillis };
  }

  for (const [direction, what] of [
    ['up', 'nothing comes from'],
    ['down', 'nothing reaches'],
  ] as const satisfies readonly (readonly [Direction, string])[]) {
    it(`one way, so that ${what} one participant, cost the round that participant and nobody else, and it is back in the next`, async () => {
      const { outcome, firstMillis } = await play([names[0]], 'training', (proxy) => proxy.partition(direction));
      expect(told(outcome)).to.deep.equal(['bcde', 'abcde']);
      expect(outcome.wrongLanes).to.equal(0);
      expect(firstMillis).to.be.below(readyMillis + slackMillis);
    });
  }

  it('both ways for two of five, of whom T = 4 must answer, end the round in time with nothing opened, and the next has everybody', async () => {
    const [one, other] = names;
    const { outcome, firstMillis } = await play([one, other], 'uploading', (proxy) => proxy.partition('up', 'down'));
    expect(told(outcome)).to.deep.equal(['-', 'abcde', 'abcde']);
    expect(outcome.wrongLanes).to.equal(0);
    expect(firstMillis).to.be.below(stepMillis + slackMillis);
  });
});
