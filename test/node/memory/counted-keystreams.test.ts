import { countedKeystreams, Garbage, nodeCrypto } from '@concordat/node';
import { expect } from 'chai';

describe('keystreams whose pieces are counted', () => {
  it('are the same, and collected when there are enough of them', () => {
    let collections = 0;
    const garbage = new Garbage(100, () => {
      collections += 1;
    });
    const key = new Uint8Array(32).fill(3);
    const counted = countedKeystreams(nodeCrypto, garbage).openKeystream(key, 48);
    const plain = nodeCrypto.openKeystream(key, 48);
    for (const expected of [0, 1, 1, 2]) {
      expect(counted.next(64)).to.deep.equal(plain.next(64));
      expect(collections).to.equal(expected);
    }
  });
});
