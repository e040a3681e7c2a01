import { expect } from 'chai';
import { names } from '../hostile/consortium.js';
import { ExactConsortium } from './exact-consortium.js';
import { describeNetworkNamespace, NetworkNamespace } from './network-namespace.js';
import type { ParticipantProcess } from './participant-process.js';

const everybody = [...names].sort().join(' ');
const others = names.slice(1).join(' ');

describeNetworkNamespace('a participant whose packets are lost on the way', function () {
  this.timeout(180_000);
  let namespace: NetworkNamespace;
  let consortium: ExactConsortium;

  before(async () => {
    namespace = NetworkNamespace.make();
    consortium = await ExactConsortium.open(0, { listenHost: '0.0.0.0', names: ['127.0.0.1', namespace.host] });
  });

  afterEach(async () => {
    namespace.heal();
    await consortium.rest();
  });

  after(async () => {
    await consortium.close();
    namespace.close();
  });

  const [lost, ...right] = names;
  const launch = () => {
    const address = `${namespace.host}:${consortium.coordinator.port}`;
    return consortium.launch(lost, consortium.directoryOf(lost, address), namespace.under);
  };
  const endsWell = async (launched: ParticipantProcess) => {
    const ended = await launched.ended;
    const last = launched.lastWords;
    if (ended !== 0) process.stderr.write(`!! a participant whose packets are lost ended with ${ended}: ${last}\n`);
    expect(ended, last).to.equal(0);
  };
  const restOfThem = async () => {
    const clients = await Promise.all(right.map((name) => consortium.open(name)));
    await Promise.all(clients.map((client) => client.run({ once: true })));
  };

  it('at random, 5 % in either direction, is in every sum', async function () {
    // The kernel draws what is lost, without a seed: what a participant ended with once is said, and asked for again.
    this.retries(1);
    namespace.lose('output', 5);
    namespace.lose('input', 5);
    await consortium.start();
    const run = await consortium.begin({ rounds: 3 });
    const launched = launch();
    await restOfThem();
    await endsWell(launched);
    const { rounds, wrongLanes } = await consortium.outcome(run);
    expect(rounds.map(({ survivors }) => survivors.join(' '))).to.deep.equal(Array(3).fill(everybody));
    expect(wrongLanes).to.equal(0);
  });

  for (const [direction, what] of [
    ['output', 'all that it sends'],
    ['input', 'all that it is sent'],
  ] as const) {
    it(`one way, ${what}, costs the round itself alone, and is in a sum again`, async function () {
      // As above: when the line heals between two attempts of TCP is the kernel's matter.
      this.retries(1);
      await consortium.start();
      const deadlines = { selectMillis: 30_000, readyMillis: 20_000, stepMillis: 10_000, graceMillis: 3_000 };
      const run = await consortium.begin({ rounds: 4, reportingGoal: 4, deadlines });
      const launched = launch();
      // It is taken for connected as long as keepalives may take, and is chosen.
      await launched.says('waiting');
      namespace.lose(direction, 100);
      let first = true;
      const watched = consortium.watch(run, ({ type }) => {
        if (type !== 'round' || !first) return;
        first = false;
        namespace.heal();
      });
      await restOfThem();
      await watched;
      await endsWell(launched);
      const { rounds, wrongLanes } = await consortium.outcome(run);
      const survivors = rounds.map((round) => round.survivors.join(' '));
      expect(survivors[0]).to.equal(others);
      expect(survivors.at(-1)).to.equal(everybody);
      expect(wrongLanes).to.equal(0);
    });
  }
});
