import { orderOf } from '@concordat/benchmarks';
import { FederatedError } from '@concordat/core';
import { expect } from 'chai';

describe('the command line of a benchmark', () => {
  it('asks for a session of a hundred and a million lanes unless told otherwise', () => {
    expect(orderOf(['secagg'])).to.deep.equal({
      suite: 'secagg',
      only: undefined,
      question: { participants: 100, parameters: 1_000_000, bits: 24, drop: 0.1, kernels: 'auto', repeats: 5 },
    });
    const told = orderOf(['secagg', '--n', '5', '--d', '300', '--bits', '16', '--drop', '0', '--only', 'client-mask']);
    expect(told.only).to.deep.equal(['client-mask']);
    expect(told.question).to.include({ participants: 5, parameters: 300, bits: 16, drop: 0 });
  });

  it('is refused with what is possible', () => {
    for (const args of [
      [],
      ['nothing'],
      ['secagg', 'twice'],
      ['secagg', '--bits', '20'],
      ['secagg', '--repeats', '0'],
      ['secagg', '--drop', '1'],
      ['secagg', '--kernels', 'fast'],
      ['secagg', '--only', 'client-mask,nothing'],
      ['secagg', '--fast'],
    ]) {
      let refusal: unknown;
      try {
        orderOf(args);
      } catch (error) {
        refusal = error;
      }
      expect(refusal, args.join(' ')).to.be.instanceOf(FederatedError);
      expect(refusal, args.join(' ')).to.include({ code: 'invalid-argument' });
      expect((refusal as FederatedError).fix, args.join(' ')).to.include('client-mask');
    }
  });
});
