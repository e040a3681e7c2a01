import {
  type BoxesFrame,
  type CohortFrame,
  type DealersFrame,
  framesSent,
  type RosterView,
  type SessionConfig,
  type SessionFrame,
  signBody,
  toBitmap,
} from '@concordat/core';
import { expect } from 'chai';
import { type Forge, flip, forged, leavesBy, n, staysBy, victim } from '../../support/forged-frames.js';
import { replaced } from '../../support/mutations.js';
import { ruleOf } from '../../support/rules.js';
import { codec, crypto, InMemorySession, type SessionOptions } from '../../support/session.js';

function resignedConfig(session: InMemorySession, change: Partial<SessionConfig>): SessionFrame {
  const body = codec.config.encode({ ...session.config, ...change });
  return { type: 'open', config: signBody(crypto, session.coordinator, 'CSA1/config', body) };
}

function resignedAdvert(
  frame: CohortFrame,
  session: InMemorySession,
  change: { readonly index: number; readonly fields: object },
): CohortFrame {
  const body = codec.advert.decode(frame.adverts[change.index]!.body);
  const signer = session.signers.get(body.participantId)!;
  const advert = signBody(crypto, signer, 'CSA1/advert', codec.advert.encode({ ...body, ...change.fields }));
  return { ...frame, adverts: replaced(frame.adverts, change.index, advert) };
}

describe('A participant refuses a configuration', () => {
  const changes: readonly Partial<SessionConfig>[] = [
    { runId: 'run-2' },
    { round: 2 },
    { planHash: new Uint8Array(32) },
    { rosterHash: new Uint8Array(32) },
    { baseModelHash: new Uint8Array(32) },
    { parameters: 49 },
    { clippingNorm: 2 },
    { maxWeight: 200 },
    { minCohort: 4 },
    { maxCohort: 6 },
    { minSurvivors: 4 },
    { maxColluders: 0 },
    { privacy: 'gaussian' },
    { stepMillis: 1 },
  ];
  for (const change of changes) {
    const [field] = Object.keys(change);
    it(`whose ${field} is not the approved one`, () => {
      expect(leavesBy(forged('open', (_, session) => resignedConfig(session, change)))).to.equal(`config.${field}`);
    });
  }

  it('whose segments are not the approved ones', () => {
    const segment = (session: InMemorySession) => session.config.segments[0]!;
    const wider = forged('open', (_, session) =>
      resignedConfig(session, { segments: replaced(session.config.segments, 0, { ...segment(session), bits: 24 }) }),
    );
    expect(leavesBy(wider)).to.equal('config.segments.bits');
    const fewer = forged('open', (_, session) => resignedConfig(session, { segments: [segment(session)] }));
    expect(leavesBy(fewer)).to.equal('config.segments');
  });

  it('of an unknown suite', () => {
    const session = forged('open', (frame, session) => {
      // The codec writes no other suite, so the bytes are changed and signed again.
      const body = Uint8Array.from(
        Buffer.from(Buffer.from(frame.config.body).toString('latin1').replace('CSA1', 'CSA9'), 'latin1'),
      );
      return { type: 'open', config: signBody(crypto, session.coordinator, 'CSA1/config', body) };
    });
    expect(leavesBy(session)).to.equal('malformed');
    expect(session.refusals[0]!.error.message).to.include('suite');
  });

  it('that the coordinator did not sign', () => {
    const session = forged('open', ({ config }) => ({
      type: 'open',
      config: { ...config, signature: flip(config.signature) },
    }));
    expect(leavesBy(session)).to.equal('config.signature');
  });

  it('that overflows its ring, although it was approved', () => {
    const session = new InMemorySession({
      participants: n,
      onOpen: (options) => ({ ...options, terms: { ...options.terms, maxCohort: 250 } }),
      onFrame: (_, frame, session) => (frame.type === 'open' ? resignedConfig(session, { maxCohort: 250 }) : frame),
    });
    session.run();
    expect(ruleOf(session.refusals[0]!.error)).to.equal('segments.ring');
  });

  it('that comes second', () => {
    const session = forged('cohort', (_, session) => resignedConfig(session, { sessionNonce: new Uint8Array(32) }));
    expect(leavesBy(session)).to.equal('config.second');
  });
});

