import {
  type BoxesFrame,
  type CertificateFrame,
  type CohortFrame,
  type DealersFrame,
  dealersId,
  framesSent,
  inputsHash,
  type ProposalFrame,
  type RosterView,
  type SessionConfig,
  type SessionFrame,
  type SessionStep,
  type SurvivorsBody,
  signBody,
  survivors,
  toBitmap,
} from '@concordat/core';
import { expect } from 'chai';
import { replaced } from '../../support/mutations.js';
import { ruleOf } from '../../support/rules.js';
import { codec, crypto, InMemorySession, type SessionOptions } from '../../support/session.js';

const victim = '1';
const n = 5;
type FrameOf<Type extends SessionFrame['type']> = Extract<SessionFrame, { type: Type }>;
type Forge<Type extends SessionFrame['type']> = (frame: FrameOf<Type>, session: InMemorySession) => SessionFrame;

/** A session of five (c = 1, T = 4) in which the coordinator forges one frame to participant "1". */
function forged<Type extends SessionFrame['type']>(
  type: Type,
  forge: Forge<Type>,
  options: Partial<SessionOptions> = {},
): InMemorySession {
  const onFrame = (to: string, frame: SessionFrame, session: InMemorySession) =>
    to === victim && frame.type === type ? forge(frame as FrameOf<Type>, session) : frame;
  return new InMemorySession({ participants: n, maxColluders: 1, onFrame, ...options }).run();
}

/** The rule the victim refused by, and that it left: before its upload a refusal ends the session for it, and only for it. */
function leavesBy(session: InMemorySession): string | undefined {
  const refusal = session.refusals.find(({ participant }) => participant === victim);
  expect(session.participants.get(victim)!.phase).to.equal('ended');
  expect(session.refusals.every(({ participant }) => participant === victim)).to.equal(true);
  expect(session.participantRecords.get(victim)!.some(({ type }) => type === 'refused')).to.equal(true);
  return ruleOf(refusal?.error);
}

/** The rule of a refusal after the upload: the frame is refused, the participant stays. */
function staysBy(session: InMemorySession): string | undefined {
  expect(session.participants.get(victim)!.phase).to.not.equal('ended');
  return ruleOf(session.refusals[0]?.error);
}

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

const flip = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => (i === 5 ? byte ^ 1 : byte));

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

describe('A participant refuses to sign survivors', () => {
  const proposed = (frame: ProposalFrame, session: InMemorySession, change: Partial<SurvivorsBody>): ProposalFrame => {
    const body = codec.survivors.encode({ ...codec.survivors.decode(frame.proposal.body), ...change });
    return { ...frame, proposal: signBody(crypto, session.coordinator, 'CSA1/proposal', body) };
  };
  const upload = (
    frame: ProposalFrame,
    index: number,
    change: Partial<ProposalFrame['uploads'][number]['upload']>,
  ) => ({
    ...frame,
    uploads: replaced(frame.uploads, index, {
      participant: index,
      upload: { ...frame.uploads[index]!.upload, ...change },
    }),
  });
  const headerOf = (session: InMemorySession, frame: ProposalFrame, index: number, change: object) => {
    const body = { ...codec.upload.decode(frame.uploads[index]!.upload.body), ...change };
    return signBody(crypto, session.signers.get(String(index + 1))!, 'CSA1/upload', codec.upload.encode(body));
  };
  const silent = (id: string, step: SessionStep): Partial<SessionOptions> => ({ silentFrom: new Map([[id, step]]) });

  it('that the coordinator did not propose', () => {
    const session = forged('proposal', (frame) => ({
      ...frame,
      proposal: { ...frame.proposal, signature: flip(frame.proposal.signature) },
    }));
    expect(staysBy(session)).to.equal('survivors.proposal');
  });

  it('of another session', () => {
    const session = forged('proposal', (frame, session) => proposed(frame, session, { sid2: new Uint8Array(32) }));
    expect(staysBy(session)).to.equal('survivors.session');
  });

  it('who are not all dealers', () => {
    const everyone = { survivors: toBitmap(n, [0, 1, 2, 3, 4]) };
    const session = forged('proposal', (frame, session) => proposed(frame, session, everyone), silent('5', 'confirm'));
    expect(staysBy(session)).to.equal('survivors.dealers');
  });

  it('who are too few', () => {
    const three = { survivors: toBitmap(n, [0, 1, 2]) };
    const session = forged('proposal', (frame, session) => proposed(frame, session, three));
    expect(staysBy(session)).to.equal('survivors.too-few');
  });

  it('who are fewer than the plan demands, although they are T', () => {
    const four = { survivors: toBitmap(n, [0, 1, 2, 3]) };
    const session = forged('proposal', (frame, session) => proposed(frame, session, four), { minSurvivors: 5 });
    expect(staysBy(session)).to.equal('survivors.too-few');
  });

  it('without itself', () => {
    const others = { survivors: toBitmap(n, [1, 2, 3, 4]) };
    const session = forged('proposal', (frame, session) => proposed(frame, session, others));
    expect(staysBy(session)).to.equal('survivors.self');
  });

  it('whose uploads are not shown', () => {
    const session = forged('proposal', (frame) => ({ ...frame, uploads: frame.uploads.slice(0, 4) }));
    expect(staysBy(session)).to.equal('survivors.list');
  });

  it('with an upload that is not signed by its participant', () => {
    const session = forged('proposal', (frame) =>
      upload(frame, 2, { signature: flip(frame.uploads[2]!.upload.signature) }),
    );
    expect(staysBy(session)).to.equal('survivors.upload-signature');
  });

  it('with an upload of another session or length', () => {
    for (const change of [{ sid2: new Uint8Array(32) }, { lengthBytes: 48 }]) {
      const session = forged('proposal', (frame, session) => upload(frame, 2, headerOf(session, frame, 2, change)));
      expect(staysBy(session)).to.equal('survivors.upload');
    }
  });

  it('with another upload in its own name', () => {
    const session = forged('proposal', (frame, session) =>
      upload(frame, 0, headerOf(session, frame, 0, { merkleRoot: new Uint8Array(32) })),
    );
    expect(staysBy(session)).to.equal('survivors.own-upload');
  });

  it('for other uploads than it is shown', () => {
    const session = forged('proposal', (frame, session) =>
      upload(frame, 2, headerOf(session, frame, 2, { merkleRoot: new Uint8Array(32) })),
    );
    expect(staysBy(session)).to.equal('survivors.inputs');
  });

  it('a second time, however valid the other proposal is', () => {
    const session = forged('certificate', (frame, session) => {
      session.toParticipant(victim, secondProposal(session));
      return frame;
    });
    expect(staysBy(session)).to.equal('survivors.second');
    expect(session.participants.get(victim)!.phase).to.equal('revealed');
  });
});

