import { AddressList } from '@concordat/client-sdk';
import { FederatedError } from '@concordat/core';
import { expect } from 'chai';

const [first, second, third] = ['a.example:1', 'b.example:1', 'c.example:1'] as const;

/** A line that broke, or did not come about. */
const broken = (address: string) => new FederatedError('unavailable', 'nobody answers', { detail: { address } });
/** What a coordinator that stands by says. */
const standby = (leader: string) =>
  new FederatedError('unavailable', 'standing by', { detail: { rule: 'coordinator.leader', leader } });
const long = 15_000;

describe('the addresses of several coordinators', () => {
  let now: number;
  let list: AddressList;

  beforeEach(() => {
    now = 0;
    list = new AddressList(`${first},${second},${third}`, { monotonicMillis: () => now });
  });

  it('are dialled one after the other while nobody answers, and round again', () => {
    const dialled = [first, second, third].map((address) => {
      expect(list.failed(address, broken(address), 10)).to.equal(true);
      return list.current;
    });
    expect(dialled).to.deep.equal([second, third, first]);
  });

  it('follow the one that leads when another one names it, if it is one of them', () => {
    expect(list.failed(first, standby(third), 10)).to.equal(true);
    expect(list.current).to.equal(third);
    expect(list.failed(third, standby('elsewhere.example:1'), 10)).to.equal(false);
    expect(list.failed(third, standby(''), 10)).to.equal(false);
    expect(list.current).to.equal(third);
  });

  it('do not go back to a leader whose line just broke, until its lease must have run out if it had stopped', () => {
    list.failed(first, broken(first), long);
    expect(list.failed(second, standby(first), 10)).to.equal(false);
    now = 6_000;
    expect(list.failed(second, standby(first), 10)).to.equal(true);
    expect(list.current).to.equal(first);
  });

  it('leave one that hangs alone for long, and one that refuses at once only shortly', () => {
    const two = new AddressList(`${first},${second}`, { monotonicMillis: () => now });
    two.failed(first, broken(first), long);
    // The other one opens its port anew, to lead.
    expect(two.failed(second, broken(second), 10)).to.equal(false);
    expect(two.current).to.equal(second);
    now = 25_000;
    expect(two.failed(second, broken(second), long)).to.equal(true);
    expect(two.current).to.equal(first);
  });

  it('stay where they are for what a coordinator itself said, and where another call moved already', () => {
    expect(list.failed(first, new FederatedError('unavailable', 'full'), 10)).to.equal(false);
    list.failed(first, broken(first), 10);
    expect(list.failed(first, broken(first), 10)).to.equal(false);
    expect(list.current).to.equal(second);
    const one = new AddressList(first, { monotonicMillis: () => now });
    expect(one.failed(first, broken(first), 10)).to.equal(false);
  });
});
