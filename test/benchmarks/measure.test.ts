import { lineOf, maskingLimit, measureCost, median, suites } from '@concordat/benchmarks';
import { expect } from 'chai';

const question = { participants: 20, parameters: 1000, bits: 24, drop: 0.1, kernels: 'auto', repeats: 1 } as const;
const entryOf = (name: string) => suites.secagg!.find((entry) => entry.name === name)!;

describe('a measurement', () => {
  it('is the middle of its repetitions', () => {
    expect(median([3, 1, 2])).to.equal(2);
    expect(median([4, 1, 2, 3])).to.equal(2.5);
  });

  it('is repeated once more than it counts', async () => {
    let turns = 0;
    const { wallMillis, cpuMillis } = await measureCost(() => void turns++, 2);
    expect(turns).to.equal(3);
    expect(Math.min(wallMillis, cpuMillis)).to.be.at.least(0);
  });

  it('stands beside its limit as one line', () => {
    const line = lineOf('secagg', 'upload-bytes', { value: 12, unit: 'bytes', limit: 8, detail: { frames: 2 } });
    expect(line).to.deep.equal({
      suite: 'secagg',
      name: 'upload-bytes',
      value: 12,
      unit: 'bytes',
      limit: 8,
      ratio: 1.5,
      detail: { frames: 2 },
    });
  });

  it('of masking counts every keystream byte, beside AES and the best add', async () => {
    const masked = await entryOf('client-mask').measure(question);
    // 1,002 lanes of 3 bytes, filled to a multiple of 48.
    expect(masked.detail).to.include({ keystreams: 20, keystreamBytes: 20 * 3024 });
    const { limitAesMillis, limitAddMillis } = masked.detail;
    expect(masked.limit).to.be.closeTo(Number(limitAesMillis) + Number(limitAddMillis), 1e-9);
    // Two of 20 drop out: 18 self masks and 36 pairs.
    const unmasked = await entryOf('server-unmask-1').measure(question);
    expect(unmasked.detail).to.include({ keystreams: 18 + 36 });
  });

  it('has a limit that grows with the bytes', () => {
    const once = maskingLimit(24, { keystream: 1000, added: 1000 });
    const twice = maskingLimit(24, { keystream: 2000, added: 2000 });
    expect(once.limit).to.be.greaterThan(0);
    expect(twice.limit).to.be.closeTo(2 * once.limit, 1e-9);
  });

  it('of an upload counts header, framing and lanes', async () => {
    const { value, limit, detail } = await entryOf('upload-bytes').measure(question);
    expect(limit).to.equal(3000);
    expect(detail).to.deep.equal({ lengthBytes: 3024, frames: 2 });
    expect(value).to.be.within(3024 + 150, 3024 + 300);
  });
});
