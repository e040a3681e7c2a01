import { bitmapBytes, fromBitmap, toBitmap } from '@concordat/core';
import { expect } from 'chai';
import { detailThrownBy, ruleThrownBy } from '../../support/rules.js';

describe('A bitmap', () => {
  it('has bit i in byte ⌊i/8⌋, least significant first', () => {
    expect([...toBitmap(10, [0, 3, 8])]).to.deep.equal([0b0000_1001, 0b0000_0001]);
  });

  it('comes back as its members, ascending', () => {
    expect(fromBitmap(17, toBitmap(17, [16, 2, 7, 8]))).to.deep.equal([2, 7, 8, 16]);
    expect(fromBitmap(3, toBitmap(3, []))).to.deep.equal([]);
    expect(bitmapBytes(256)).to.equal(32);
  });

  it('is refused with another length or a set padding bit', () => {
    expect(ruleThrownBy(() => fromBitmap(9, Uint8Array.of(0)))).to.equal('malformed');
    expect(ruleThrownBy(() => fromBitmap(8, Uint8Array.of(0, 0)))).to.equal('malformed');
    expect(ruleThrownBy(() => fromBitmap(9, Uint8Array.of(0, 0b10)))).to.equal('malformed');
  });

  it('says which length or bit is wrong', () => {
    expect(detailThrownBy(() => fromBitmap(9, Uint8Array.of(0)))).to.include({ required: 2, offered: 1 });
    expect(detailThrownBy(() => fromBitmap(9, Uint8Array.of(0, 0b10)))).to.include({ index: 9, count: 9 });
  });
});
