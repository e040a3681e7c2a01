import { FederatedClient } from '@concordat/client-sdk';
import {
  ConformanceFailure,
  conformance,
  describeConformance,
  lies,
  steppingTrainer,
} from '@concordat/client-sdk/testing';
import { expect } from 'chai';

describe('the conformance suite', () => {
  describe('with the client as it is', () => {
    describeConformance(it);
  });

  it('has a case for every lie, and one without', () => {
    const rules = conformance().map(({ rule }) => rule);
    expect(rules).to.deep.equal([undefined, ...lies.map(({ rule }) => rule)]);
    expect(new Set(conformance().map(({ name }) => name)).size).to.equal(rules.length);
  });

  const failureOf = async (rule: string | undefined, options: Parameters<typeof conformance>[0]) => {
    const one = conformance(options).find((each) => each.rule === rule)!;
    return one.run().then(
      () => expect.fail('nothing failed'),
      (error: unknown) => {
        if (error instanceof ConformanceFailure) return error;
        throw error;
      },
    );
  };

  it('fails a client that takes no part, naming what was missing', async () => {
    const start = async () => ({ stop: async () => undefined });
    const failure = await failureOf(undefined, { start, patienceMillis: 50 });
    expect(failure.name).to.equal('ConformanceFailure');
    expect(failure.required).to.equal('a connection of the client');
    expect(failure.offered).to.equal('no message of a client');
  });

  it('fails a client that agrees to what its policy should refuse', async () => {
    const failure = await failureOf('purposes', {
      start: async ({ policy, ...place }) => {
        const agreeing = { ...policy, purposes: ['test', 'what nobody has agreed to'] };
        const client = await FederatedClient.open({ ...place, policy: agreeing, trainer: steppingTrainer() });
        const ended = client.run();
        return { stop: () => client.close().then(() => ended.then(() => undefined)) };
      },
    });
    expect(failure.required).to.equal('a refusal by purposes');
    expect(failure.offered).to.equal('an answer to approve');
  });

  it('fails a client whose trainer breaks, with the rule it refused by', async () => {
    const trainer = steppingTrainer(Number.NaN);
    const failure = await failureOf(undefined, { records: { trainer } });
    expect(failure.required).to.equal('2 contributions');
    expect(failure.offered).to.include('a refusal by update.finite');
  });
});
