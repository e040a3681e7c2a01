import { expect } from 'chai';
import { seeded } from '../coordinator/machine-participant.js';
import { AnswerFlipPlayer } from './coordinator-flips.js';
import { GuestFlipPlayer, spokenByGuests } from './guest-flips.js';
import { spokenToCoordinators } from './spoken-to-coordinators.js';

/** `npm run hostile:wire` flips a bit of every byte; this flips one of every message. */
function drawn<What extends string>(what: What, length: number, nth = 0) {
  const [high, low, bit] = seeded(`flip ${nth} of ${what}`).bytes(3) as unknown as [number, number, number];
  return { what, at: ((high << 8) | low) % length, bit: bit & 7 };
}

interface Played {
  readonly flip: object;
  readonly refusals: readonly string[];
  readonly wrong: readonly string[];
}

function expectRefused(played: readonly Played[]): void {
  expect(played.flatMap(({ flip, wrong }) => wrong.map((fault) => ({ ...flip, fault })))).to.deep.equal([]);
  // There was something to refuse.
  expect(played.filter(({ refusals }) => refusals.length > 0).length).to.be.greaterThan(played.length / 2);
}

describe('A bit flipped on its way to a coordinator', function () {
  this.timeout(120_000);

  it('in every kind of message of a participant is refused by name, and the sum is exact', async () => {
    const player = await AnswerFlipPlayer.open();
    const played = await player.sample((what, length) => [drawn(what, length)]);
    // A client that lost nothing asks for no receipts.
    const spoken = spokenToCoordinators.filter((what) => what !== 'receipts');
    expect(played.map(({ flip }) => flip.what).sort()).to.deep.equal([...spoken].sort());
    expectRefused(played);
    await player.close();
  });

  it('in every kind of message of an organization that comes in is refused by name, and it comes in as itself', async () => {
    const player = await GuestFlipPlayer.open();
    const messages = await player.measure();
    const flips = spokenByGuests.flatMap((what) => [0, 1].map((nth) => drawn(what, messages.get(what)!, nth)));
    const played = await player.play(flips);
    expect(played.length).to.equal(flips.length);
    expectRefused(played);
    await player.close();
  });
});
