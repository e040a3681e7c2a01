import { layoutOf, openSum, packLanes, type Segment, unpackLanes } from '@concordat/core';
import { seededRandom } from '@concordat/sim';
import { expect } from 'chai';
import { detailThrownBy, ruleThrownBy } from '../../support/rules.js';
import { crypto, randomUpdate, threeWidths } from '../../support/session.js';

const narrow: Segment = { name: 'narrow', length: 2, bits: 24, quantBits: 16, bound: 1, kind: 'model' };

describe('Packed lanes', () => {
  it('are little-endian two’s complement between guards of 1, with zero padding', () => {
    const vector = packLanes(layoutOf([narrow]), [Int32Array.of(-2, 0x123456)]);
    expect([...vector.subarray(0, 13)]).to.deep.equal([1, 0, 0, 0xfe, 0xff, 0xff, 0x56, 0x34, 0x12, 1, 0, 0, 0]);
    expect(vector.length).to.equal(48);
  });

  it('come back centred, also at the ends of the ring', () => {
    for (const bits of [16, 24, 32] as const) {
      const layout = layoutOf([{ ...narrow, bits, length: 4 }]);
      const values = Int32Array.of(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1, 0, -1);
      expect(unpackLanes(layout, packLanes(layout, [values]))[0]!.lanes).to.deep.equal(values);
    }
  });

  it('come back for every segment of a mixed vector', () => {
    const layout = layoutOf(threeWidths);
    const update = randomUpdate(threeWidths, seededRandom(crypto, 6, 'packing'));
    const unpacked = unpackLanes(layout, packLanes(layout, update));
    expect(unpacked.map(({ lanes }) => lanes)).to.deep.equal(update);
    expect(unpacked.every(({ guards, padZero }) => padZero && guards.join() === '1,1')).to.equal(true);
  });

  it('refuse another shape and a value outside the ring', () => {
    const layout = layoutOf([narrow]);
    expect(ruleThrownBy(() => packLanes(layout, []))).to.equal('invalid-argument');
    expect(ruleThrownBy(() => packLanes(layout, [Int32Array.of(1)]))).to.equal('invalid-argument');
    expect(ruleThrownBy(() => packLanes(layout, [Int32Array.of(0, 2 ** 23)]))).to.equal('invalid-argument');
    expect(ruleThrownBy(() => packLanes(layout, [Int32Array.of(-(2 ** 23) - 1, 0)]))).to.equal('invalid-argument');
    expect(detailThrownBy(() => unpackLanes(layout, new Uint8Array(96)))).to.deep.equal({ required: 48, offered: 96 });
  });

  it('say what they should have been', () => {
    const layout = layoutOf([narrow]);
    const refused = (lanes: readonly Int32Array[]) => detailThrownBy(() => packLanes(layout, lanes));
    expect(refused([])).to.deep.equal({ what: 'segments', required: 1, offered: 0 });
    expect(refused([Int32Array.of(1, 2, 3)])).to.deep.equal({ what: 'narrow', required: 2, offered: 3 });
    expect(refused([Int32Array.of(0, 2 ** 23)])).to.deep.equal({ segment: 'narrow', lane: 1, bits: 24 });
  });
});

describe('An opened sum', () => {
  const layout = layoutOf([narrow]);

  it('is refused when a guard does not count the survivors', () => {
    const vector = packLanes(layout, [Int32Array.of(5, 6)]);
    expect(openSum(layout, vector, 1)).to.deep.equal([Int32Array.of(5, 6)]);
    expect(ruleThrownBy(() => openSum(layout, vector, 2))).to.equal('sum.guards');
    vector[9] = 2;
    expect(detailThrownBy(() => openSum(layout, vector, 1))).to.deep.equal({
      rule: 'sum.guards',
      segment: 'narrow',
      required: 1,
    });
    vector[9] = 1;
    vector[0] = 2;
    expect(ruleThrownBy(() => openSum(layout, vector, 1))).to.equal('sum.guards');
  });

  it('is refused when its padding is not zero', () => {
    const vector = packLanes(layout, [Int32Array.of(5, 6)]);
    for (const at of [12, 47]) {
      vector[at] = 1;
      expect(detailThrownBy(() => openSum(layout, vector, 1))).to.deep.equal({
        rule: 'sum.padding',
        segment: 'narrow',
        required: 0,
      });
      vector[at] = 0;
    }
  });
});
