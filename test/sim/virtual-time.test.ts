import { VirtualTime } from '@concordat/sim';
import { expect } from 'chai';
import fc from 'fast-check';

describe('virtual time', () => {
  it('gives happenings in the order of their times, equal times in the order scheduled', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (delays) => {
        const time = new VirtualTime<{ readonly at: number; readonly order: number }>();
        for (const [order, at] of delays.entries()) time.schedule(at, { at, order });
        const seen: { readonly at: number; readonly order: number }[] = [];
        for (let next = time.next(); next !== undefined; next = time.next()) {
          expect(time.now).to.equal(next.at);
          seen.push(next);
        }
        const sorted = delays.map((at, order) => ({ at, order })).sort((a, b) => a.at - b.at || a.order - b.order);
        expect(seen).to.deep.equal(sorted);
      }),
    );
  });

  it('counts from now when something is scheduled on the way', () => {
    const time = new VirtualTime<string>();
    time.schedule(10, 'first');
    time.next();
    time.schedule(5, 'second');
    expect(time.next()).to.equal('second');
    expect(time.now).to.equal(15);
    expect(time.waiting).to.equal(0);
  });
});
