import { nodeCrypto } from '@concordat/node';
import { drawUnit, seededRandom } from '@concordat/sim';
import { expect } from 'chai';

describe('seeded randomness', () => {
  it('is one stream, however it is cut into pieces', () => {
    const whole = seededRandom(nodeCrypto, 7, 'test').bytes(10_000);
    const pieces = seededRandom(nodeCrypto, 7, 'test');
    const lengths = [1, 15, 4095, 17, 0, 4097, 1775];
    expect(Buffer.concat(lengths.map((length) => pieces.bytes(length)))).to.deep.equal(Buffer.from(whole));
  });

  it('differs by seed and by purpose', () => {
    const start = (seed: number, purpose: string) => seededRandom(nodeCrypto, seed, purpose).bytes(16);
    expect(start(1, 'a')).to.not.deep.equal(start(2, 'a'));
    expect(start(1, 'a')).to.not.deep.equal(start(1, 'b'));
    expect(start(1, 'a')).to.not.deep.equal(start(1 + 2 ** 32, 'a'));
  });

  it('gives numbers from 0 up to, not including, 1', () => {
    const random = seededRandom(nodeCrypto, 1, 'units');
    const drawn = Array.from({ length: 1000 }, () => drawUnit(random));
    expect(drawn.every((x) => x >= 0 && x < 1)).to.equal(true);
    expect(drawn.reduce((sum, x) => sum + x, 0) / 1000).to.be.closeTo(0.5, 0.05);
  });
});
