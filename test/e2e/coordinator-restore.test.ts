import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type ClientEvent, FederatedClient } from '@concordat/client-sdk';
import { backUp, restore } from '@concordat/coordinator';
import { expect } from 'chai';
import { refusalOf } from '../coordinator/consortium.js';
import { EnrolledConsortium, modelOf, names } from '../hostile/consortium.js';
import { exactTrainer } from '../hostile/exact-trainer.js';
import { automaticPolicy } from '../support/stepping.js';

describe('a coordinator that is restored from a copy of yesterday', function () {
  this.timeout(120_000);
  let consortium: EnrolledConsortium;
  const events: ClientEvent[] = [];
  let heard: (event: ClientEvent) => void = () => undefined;

  before(async () => {
    consortium = await EnrolledConsortium.enrol();
    await consortium.real.operator.put(consortium.topology);
    for (const version of [1, 2]) await consortium.real.operator.put(modelOf(version));
  });

  after(() => consortium.close());

  async function everybody(): Promise<FederatedClient[]> {
    const { address } = consortium.real.coordinator;
    return Promise.all(
      names.map((name, at) => {
        const onEvent = (event: ClientEvent) => {
          events.push(event);
          heard(event);
        };
        const directory = directories[at] ?? consortium.directoryOf(name, address);
        directories[at] = directory;
        consortium.redirect(directory, address);
        return FederatedClient.open({ directory, trainer: exactTrainer(name), policy: automaticPolicy, onEvent });
      }),
    );
  }
  const directories: string[] = [];

  /** Outcome and reason of the run that everybody is told is over. */
  function farewells(): Promise<(readonly [string, string])[]> {
    const told: (readonly [string, string])[] = [];
    return new Promise((resolve) => {
      heard = (event) => {
        if (event.type === 'finished') told.push([event.outcome, event.reason]);
        if (told.length === names.length) resolve(told);
      };
    });
  }

  async function start(run: string, rounds: number, version: number): Promise<void> {
    const { operator } = consortium.real;
    const { signed } = consortium.plan({ run, rounds }, version);
    await operator.startRun(await operator.propose(signed), run);
  }

  it('is refused without a word, opens no round again that participants saw, and goes on with a new plan', async () => {
    const { real } = consortium;
    const { directory } = real;
    const copy = join(directory, 'copy');
    const own = { directory, configuration: {}, to: copy };
    await start('first', 40, 1);
    let copying: Promise<unknown> | undefined;
    const leave = new AbortController();
    const watching = real.operator.watch(
      'first',
      1,
      ({ event }) => {
        if (event.type !== 'round') return;
        copying ??= backUp(own);
        // Two rounds behind the copy, everybody is gone in the middle of the next one.
        if (event.round >= 4) void copying.then(() => leave.abort());
      },
      leave.signal,
    );
    const clients = await everybody();
    await Promise.all(clients.map((client) => client.run({ once: true, signal: leave.signal })));
    await watching;
    await Promise.all(clients.map((client) => client.close()));
    const seen = Math.max(...events.map((event) => (event.type === 'training' ? event.round : 0)));
    expect(seen).to.be.at.least(4);

    real.operator.close();
    await real.coordinator.stop();
    rmSync(join(directory, 'coordinator/store'), { recursive: true });
    await restore({ from: copy, directory, configuration: async () => ({ address: real.coordinator.address }) });
    expect(await refusalOf(real.start())).to.equal('state-lost store.restored');
    await real.start({ newIncarnation: true });
    // A process that ended right behind it is started by the same command line again.
    await real.restart({ newIncarnation: true });
    const [run] = (await real.operator.status()).runs;
    expect(run).to.include({ run: 'first', state: 'aborted' });
    expect(run!.reason).to.match(/^restored from a copy: propose a new plan, from model version [1-9] on$/);
    expect(run!.modelVersion).to.be.below(seen);

    events.length = 0;
    const back = await everybody();
    const told = farewells();
    const running = Promise.all(back.map((client) => client.run({ once: true })));
    expect(await told).to.deep.equal(Array(names.length).fill(['aborted', run!.reason]));
    expect(events.filter((event) => event.type === 'training')).to.deep.equal([]);

    await start('second', 1, 2);
    const completed = await running;
    expect(completed.map((end) => end?.outcome)).to.deep.equal(Array(names.length).fill('completed'));
    await Promise.all(back.map((client) => client.close()));
    // It is a copy no longer: the next start needs no word, and takes none.
    expect(await refusalOf(real.restart({ newIncarnation: true }))).to.equal('invalid-argument');
    await real.start();
    expect((await real.operator.status()).runs.map(({ state }) => state)).to.deep.equal(['completed', 'aborted']);
  });
});
