import {
  type AggregatorEffect,
  type AggregatorOptions,
  awaited,
  type CryptoPort,
  dropped,
  framesSent,
  openAggregator,
  type RevealBody,
  type SessionCodec,
  type SessionReply,
  type SessionStep,
  signBody,
  stepAggregator,
  survivors,
} from '@concordat/core';
import { expect } from 'chai';
import { mutationsOf, replaced } from '../../support/mutations.js';
import { ruleOf, ruleThrownBy } from '../../support/rules.js';
import { codec, crypto, InMemorySession, type SessionOptions } from '../../support/session.js';

const bad = '3';
type ReplyOf<Type extends SessionReply['type']> = Extract<SessionReply, { type: Type }>;

/** A session of six (c = 2, T = 5) in which participant "3" sends something else at one step. */
function misled<Type extends SessionReply['type']>(
  type: Type,
  change: (frame: ReplyOf<Type>, session: InMemorySession) => SessionReply,
  options: Partial<SessionOptions> = {},
): InMemorySession {
  const onReply = (from: string, frame: SessionReply, session: InMemorySession) =>
    from === bad && frame.type === type ? change(frame as ReplyOf<Type>, session) : frame;
  return new InMemorySession({ participants: 6, maxColluders: 2, onReply, ...options }).run();
}

/** The rule by which "3" was excluded; everybody else's sum is opened all the same. */
function excludedBy(session: InMemorySession): string | undefined {
  const blamed = session.records.filter((record) => record.type === 'blamed');
  expect(blamed.map((record) => (record.type === 'blamed' ? record.participant : ''))).to.deep.equal([bad]);
  expect(session.opened!.map((lanes) => [...lanes])).to.deep.equal(session.sumOf(survivors(session.aggregator)));
  expect(session.refusals).to.deep.equal([]);
  return ruleOf(session.rejections[0]?.error);
}

const flip = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => (i === 5 ? byte ^ 1 : byte));
const badSigner = (session: InMemorySession) => session.signers.get(bad)!;

