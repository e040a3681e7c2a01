import type { RevealedShare, SessionReply } from '@concordat/core';
import { sessionCodec } from '@concordat/proto';
import { expect } from 'chai';
import { Evidence } from './evidence.js';

const cohort = ['acme', 'bluebird', 'cobalt', 'delta', 'echo'];
const signature = new Uint8Array(64);
const digest = (fill: number) => new Uint8Array(32).fill(fill);

function reveal(participant: number, shares: readonly Omit<RevealedShare, 'share'>[]): SessionReply {
  const sent = shares.map((share) => ({ ...share, share: digest(9) }));
  const body = sessionCodec.reveal.encode({ sid2: digest(1), inputsHash: digest(2), participant, shares: sent });
  return { type: 'reveal', reveal: { body, signature } };
}

function certify(fill: number): SessionReply {
  const survivors = Uint8Array.of(0x1f);
  const body = sessionCodec.survivors.encode({ sid2: digest(1), survivors, inputsHash: digest(fill) });
  return { type: 'certify', statement: { body, signature } };
}

/** What is found when these participants say this. */
function foundIn(said: readonly (readonly [from: string, frame: SessionReply])[]): readonly string[] {
  const evidence = new Evidence();
  for (const [from, frame] of said) evidence.say({ from, session: 'spring 1', frame, cohort });
  return evidence.violations(cohort.slice(0, 4), 1);
}

describe('The evidence of a hostile case shows', () => {
  it('nothing against participants that repeat themselves', () => {
    const shares = [{ dealer: 1, kind: 'self' }] as const;
    const once = [
      ['acme', certify(1)],
      ['acme', reveal(0, shares)],
      ['bluebird', reveal(1, shares)],
    ] as const;
    expect(foundIn([...once, ...once])).to.deep.equal([]);
  });

  it('a second statement, and an abort beside a reveal', () => {
    const abort = { body: sessionCodec.abort.encode({ sid: digest(3) }), signature };
    expect(
      foundIn([
        ['acme', certify(1)],
        ['acme', certify(2)],
        ['bluebird', reveal(1, [{ dealer: 1, kind: 'self' }])],
        ['bluebird', { type: 'abort', statement: abort }],
      ]),
    ).to.deep.equal(['answered twice: acme spring 1 certify', 'answered twice: bluebird spring 1 reveal']);
  });

  it('both kinds of share of one dealer from one participant', () => {
    const both = [
      { dealer: 1, kind: 'self' },
      { dealer: 1, kind: 'mask' },
    ] as const;
    expect(foundIn([['acme', reveal(0, both)]])).to.deep.equal([
      'both kinds of share of bluebird in spring 1 from acme',
    ]);
  });

  it('shares that rebuild both secrets of a dealer, with the help of c', () => {
    const self = (index: number) => [cohort[index]!, reveal(index, [{ dealer: 4, kind: 'self' }])] as const;
    const mask = (index: number) => [cohort[index]!, reveal(index, [{ dealer: 4, kind: 'mask' }])] as const;
    // T = 4 with one colluder: three of each kind are enough, of two nothing follows.
    expect(foundIn([self(0), self(1), mask(2), mask(3)])).to.deep.equal([]);
    const evidence = new Evidence();
    const sixth = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const [from, index] of sixth.map((from, at) => [from, at] as const)) {
      const kind = index < 3 ? 'self' : 'mask';
      evidence.say({ from, session: 'spring 1', frame: reveal(index, [{ dealer: 4, kind }]), cohort });
    }
    expect(evidence.violations(sixth, 1)).to.deep.equal(['shares for both secrets of echo in spring 1']);
  });

  it('a second masked vector', () => {
    const evidence = new Evidence();
    evidence.vector('acme', 'spring 1', digest(1));
    evidence.vector('acme', 'spring 1', digest(1));
    expect(evidence.violations(cohort, 1)).to.deep.equal([]);
    evidence.vector('acme', 'spring 1', digest(2));
    expect(evidence.violations(cohort, 1)).to.deep.equal(['two masked vectors: acme spring 1']);
  });

  it('a secret, raw in a message and spelt out in a log', () => {
    const evidence = new Evidence();
    const secret = Uint8Array.from({ length: 32 }, (_, i) => 7 * i + 1);
    evidence.secret('acme: session root', secret);
    evidence.hear('acme', 'Share', Buffer.concat([Buffer.alloc(3), secret]));
    for (const spelling of ['hex', 'base64', 'base64url'] as const) {
      evidence.texts.push(`{"field":"${Buffer.from(secret).toString(spelling)}"}`);
    }
    expect(evidence.violations(cohort, 1)).to.deep.equal([
      'acme: session root in Share of acme',
      'acme: session root in a log',
      'acme: session root in a log',
      'acme: session root in a log',
    ]);
  });
});
