import { expect } from 'chai';
import { names } from '../hostile/consortium.js';
import { ExactConsortium } from './exact-consortium.js';
import { describeFakedTime, FakedTime, faketimeLibrary } from './faked-time.js';

const hourMillis = 3_600_000;
const everybody = [...names].sort();
const published = {
  state: 'completed',
  rounds: [
    { round: 1, outcome: 'published', survivors: everybody },
    { round: 2, outcome: 'published', survivors: everybody },
  ],
  wrongLanes: 0,
};

describeFakedTime('a wall clock that is three hours wrong', function () {
  this.timeout(120_000);
  let consortium: ExactConsortium;
  let time: FakedTime;

  before(async () => {
    time = new FakedTime(faketimeLibrary()!);
    // Whoever enrolled some days ago: nothing begins or ends within three hours of now.
    consortium = await ExactConsortium.open(48 * hourMillis);
  });

  afterEach(async () => {
    await consortium.rest();
    time.set(0);
  });

  after(async () => {
    await consortium.close();
    time.close();
  });

  for (const [hours, how] of [
    [3, 'ahead'],
    [-3, 'behind'],
  ] as const) {
    it(`changes nothing at a coordinator that is ${how}: every round is published with everybody, exactly`, async () => {
      time.set(hours * hourMillis);
      await consortium.start({ under: time.under });
      const run = await consortium.begin({ rounds: 2 });
      expect(await consortium.takePart()).to.deep.equal(Array(5).fill('completed'));
      expect(await consortium.outcome(run)).to.deep.equal(published);
    });

    it(`changes nothing at a participant that is ${how}: it is in every sum`, async () => {
      time.set(hours * hourMillis);
      await consortium.start();
      const run = await consortium.begin({ rounds: 2 });
      const [wrong, ...right] = names;
      const launched = consortium.launch(wrong, consortium.directoryOf(wrong), time.under);
      const clients = await Promise.all(right.map((name) => consortium.open(name)));
      await Promise.all(clients.map((client) => client.run({ once: true })));
      expect(await launched.ended).to.equal(0);
      expect(launched.said.filter(({ type }) => type === 'refused' || type === 'failed')).to.deep.equal([]);
      expect(await consortium.outcome(run)).to.deep.equal(published);
    });
  }

  it('may jump there and back in every phase: no deadline of a round follows it', async () => {
    await consortium.start({ under: time.under });
    // A deadline that followed the clock would be over at once, or three hours away.
    const run = await consortium.begin({ rounds: 2 });
    let jumps = 0;
    const watched = consortium.watch(run, ({ type }) => {
      if (type !== 'phase') return;
      jumps += 1;
      time.set((jumps % 2 === 1 ? 3 : -3) * hourMillis);
    });
    const ends = await consortium.takePart();
    await watched;
    expect(ends).to.deep.equal(Array(5).fill('completed'));
    expect(jumps).to.be.above(12);
    expect(await consortium.outcome(run)).to.deep.equal(published);
  });
});

describeFakedTime('a consortium that was founded within these three hours', function () {
  this.timeout(120_000);
  let consortium: ExactConsortium;
  let time: FakedTime;

  before(async () => {
    time = new FakedTime(faketimeLibrary()!);
    consortium = await ExactConsortium.open();
  });

  after(async () => {
    await consortium.close();
    time.close();
  });

  it('is not valid yet for a participant that is behind: it is told so, and takes part once its clock is right', async () => {
    time.set(-3 * hourMillis);
    await consortium.start();
    const run = await consortium.begin({ rounds: 2 });
    const [behind, ...others] = names;
    const launched = consortium.launch(behind, consortium.directoryOf(behind), time.under);
    const { note } = await launched.says('disconnected');
    expect(note).to.match(/^the certificate of the coordinator at \S+ is not valid yet$/);
    time.set(0);
    const clients = await Promise.all(others.map((name) => consortium.open(name)));
    await Promise.all(clients.map((client) => client.run({ once: true })));
    expect(await launched.ended).to.equal(0);
    expect(await consortium.outcome(run)).to.deep.equal(published);
  });
});