describe('The aggregator excludes a participant', () => {
  const wrongSignatures: readonly [SessionStep, string, (frame: SessionReply) => SessionReply][] = [
    ['advertise', 'cohort.signature', (f) => (f.type === 'advertise' ? { ...f, advert: broken(f.advert) } : f)],
    ['share', 'share.signature', (f) => (f.type === 'share' ? { ...f, share: broken(f.share) } : f)],
    ['confirm', 'confirm.signature', (f) => (f.type === 'confirm' ? { ...f, confirm: broken(f.confirm) } : f)],
    ['upload', 'upload.signature', (f) => (f.type === 'upload' ? { ...f, upload: broken(f.upload) } : f)],
    ['certify', 'certify.signature', (f) => (f.type === 'certify' ? { ...f, statement: broken(f.statement) } : f)],
    ['reveal', 'reveal.signature', (f) => (f.type === 'reveal' ? { ...f, reveal: broken(f.reveal) } : f)],
  ];
  for (const [step, rule, change] of wrongSignatures) {
    it(`whose ${step} message is not signed by it, and goes on without`, () => {
      const session = misled(step, change);
      expect(excludedBy(session)).to.equal(rule);
      const lost = dropped(session.aggregator).map(({ participant, step: at }) => [participant, at]);
      expect(lost).to.deep.equal([[bad, step]]);
      expect(survivors(session.aggregator).includes(bad)).to.equal(step === 'certify' || step === 'reveal');
    });
  }

  it('that advertises in the name of another', () => {
    const session = misled('advertise', (_, session) => session.replies.find(({ from }) => from === '2')!.frame);
    expect(excludedBy(session)).to.equal('cohort.sender');
  });

  it('that copies the keys of another', () => {
    const session = misled('advertise', (frame, session) => {
      const [other] = session.replies.filter(({ from }) => from === '2').map((reply) => reply.frame);
      const { sealingKey, maskKey } = codec.advert.decode(
        other!.type === 'advertise' ? other!.advert.body : new Uint8Array(0),
      );
      const body = codec.advert.encode({ ...codec.advert.decode(frame.advert.body), sealingKey, maskKey });
      return { ...frame, advert: signBody(crypto, badSigner(session), 'CSA1/advert', body) };
    });
    expect(excludedBy(session)).to.equal('cohort.duplicate-key');
  });

  it('whose boxes are not those it signed, or too few', () => {
    const otherBox = misled('share', (frame) => ({
      ...frame,
      boxes: replaced(frame.boxes, 0, { ...frame.boxes[0]!, box: flip(frame.boxes[0]!.box) }),
    }));
    expect(excludedBy(otherBox)).to.equal('share.root');
    expect(excludedBy(misled('share', (frame) => ({ ...frame, boxes: frame.boxes.slice(1) })))).to.equal('share.boxes');
    const shortBox = misled('share', (frame) => ({
      ...frame,
      boxes: replaced(frame.boxes, 0, { ...frame.boxes[0]!, box: frame.boxes[0]!.box.slice(1) }),
    }));
    expect(excludedBy(shortBox)).to.equal('share.box');
  });

  it('whose vector is not as long as the layout', () => {
    const session = misled('upload', (frame, session) => {
      const body = codec.upload.encode({ ...codec.upload.decode(frame.upload.body), lengthBytes: 48 });
      return { ...frame, upload: signBody(crypto, badSigner(session), 'CSA1/upload', body) };
    });
    expect(excludedBy(session)).to.equal('upload.length');
  });

  it('that signs another statement', () => {
    const session = misled('certify', (frame, session) => {
      const body = codec.survivors.encode({
        ...codec.survivors.decode(frame.statement.body),
        inputsHash: new Uint8Array(32),
      });
      return { ...frame, statement: signBody(crypto, badSigner(session), 'CSA1/survivors', body) };
    });
    expect(excludedBy(session)).to.equal('certify.statement');
  });

  it('that reveals a share its dealer did not commit to: a wrong share never reaches a sum', () => {
    const session = misled('reveal', (frame, session) =>
      revealing(frame, session, (body) => ({
        ...body,
        shares: replaced(body.shares, 1, { ...body.shares[1]!, share: new Uint8Array(32) }),
      })),
    );
    expect(excludedBy(session)).to.equal('reveal.share');
  });

  it('that reveals the wrong kind of share', () => {
    const session = misled('reveal', (frame, session) =>
      revealing(frame, session, (body) => ({
        ...body,
        shares: replaced(body.shares, 1, { ...body.shares[1]!, kind: 'mask' }),
      })),
    );
    expect(excludedBy(session)).to.equal('reveal.kind');
  });

  it('that reveals for another statement', () => {
    const session = misled('reveal', (frame, session) =>
      revealing(frame, session, (body) => ({ ...body, inputsHash: new Uint8Array(32) })),
    );
    expect(excludedBy(session)).to.equal('reveal.session');
  });
});

describe('A dealer with bad boxes', () => {
  /** "3" of eight (c = 3, T = 6) seals nonsense for some receivers, with everything else in order. */
  const dealingBadlyTo = (receivers: readonly number[]) =>
    new InMemorySession({
      participants: 8,
      maxColluders: 3,
      onPorts: (participant, ports) => (participant === bad ? { ...ports, crypto: sealingNonsense(receivers) } : ports),
    }).run();
  const opensTheSumOf = (session: InMemorySession, participants: readonly string[]) => {
    expect(survivors(session.aggregator)).to.deep.equal(participants);
    expect(session.opened!.map((lanes) => [...lanes])).to.deep.equal(session.sumOf(participants));
  };

  it('for one receiver stays a dealer, and the sum is right', () => {
    const session = dealingBadlyTo([5]);
    opensTheSumOf(session, session.ids);
    const unconfirmed = session.records.filter(({ type }) => type === 'unconfirmed');
    expect(unconfirmed).to.deep.equal([{ type: 'unconfirmed', dealer: bad, participant: '6' }]);
  });

  it('for all but T stays a dealer, and the sum is right', () => {
    const session = dealingBadlyTo([6, 7]);
    opensTheSumOf(session, session.ids);
  });

  it('for so many that T cannot confirm it is left out, and the others finish', () => {
    const session = dealingBadlyTo([0, 1, 5]);
    opensTheSumOf(
      session,
      session.ids.filter((id) => id !== bad),
    );
    expect(dropped(session.aggregator).map(({ participant, step }) => [participant, step])).to.deep.equal([
      [bad, 'confirm'],
    ]);
  });

  it('whose shares rebuild another secret than it committed to is named, and nothing is opened', () => {
    const session = new InMemorySession({
      participants: 6,
      maxColluders: 2,
      onPorts: (participant, ports) => (participant === bad ? { ...ports, codec: committingToAnother } : ports),
    }).run();
    expect(session.aggregator.phase).to.equal('abandoned');
    expect(session.sum).to.equal(undefined);
    expect(session.records.filter(({ type }) => type === 'blamed')).to.deep.equal([
      { type: 'blamed', participant: bad, reason: 'the shares it dealt do not rebuild the secret it committed to' },
    ]);
  });
});