describe('A participant refuses a certificate', () => {
  it('that is short', () => {
    const session = forged('certificate', (frame) => ({ ...frame, signatures: frame.signatures.slice(0, 3) }));
    expect(staysBy(session)).to.equal('certificate.short');
  });

  it('that counts a signer twice', () => {
    const session = forged('certificate', (frame) => ({
      ...frame,
      signatures: [frame.signatures[0]!, ...frame.signatures.slice(0, 3)],
    }));
    expect(staysBy(session)).to.equal('certificate.repeated');
  });

  it('with a signer who did not survive', () => {
    const session = forged(
      'certificate',
      (frame, session) => {
        const { signature } = signBody(crypto, session.signers.get('5')!, 'CSA1/survivors', frame.body);
        return { ...frame, signatures: [...frame.signatures.slice(0, 3), { participant: 4, signature }] };
      },
      { silentFrom: new Map([['5', 'upload']]) },
    );
    expect(staysBy(session)).to.equal('certificate.signer');
  });

  it('with a signature on something else', () => {
    const session = forged('certificate', (frame) => {
      const [first] = frame.signatures;
      return { ...frame, signatures: replaced(frame.signatures, 0, { ...first!, signature: flip(first!.signature) }) };
    });
    expect(staysBy(session)).to.equal('certificate.signature');
  });

  it('on another statement than it signed, with T true signatures', () => {
    const session = forged('certificate', (_, session) =>
      certificateOn(session, secondProposal(session).proposal.body),
    );
    expect(staysBy(session)).to.equal('survivors.second');
    expect(session.replies.some(({ from, frame }) => from === victim && frame.type === 'reveal')).to.equal(false);
  });

  it('that comes second, after its reveal', () => {
    const session = new InMemorySession({ participants: n, maxColluders: 1 }).run();
    session.toParticipant(victim, certificateOn(session, secondProposal(session).proposal.body));
    expect(staysBy(session)).to.equal('certificate.second');
  });
});

describe('A participant that was not in the sum', () => {
  it('reveals all the same: it only helps the others to finish', () => {
    const session = forged('proposal', (frame) => frame, { silentFrom: new Map([['5', 'upload']]) });
    expect(survivors(session.aggregator)).to.deep.equal(['1', '2', '3', '4']);
    const last = session.participantRecords.get('5')!.at(-1)!;
    expect(last).to.include({ type: 'revealed', included: false });
  });

  it('never reveals both kinds of share for one dealer, nor anything without a certificate', () => {
    const session = forged('proposal', (frame) => frame, { silentFrom: new Map([['5', 'upload']]) });
    for (const { frame } of session.replies) {
      if (frame.type !== 'reveal') continue;
      const { shares } = codec.reveal.decode(frame.reveal.body);
      expect(shares.map(({ dealer, kind }) => `${dealer} ${kind}`)).to.deep.equal([
        '0 self',
        '1 self',
        '2 self',
        '3 self',
        '4 mask',
      ]);
    }
  });
});

/** A second proposal without participant "5" that would pass every check but the first one's existence. */
function secondProposal(session: InMemorySession): ProposalFrame {
  const frames = framesSent(session.aggregator, victim);
  const dealers = frames.find((frame) => frame.type === 'dealers')!;
  const { uploads } = frames.find((frame) => frame.type === 'proposal')!;
  const kept = uploads.slice(0, 4);
  const [cohort] = frames.filter((frame) => frame.type === 'cohort');
  expect(cohort!.adverts.length).to.equal(n);
  const { sid2 } = codec.upload.decode(uploads[0]!.upload.body);
  const { sid } = codec.share.decode((frames[2] as BoxesFrame).boxes[0]!.share.body);
  const listed = dealers.shares.map(({ dealer, bodyHash }) => ({ index: dealer, bodyHash }));
  expect(dealersId(crypto, sid, n, listed)).to.deep.equal(sid2);
  const members = kept.map(({ participant, upload }) => ({ index: participant, bodyHash: crypto.sha256(upload.body) }));
  const body = codec.survivors.encode({
    sid2,
    survivors: toBitmap(
      n,
      members.map(({ index }) => index),
    ),
    inputsHash: inputsHash(crypto, sid2, n, members),
  });
  return { type: 'proposal', proposal: signBody(crypto, session.coordinator, 'CSA1/proposal', body), uploads: kept };
}

/** T true signatures on a statement: what colluding signers could make. */
function certificateOn(session: InMemorySession, body: Uint8Array): CertificateFrame {
  const signatures = [0, 1, 2, 3].map((participant) => ({
    participant,
    signature: signBody(crypto, session.signers.get(String(participant + 1))!, 'CSA1/survivors', body).signature,
  }));
  return { type: 'certificate', body, signatures };
}
