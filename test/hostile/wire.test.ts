import { expect } from 'chai';
import { seeded } from '../coordinator/machine-participant.js';
import { EnrolledConsortium } from './consortium.js';
import { type Flip, measure, playFlips, spokenToClients } from './wire-flips.js';

/** `npm run hostile:wire` flips a bit of every byte; this flips some of every message. */
const flipsOfEach = 2;

describe('A bit flipped on its way to a client', function () {
  this.timeout(120_000);
  let consortium: EnrolledConsortium;

  before(async () => {
    consortium = await EnrolledConsortium.enrol();
  });
  after(() => consortium.close());

  it('in every kind of message is refused by name, or changes nothing', async () => {
    const messages = await measure(consortium);
    expect([...messages.keys()].sort()).to.deep.equal([...spokenToClients].sort());
    const random = seeded('flips');
    const flips = [...messages].flatMap(([what, { length }]) =>
      Array.from({ length: flipsOfEach }, (): Flip => {
        const [high, low, bit] = random.bytes(3) as unknown as [number, number, number];
        return { what, at: ((high << 8) | low) % length, bit: bit & 7 };
      }),
    );
    const played = await playFlips(consortium, flips);
    expect(played.flatMap(({ flip, wrong }) => wrong.map((fault) => ({ ...flip, fault })))).to.deep.equal([]);
    // There was something to refuse.
    expect(played.filter(({ refusals }) => refusals.length > 0).length).to.be.greaterThan(flips.length / 4);
  });
});