describe('A participant refuses a cohort', () => {
  const withRoster = (change: (roster: RosterView) => RosterView): Partial<SessionOptions> => ({
    onOpen: (options) => (options.participantId === victim ? { ...options, roster: change(options.roster) } : options),
  });
  const honest: Forge<'cohort'> = (frame) => frame;

  it('with a member that is not in its roster', () => {
    const without = withRoster((roster) => new Map([...roster].filter(([id]) => id !== '3')));
    expect(leavesBy(forged('cohort', honest, without))).to.equal('cohort.roster');
  });

  it('with two members of one organization', () => {
    const twice = withRoster((roster) => new Map(roster).set('3', { ...roster.get('3')!, organization: 'org-2' }));
    expect(leavesBy(forged('cohort', honest, twice))).to.equal('cohort.organization');
  });

  it('with a key of low order', () => {
    const session = forged('cohort', (frame, session) =>
      resignedAdvert(frame, session, { index: 2, fields: { maskKey: new Uint8Array(32) } }),
    );
    expect(leavesBy(session)).to.equal('cohort.key');
  });

  it('with a key that is not canonical', () => {
    const session = forged('cohort', (frame, session) =>
      resignedAdvert(frame, session, { index: 2, fields: { sealingKey: new Uint8Array(32).fill(0xff) } }),
    );
    expect(leavesBy(session)).to.equal('cohort.key');
  });

  it('in which a key occurs twice among the 2n', () => {
    const session = forged('cohort', (frame, session) => {
      const { sealingKey } = codec.advert.decode(frame.adverts[3]!.body);
      return resignedAdvert(frame, session, { index: 2, fields: { maskKey: sealingKey } });
    });
    expect(leavesBy(session)).to.equal('cohort.duplicate-key');
  });

  it('that leaves it out', () => {
    const session = forged('cohort', (frame) => ({ ...frame, adverts: frame.adverts.slice(1) }));
    expect(leavesBy(session)).to.equal('cohort.self-absent');
  });

  it('that alters its own entry', () => {
    const session = forged('cohort', (frame, session) =>
      resignedAdvert(frame, session, { index: 0, fields: { maskKey: new Uint8Array(32).fill(9) } }),
    );
    expect(leavesBy(session)).to.equal('cohort.self-altered');
  });

  it('with an advertisement for another configuration', () => {
    const session = forged('cohort', (frame, session) =>
      resignedAdvert(frame, session, { index: 2, fields: { configHash: new Uint8Array(32) } }),
    );
    expect(leavesBy(session)).to.equal('cohort.config');
  });

  it('with an advertisement its participant did not sign', () => {
    const session = forged('cohort', (frame) => {
      const advert = frame.adverts[2]!;
      return { ...frame, adverts: replaced(frame.adverts, 2, { ...advert, signature: flip(advert.signature) }) };
    });
    expect(leavesBy(session)).to.equal('cohort.signature');
  });

  it('that is not sorted, or names one twice', () => {
    const swapped = forged('cohort', (frame) => ({ ...frame, adverts: [...frame.adverts].reverse() }));
    expect(leavesBy(swapped)).to.equal('cohort.order');
    const twice = forged('cohort', (frame) => ({ ...frame, adverts: replaced(frame.adverts, 1, frame.adverts[0]!) }));
    expect(leavesBy(twice)).to.equal('cohort.order');
  });

  it('that is smaller or larger than approved', () => {
    const small = forged('cohort', (frame) => ({ ...frame, adverts: frame.adverts.slice(0, 3) }), { minCohort: 4 });
    expect(leavesBy(small)).to.equal('cohort.min');
    const colluders = forged('cohort', (frame) => ({ ...frame, adverts: frame.adverts.slice(0, 4) }), {
      maxColluders: 3,
    });
    expect(leavesBy(colluders)).to.equal('cohort.colluders');
    const large = forged('cohort', (frame) => ({ ...frame, adverts: [...frame.adverts, frame.adverts[0]!] }));
    expect(leavesBy(large)).to.equal('cohort.max');
  });

  it('that is the second one for its advertisement', () => {
    const session = forged('boxes', (_, session) => {
      const [, cohort] = framesSent(session.aggregator, victim) as [SessionFrame, CohortFrame];
      return { ...cohort, adverts: cohort.adverts.slice(0, 4) };
    });
    expect(leavesBy(session)).to.equal('cohort.second');
  });
});

