import { maskCounts, measureGroups, suites } from '@concordat/benchmarks';
import type { SimulatedRound } from '@concordat/sim';
import { expect } from 'chai';

const question = { participants: 24, parameters: 500, bits: 24, drop: 0, kernels: 'auto', repeats: 1 } as const;

describe('what a round in groups costs', () => {
  it('is every mask its dealers add and the coordinator takes out, beside AES and the best add', () => {
    const { value, limit, detail } = measureGroups(question, 2);
    // Two groups of 12: 12 · 12 keystreams each, and 24 self masks to take out; 12 · 11 box keys and as many mask keys in each.
    expect(detail).to.include({ groups: 2, survivors: 24, keystreams: 2 * 144 + 24, agreementsAsked: 4 * 132 });
    // 502 lanes of 3 bytes and 3 of 4 bytes, each filled to a multiple of 48.
    expect(detail.keystreamBytes).to.equal((2 * 144 + 24) * (1536 + 48));
    expect(limit).to.be.closeTo(Number(detail.limitAesMillis) + Number(detail.limitAddMillis), 1e-9);
    expect(value).to.be.greaterThan(0);
    expect(detail.ratioWithAgreements).to.be.lessThan(value / limit);
  });

  it('is the same of a round that loses some on its way', () => {
    const { detail } = measureGroups({ ...question, participants: 40, drop: 0.2 }, 2);
    // Of 40, eight and by rounding two more leave, eight of them before their vector is there.
    expect(detail).to.include({ participants: 40, groups: 2, survivors: 32 });
    expect(Number(detail.verificationsComputed)).to.be.lessThan(Number(detail.verificationsAsked));
  });

  it('counts the masks of a record', () => {
    const lost = (participant: string, step: string) => ({
      participant,
      step,
      reason: '',
      bytesReceived: 0,
      bytesExpected: 0,
    });
    const record = {
      cohort: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'],
      survivors: ['a', 'b', 'c', 'd'],
      dropped: [
        lost('e', 'upload'),
        lost('f', 'share'),
        lost('g', 'advertise'),
        lost('h', 'train'),
        lost('d', 'certify'),
      ],
    } as unknown as SimulatedRound;
    // Seven were invited, six dealt or left while they did, five masked, four are in the sum.
    expect(maskCounts(record)).to.deep.equal({
      dealt: 25,
      unmasked: 4 + 4 * 1,
      survivors: 4,
      agreements: 6 * 5 + 5 * 4 + 4 * 1,
    });
  });

  it('is measured with a thousand by npm run bench -- groups', () => {
    expect(suites.groups!.map(({ name }) => name)).to.deep.equal(['groups-1000']);
  });
});
