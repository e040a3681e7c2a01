import { once } from 'node:events';
import { assignmentFromWire, type wire } from '@concordat/proto';
import { expect } from 'chai';
import { connect, disconnect, TestConsortium } from './consortium.js';

describe('A run that ended before the coordinator was started again', function () {
  this.timeout(30_000);
  let consortium: TestConsortium;

  before(async () => {
    consortium = await TestConsortium.open();
  });
  after(() => consortium.close());

  it('is told to whoever was not there at its end, and keeps nobody from the next one', async () => {
    const member = await consortium.join('acme');
    const { planHash } = await consortium.propose();
    await consortium.operator.startRun(planHash, 'spring');
    expect(await consortium.operator.endRun('spring', 'nobody came')).to.equal(true);
    // What is kept of it is still being removed: its participants heard of its end, and so does whoever asks.
    const { current, runs } = await consortium.coordinator.status();
    expect([current, ...runs].map((one) => [one!.state, one!.reason, one!.possible])).to.deep.equal([
      ['aborted', 'nobody came', []],
      ['aborted', 'nobody came', []],
    ]);
    await consortium.coordinator.run!.ended;

    await consortium.restart();
    expect(consortium.coordinator.resumed).to.equal(undefined);
    const stubs = connect(consortium.coordinator.address, member.tls);
    const stream = stubs.Rounds.CheckIn({ wireVersions: [1], software: 'test', clientEpoch: 1 });
    const said: string[] = [];
    while (said.at(-1) !== 'finished') {
      const [assignment] = (await once(stream, 'data')) as [wire.Assignment__Output];
      const { message } = assignmentFromWire(assignment);
      said.push(message.type);
      if (message.type === 'finished') expect(message).to.include({ outcome: 'aborted', reason: 'nobody came' });
    }
    expect(said).to.deep.equal(['welcome', 'finished']);
    stream.on('error', () => undefined).cancel();
    disconnect(stubs);

    const next = await consortium.propose({ run: 'summer' });
    await consortium.operator.startRun(next.planHash, 'summer');
    expect((await consortium.operator.status()).runs.map(({ run, state }) => [run, state])).to.deep.equal([
      ['summer', 'running'],
      ['spring', 'aborted'],
    ]);
  });
});