describe('The aggregator', () => {
  it('shows different dealers to nobody: split views never give a sum', () => {
    const session = new InMemorySession({
      participants: 6,
      maxColluders: 2,
      onFrame: (to, frame) => {
        if (frame.type !== 'dealers' || to > '3') return frame;
        return { ...frame, dealers: Uint8Array.of(0b11111), shares: frame.shares.slice(0, 5) };
      },
    }).run();
    expect(session.aggregator.phase).to.equal('aborted');
    expect(session.sum).to.equal(undefined);
    expect(session.replies.some(({ frame }) => frame.type === 'reveal')).to.equal(false);
  });

  it('acknowledges a repeat again, refuses other content, and takes nothing from strangers', () => {
    const session = new InMemorySession({ participants: 4, maxColluders: 1 }).run();
    const take = (from: string, frame: SessionReply): AggregatorEffect => {
      const { state, effects } = stepAggregator(session.aggregatorPorts, session.aggregator, {
        type: 'reply',
        from,
        frame,
      });
      expect(state).to.equal(session.aggregator);
      expect(effects).to.have.length(1);
      return effects[0]!;
    };
    for (const { from, frame } of session.replies) {
      const effect = take(from, frame);
      expect(effect).to.include({ type: 'accepted', from, step: frame.type });
    }
    const [mine, other] = ['1', '2'].map((id) => session.replies.find(({ from }) => from === id)!.frame);
    const conflict = take('1', other!);
    expect(conflict.type === 'rejected' && ruleOf(conflict.error)).to.equal('conflict');
    const foreign = take('9', mine!);
    expect(foreign.type === 'rejected' && ruleOf(foreign.error)).to.equal('protocol');
  });

  it('acknowledges a good statement and a good reveal that come after T others', () => {
    const late: AggregatorEffect[] = [];
    const session = new InMemorySession({
      participants: 6,
      maxColluders: 2,
      onReply: (from, frame) =>
        from === '6' && (frame.type === 'certify' || frame.type === 'reveal') ? held(frame) : frame,
    });
    const kept: SessionReply[] = [];
    function held(frame: SessionReply): undefined {
      kept.push(frame);
    }
    session.run();
    expect(session.aggregator.phase).to.equal('opened');
    const [statement] = kept.filter((frame) => frame.type === 'certify');
    const forged = { ...statement!, statement: broken(statement!.statement) };
    expect(session.toAggregator({ type: 'reply', from: '6', frame: forged })[0]!.type).to.equal('rejected');
    for (const frame of kept) late.push(...session.toAggregator({ type: 'reply', from: '6', frame }));
    expect(late.map(({ type }) => type)).to.deep.equal(['journal', 'accepted', 'journal', 'accepted']);
  });

  it('takes a vector only for the header it signed, and acknowledges it once it is durable', () => {
    let effects: readonly AggregatorEffect[] = [];
    const session = new InMemorySession({
      participants: 4,
      maxColluders: 1,
      onReply: (from, frame, session) => {
        if (from === '4' && frame.type === 'upload') {
          effects = [
            ...session.toAggregator({ type: 'upload-complete', from: '4', contentDigest: new Uint8Array(32) }),
            ...session.toAggregator({ type: 'reply', from: '4', frame }),
            ...session.toAggregator({ type: 'upload-complete', from: '4', contentDigest: new Uint8Array(32) }),
            ...session.toAggregator({ type: 'reply', from: '4', frame }),
          ];
        }
        return frame;
      },
    }).run();
    expect(effects.map(({ type }) => type)).to.deep.equal(['journal', 'expect-upload', 'expect-upload']);
    expect(survivors(session.aggregator)).to.deep.equal(session.ids);
  });

  it('writes down what it froze before it shows it', () => {
    const order: string[] = [];
    new InMemorySession({
      participants: 4,
      maxColluders: 1,
      onFrame: (_, frame, { records }) => {
        order.push(`${frame.type} after ${records.filter(({ type }) => type !== 'input').at(-1)!.type}`);
        return frame;
      },
    }).run();
    expect([...new Set(order)]).to.deep.equal([
      'open after session-opened',
      'cohort after cohort-frozen',
      'boxes after cohort-frozen',
      'dealers after dealers-frozen',
      'proposal after survivors-frozen',
      'certificate after certified',
    ]);
  });

  it('gives the same frames again when the same events are replayed', () => {
    const options: SessionOptions = {
      participants: 5,
      maxColluders: 1,
      seed: 9,
      silentFrom: new Map([['2', 'upload']]),
    };
    const [one, two] = [new InMemorySession(options).run(), new InMemorySession(options).run()];
    for (const id of one.ids) expect(framesSent(one.aggregator, id)).to.deep.equal(framesSent(two.aggregator, id));
    expect(one.records).to.deep.equal(two.records);
  });

  it('ignores the deadline of a step that is over', () => {
    const session = new InMemorySession({ participants: 4, maxColluders: 1 });
    expect(session.toAggregator({ type: 'close-step', step: 'reveal' })).to.deep.equal([]);
    expect(awaited(session.aggregator)).to.deep.equal(session.ids);
    expect(session.run().toAggregator({ type: 'close-step', step: 'reveal' })).to.deep.equal([]);
  });

  it('never throws on a damaged message', () => {
    const seen = new Set<string>();
    new InMemorySession({
      participants: 4,
      maxColluders: 1,
      onReply: (from, frame, session) => {
        if (from !== '2' || seen.has(frame.type)) return frame;
        seen.add(frame.type);
        // The others answer first, so the step the message belongs to is open; nothing of this changes the session's own state.
        for (const damaged of mutationsOf(frame)) {
          const { effects } = stepAggregator(session.aggregatorPorts, session.aggregator, {
            type: 'reply',
            from,
            frame: damaged,
          });
          expect(
            effects.some(
              (effect) => effect.type === 'rejected' || effect.type === 'accepted' || effect.type === 'expect-upload',
            ),
          ).to.equal(true);
        }
        return frame;
      },
    }).run();
    expect(seen.size).to.equal(6);
  });

  it('refuses to open what cannot hold: too few, too many, unknown members, an overflowing ring', () => {
    const session = new InMemorySession({ participants: 4, maxColluders: 1 });
    const opening = (change: Partial<AggregatorOptions>) =>
      ruleThrownBy(() =>
        openAggregator(session.aggregatorPorts, {
          config: session.config,
          roster: session.roster,
          invited: session.ids,
          ...change,
        }),
      );
    expect(opening({})).to.equal(undefined);
    expect(opening({ invited: ['1', '2'] })).to.equal('cohort.min');
    expect(opening({ invited: [...session.ids, '5'] })).to.equal('cohort.max');
    expect(opening({ invited: ['1', '2', '9'] })).to.equal('cohort.roster');
    expect(opening({ invited: ['1', '2', '2'] })).to.equal('cohort.roster');
    const config = { ...session.config, maxCohort: 250 };
    expect(opening({ config })).to.equal('segments.ring');
  });
});

function broken(signed: { readonly body: Uint8Array; readonly signature: Uint8Array }) {
  return { ...signed, signature: flip(signed.signature) };
}

function revealing(
  frame: ReplyOf<'reveal'>,
  session: InMemorySession,
  change: (body: RevealBody) => RevealBody,
): SessionReply {
  const body = codec.reveal.encode(change(codec.reveal.decode(frame.reveal.body)));
  return { ...frame, reveal: signBody(crypto, badSigner(session), 'CSA1/reveal', body) };
}

/** Primitives of dealer "3" (index 2): boxes are sealed in the order of the receivers, its own left out. */
function sealingNonsense(receivers: readonly number[]): CryptoPort {
  let next = 0;
  return {
    ...crypto,
    secretboxSeal: (plaintext, nonce, key) => {
      const receiver = next < 2 ? next : next + 1;
      next++;
      const box = crypto.secretboxSeal(plaintext, nonce, key);
      return receivers.includes(receiver) ? new Uint8Array(box.length) : box;
    },
  };
}

const committingToAnother: SessionCodec = {
  ...codec,
  share: { ...codec.share, encode: (body) => codec.share.encode({ ...body, selfSecretHash: new Uint8Array(32) }) },
};
