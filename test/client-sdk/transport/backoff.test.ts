import { pauseMillis } from '@concordat/client-sdk';
import { FederatedError, type Random } from '@concordat/core';
import { expect } from 'chai';

const fixed = (byte: number): Random => ({ bytes: (length: number) => new Uint8Array(length).fill(byte) });
const busy = (retryAfterMillis: number) => new FederatedError('unavailable', 'busy', { detail: { retryAfterMillis } });

describe('the pause before a call is repeated', () => {
  it('is never shorter than an overloaded coordinator asked for, and up to half longer', () => {
    expect(pauseMillis(busy(5_000), 0, fixed(0))).to.equal(5_000);
    expect(pauseMillis(busy(5_000), 0, fixed(255))).to.be.within(7_499, 7_500);
  });

  it('is the back-off when that is longer, and a minute and a half at most', () => {
    expect(pauseMillis(busy(1), 3, fixed(255))).to.be.within(1_999, 2_000);
    expect(pauseMillis(busy(1e12), 0, fixed(255))).to.be.within(89_999, 90_000);
    expect(pauseMillis(busy(-5), 0, fixed(255))).to.be.within(249, 250);
  });
});