describe('A participant takes boxes', () => {
  const confirmedBy = (session: InMemorySession): Uint8Array => {
    const reply = session.replies.find(({ from, frame }) => from === victim && frame.type === 'confirm')!.frame;
    return reply.type === 'confirm' ? codec.confirm.decode(reply.confirm.body).confirmed : new Uint8Array(0);
  };
  const damage: readonly [string, (box: BoxesFrame['boxes'][number]) => BoxesFrame['boxes'][number]][] = [
    ['a box that does not open', (box) => ({ ...box, box: flip(box.box) })],
    ['a share hash that is not the signed one', (box) => ({ ...box, selfShareHash: flip(box.selfShareHash) })],
    ['a path to another root', (box) => ({ ...box, path: box.path.slice(1) })],
    [
      'a share body its dealer did not sign',
      (box) => ({ ...box, share: { ...box.share, signature: flip(box.share.signature) } }),
    ],
  ];
  for (const [what, change] of damage) {
    it(`and does not confirm ${what}, and goes on`, () => {
      const session = forged('boxes', (frame) => ({
        ...frame,
        boxes: replaced(frame.boxes, 0, change(frame.boxes[0]!)),
      }));
      expect([...confirmedBy(session)]).to.deep.equal([0b11101]);
      expect(session.refusals).to.deep.equal([]);
      expect(session.records).to.deep.include({ type: 'unconfirmed', dealer: '2', participant: victim });
      expect(session.opened!.map((lanes) => [...lanes])).to.deep.equal(session.sumOf(session.ids));
    });
  }

  it('and confirms nobody whose box is missing', () => {
    const session = forged('boxes', (frame) => ({ ...frame, boxes: frame.boxes.slice(1) }));
    expect([...confirmedBy(session)]).to.deep.equal([0b11101]);
  });

  it('but no dealer twice, not itself, and nobody outside the cohort', () => {
    for (const dealer of [2, 0, 9, -1]) {
      const session = forged('boxes', (frame) => ({
        ...frame,
        boxes: [...frame.boxes, { ...frame.boxes[0]!, dealer }],
      }));
      expect(leavesBy(session), String(dealer)).to.equal('boxes.dealers');
    }
  });

  it('but not other boxes than those it confirmed', () => {
    const session = forged('dealers', (_, session) => {
      const boxes = framesSent(session.aggregator, victim)[2] as BoxesFrame;
      return { ...boxes, boxes: boxes.boxes.slice(1) };
    });
    expect(leavesBy(session)).to.equal('boxes.second');
  });
});

describe('A participant refuses dealers', () => {
  const only = (frame: DealersFrame, dealers: readonly number[]): DealersFrame => ({
    ...frame,
    dealers: toBitmap(n, dealers),
    shares: frame.shares.filter(({ dealer }) => dealers.includes(dealer)),
  });

  it('that are fewer than T', () => {
    expect(leavesBy(forged('dealers', (frame) => only(frame, [0, 1, 2])))).to.equal('dealers.too-few');
  });

  it('without itself', () => {
    expect(leavesBy(forged('dealers', (frame) => only(frame, [1, 2, 3, 4])))).to.equal('dealers.self');
  });

  it('whose share bodies are not listed for each, in order', () => {
    const session = forged('dealers', (frame) => ({ ...frame, shares: [...frame.shares].reverse() }));
    expect(leavesBy(session)).to.equal('dealers.list');
  });

  it('with another share body than the one it confirmed', () => {
    const session = forged('dealers', (frame) => ({
      ...frame,
      shares: replaced(frame.shares, 2, { ...frame.shares[2]!, bodyHash: new Uint8Array(32) }),
    }));
    expect(leavesBy(session)).to.equal('dealers.share');
  });

  it('with a dealer it did not confirm and that signed nothing', () => {
    const session = new InMemorySession({
      participants: n,
      maxColluders: 1,
      onFrame: (to, frame) => {
        if (to !== victim) return frame;
        if (frame.type === 'boxes') return { ...frame, boxes: frame.boxes.slice(1) };
        if (frame.type !== 'dealers') return frame;
        return { ...frame, shares: replaced(frame.shares, 1, { ...frame.shares[1]!, bodyHash: new Uint8Array(32) }) };
      },
    }).run();
    expect(leavesBy(session)).to.equal('dealers.signature');
  });

  it('that come second, and keeps to the first', () => {
    const session = forged('proposal', (frame, session) => {
      session.toParticipant(victim, only(framesSent(session.aggregator, victim)[3] as DealersFrame, [0, 1, 2, 3]));
      return frame;
    });
    expect(staysBy(session)).to.equal('dealers.second');
    expect(session.participants.get(victim)!.phase).to.equal('revealed');
  });
});
