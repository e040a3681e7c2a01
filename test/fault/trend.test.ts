import { expect } from 'chai';
import { seeded } from '../coordinator/machine-participant.js';
import { trendOf } from './trend.js';

/** Noise from −1 to 1. */
function noise(seed: string, length: number): number[] {
  return [...seeded(seed).bytes(length)].map((byte) => byte / 127.5 - 1);
}

describe('A trend', () => {
  it('is the slope of a line, and what it comes to', () => {
    const { slope, grown, last } = trendOf([3, 5, 7, 9, 11], 0);
    expect([slope, grown, last]).to.deep.equal([2, 8, 11]);
  });

  it('is none where nothing grows, however much it goes up and down', () => {
    const { slope, grown } = trendOf(noise('flat', 350), 0.3);
    expect(Math.abs(slope)).to.be.below(0.001);
    expect(Math.abs(grown)).to.be.below(0.2);
  });

  it('is seen below noise that is a hundred times as large as a step', () => {
    const { slope } = trendOf(
      noise('leak', 500).map((one, at) => one + 0.01 * at),
      0.3,
    );
    expect(slope).to.be.within(0.009, 0.011);
  });

  it('does not count the warm part', () => {
    const filling = Array.from({ length: 30 }, (_, at) => 10 * at);
    const { slope, last } = trendOf([...filling, ...Array(70).fill(300)], 0.3);
    expect([slope, last]).to.deep.equal([0, 300]);
  });

  it('is not moved by a few that are far off', () => {
    const values = Array.from({ length: 100 }, (_, at) => (at % 10 === 9 ? 1_000 : 5));
    expect(trendOf(values, 0).slope).to.equal(0);
  });

  it('is zero of what is too short to have one', () => {
    for (const values of [[], [7]]) expect(trendOf(values, 0.3)).to.include({ slope: 0, grown: 0 });
  });
});
