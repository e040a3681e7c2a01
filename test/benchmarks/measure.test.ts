import { measureClientMask, measureServerUnmask, measureTogether, median } from '@concordat/benchmarks';
import { expect } from 'chai';

describe('a measurement', () => {
  it('is the middle of its repetitions', () => {
    expect(median([3, 1, 2])).to.equal(2);
    expect(median([4, 1, 2, 3])).to.equal(2.5);
  });

  it('runs every piece once more than it counts, turn by turn', () => {
    const turns: string[] = [];
    const costs = measureTogether([() => turns.push('a'), () => turns.push('b')], 2);
    expect(turns.join('')).to.equal('ababab');
    expect(costs).to.have.lengthOf(2);
  });

  it('of masking counts every keystream byte and stands beside its limit', () => {
    const result = measureClientMask({ participants: 3, parameters: 1000, bits: 24, repeats: 1 });
    // 1,002 lanes of 3 bytes, filled to a multiple of 48.
    expect(result.keystreamBytes).to.equal(3 * 3024);
    // Two of 20 dropped out: 18 self masks and 36 pairs.
    const unmasked = measureServerUnmask({ participants: 20, parameters: 1000, bits: 24, repeats: 1 });
    expect(unmasked.keystreams).to.equal(18 + 36);
    expect(result.limit.bytesPerSecond).to.be.greaterThan(0);
    expect(result.timesLimit).to.be.closeTo(result.wallMillis / result.limit.wallMillis, 1e-9);
  });
});
