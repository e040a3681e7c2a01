import {
  concat,
  type DeliveredBox,
  FederatedError,
  framesSent,
  layoutOf,
  openParticipant,
  type ParticipantEffect,
  type ParticipantOptions,
  type ParticipantRecord,
  type ParticipantState,
  type SessionFrame,
  type SessionReply,
  signBody,
  stepParticipant,
  toHex,
} from '@concordat/core';
import { expect } from 'chai';
import { mutationsOf } from '../../support/mutations.js';
import { detailThrownBy, ruleOf, ruleThrownBy } from '../../support/rules.js';
import { codec, crypto, InMemorySession } from '../../support/session.js';

const id = '2';

/** An honest session, with what participant "2" was opened with, received, recorded and answered. */
function played(participants = 4) {
  let options: ParticipantOptions | undefined;
  const session = new InMemorySession({
    participants,
    maxColluders: 1,
    onOpen: (offered) => {
      if (offered.participantId === id) options = { ...offered, root: offered.root!.slice() };
      return offered;
    },
  }).run();
  const replies = session.replies.filter(({ from }) => from === id).map(({ frame }) => frame);
  return {
    session,
    options: options!,
    frames: framesSent(session.aggregator, id),
    replies,
    records: session.participantRecords.get(id)!,
  };
}

const sends = (effects: readonly ParticipantEffect[]): readonly SessionReply[] =>
  effects.flatMap((effect) => (effect.type === 'send' ? [effect.frame] : []));

/** Feed frames as they came, the vector of the first play standing in for the runner's. */
function replay(
  play: ReturnType<typeof played>,
  records: readonly ParticipantRecord[],
  frames: readonly SessionFrame[] = play.frames,
): { readonly state: ParticipantState; readonly effects: readonly ParticipantEffect[] } {
  const ports = play.session.ports(id);
  const masked = play.records.find((record) => record.type === 'masked')!;
  let state = openParticipant({ ...play.options, records });
  const effects: ParticipantEffect[] = [];
  for (const frame of frames) {
    let step = stepParticipant(ports, state, { type: 'frame', frame });
    effects.push(...step.effects);
    if (step.effects.some((effect) => effect.type === 'mask')) {
      step = stepParticipant(ports, step.state, { ...masked, type: 'masked' });
      effects.push(...step.effects);
    }
    state = step.state;
  }
  return { state, effects };
}

/** The same, with a statement of other bytes. */
function damagedCertificate(frame: SessionFrame): SessionFrame {
  if (frame.type !== 'certificate') throw new Error(`${frame.type} is no certificate`);
  return { ...frame, body: new Uint8Array(3) };
}

/** The same bytes of one box, cut in other places, or with one of them changed in each part. */
function otherBoxes(frame: SessionFrame): readonly [string, SessionFrame][] {
  if (frame.type !== 'boxes') throw new Error(`${frame.type} holds no boxes`);
  const [first, ...rest] = frame.boxes;
  const other = (change: Partial<DeliveredBox>): SessionFrame => ({
    ...frame,
    boxes: [{ ...first!, ...change }, ...rest],
  });
  const flipped = (bytes: Uint8Array) => bytes.map((byte, at) => (at === 0 ? byte ^ 1 : byte));
  const { share, box, path } = first!;
  return [
    ['another dealer', other({ dealer: 3 })],
    ['another body', other({ share: { ...share, body: flipped(share.body) } })],
    ['another signature', other({ share: { ...share, signature: flipped(share.signature) } })],
    ['another box', other({ box: flipped(box) })],
    ['another hash of a share', other({ selfShareHash: flipped(first!.selfShareHash) })],
    ['another hash of the other share', other({ maskShareHash: flipped(first!.maskShareHash) })],
    ['another path', other({ path: path.map((node, at) => (at === 1 ? flipped(node) : node)) })],
    ['a shorter path', other({ path: path.slice(0, -1) })],
    ['a path in one piece', other({ path: [concat(...path)] })],
    [
      'a body that ends earlier, a signature that begins earlier',
      other({
        share: { body: share.body.slice(0, -1), signature: concat(share.body.slice(-1), share.signature) },
      }),
    ],
    [
      'its last hash as the first of the path',
      other({ maskShareHash: new Uint8Array(0), path: [first!.maskShareHash, ...path] }),
    ],
  ];
}

describe('A participant', () => {
  const play = played();
  const before = (type: ParticipantRecord['type']) =>
    play.records.slice(
      0,
      play.records.findIndex((record) => record.type === type),
    );

  it('writes down each step before it sends the answer', () => {
    expect(play.records.map(({ type }) => type)).to.deep.equal([
      'advertised',
      'cohort-accepted',
      'boxes-confirmed',
      'dealers-accepted',
      'masked',
      'uploaded',
      'survivors-signed',
      'revealed',
    ]);
    const { effects } = replay(play, []);
    let journalled = 0;
    for (const effect of effects) {
      if (effect.type === 'journal') journalled++;
      if (effect.type === 'send') expect(journalled--, effect.frame.type).to.be.greaterThan(0);
    }
    // The same again, but for the receipt, which only its coordinator can give.
    const records = effects.flatMap((effect) => (effect.type === 'journal' ? [effect.record] : []));
    expect(records).to.deep.equal(play.records.filter(({ type }) => type !== 'uploaded'));
  });

  it('answers a repeated frame with identical bytes, at any time', () => {
    const ports = play.session.ports(id);
    for (let count = 1; count <= play.frames.length; count++) {
      const { state } = replay(play, [], play.frames.slice(0, count));
      // After the reveal only the certificate is still answered; the secrets behind the rest are gone.
      const seen = state.phase === 'revealed' ? play.frames.slice(-1) : play.frames.slice(0, count);
      const answers = seen.flatMap((frame) => sends(stepParticipant(ports, state, { type: 'frame', frame }).effects));
      const expected = state.phase === 'revealed' ? play.replies.slice(-1) : play.replies.slice(0, count);
      expect(answers).to.deep.equal(expected);
    }
  });

  it('takes no box that differs in any part from the one it confirmed, or is cut elsewhere', () => {
    const boxes = play.frames.findIndex(({ type }) => type === 'boxes');
    const { state } = replay(play, [], play.frames.slice(0, boxes + 1));
    for (const [how, frame] of otherBoxes(play.frames[boxes]!)) {
      const { effects } = stepParticipant(play.session.ports(id), state, { type: 'frame', frame });
      const refused = effects.find((effect) => effect.type === 'refuse');
      expect(ruleOf(refused?.type === 'refuse' ? refused.error : undefined), how).to.equal('boxes.second');
      expect(sends(effects), how).to.deep.equal([]);
    }
  });

  it('answers as before after a restart at any point, and never masks twice', () => {
    for (const type of [
      'advertised',
      'cohort-accepted',
      'dealers-accepted',
      'masked',
      'uploaded',
      'survivors-signed',
      'revealed',
    ] as const) {
      const { state, effects } = replay(play, before(type));
      expect(sends(effects), type).to.deep.equal(play.replies);
      const masks = effects.filter((effect) => effect.type === 'mask').length;
      expect(masks, type).to.equal(before(type).some((record) => record.type === 'masked') ? 0 : 1);
      expect(state.phase).to.equal('revealed');
    }
  });

  it('keeps its promises across a restart', () => {
    const promises: readonly [string, ParticipantRecord, number][] = [
      ['config.second', { type: 'advertised', configHash: new Uint8Array(32) }, 1],
      ['cohort.second', { type: 'cohort-accepted', sid: new Uint8Array(32), participants: [] }, 2],
      [
        'boxes.second',
        {
          type: 'boxes-confirmed',
          sid: new Uint8Array(32),
          boxesHash: new Uint8Array(32),
          confirmed: new Uint8Array(1),
        },
        3,
      ],
      ['dealers.second', { type: 'dealers-accepted', sid2: new Uint8Array(32), dealers: new Uint8Array(1) }, 4],
      [
        'survivors.second',
        { type: 'survivors-signed', sid2: new Uint8Array(32), body: new Uint8Array(3), survivors: 3 },
        5,
      ],
    ];
    for (const [rule, record, count] of promises) {
      const refused = replay(play, [record], play.frames.slice(0, count)).effects.find(
        (effect) => effect.type === 'refuse',
      );
      expect(ruleOf(refused?.type === 'refuse' ? refused.error : undefined)).to.equal(rule);
    }
  });

  it('is not made to leave by a bad frame after a restart, once it has uploaded: the others need its shares', () => {
    const ports = play.session.ports(id);
    const bad = { type: 'open', config: { body: new Uint8Array(3), signature: new Uint8Array(64) } } as const;
    for (const [records, last] of [
      [before('masked'), 'erase'],
      [before('uploaded'), 'refuse'],
      [play.records, 'refuse'],
    ] as const) {
      const opened = openParticipant({ ...play.options, records });
      const { state, effects } = stepParticipant(ports, opened, { type: 'frame', frame: bad });
      expect(effects.at(-1)!.type).to.equal(last);
      if (last === 'refuse') expect(state).to.equal(opened);
    }
  });

  it('stays out of a session it refused or left, or whose secrets it erased when it had revealed', () => {
    const { root: _, ...erased } = play.options;
    for (const [options, records] of [
      [erased, play.records],
      [play.options, [{ type: 'ended' }]],
      [play.options, [...play.records, { type: 'ended' }]],
    ] as const) {
      const { state, effects } = replay({ ...play, options }, records);
      expect(state.phase).to.equal('ended');
      expect(effects).to.deep.equal([]);
    }
  });

  it('reveals with the same bytes when it died before its secrets were erased, and on no other certificate', () => {
    const { state, effects } = replay(play, play.records);
    expect([state.phase, sends(effects)]).to.deep.equal(['revealed', play.replies]);
    expect(effects.at(-1)).to.deep.equal({ type: 'erase' });
    const revealed = play.records.find(({ type }) => type === 'revealed')!;
    const forgotten = play.records.filter(({ type }) => type !== 'survivors-signed');
    const others = forgotten.map((record) => (record === revealed ? { ...record, body: new Uint8Array(3) } : record));
    const refusals = replay(play, others as ParticipantRecord[]).effects.filter(({ type }) => type === 'refuse');
    expect(refusals.map((effect) => (effect.type === 'refuse' ? ruleOf(effect.error) : ''))).to.deep.equal([
      'certificate.second',
    ]);
  });

  it('erases its secrets when it reveals, and when it leaves', () => {
    expect(replay(play, []).effects.at(-1)).to.deep.equal({ type: 'erase' });
    const { state } = replay(play, [], play.frames.slice(0, 3));
    const left = stepParticipant(play.session.ports(id), state, { type: 'end' });
    const { options, slots } = state;
    const remembered = { ...slots, ended: { type: 'ended' } };
    expect(left.state).to.deep.equal({ phase: 'ended', options, slots: remembered });
    expect(left.effects).to.deep.equal([{ type: 'journal', record: { type: 'ended' } }, { type: 'erase' }]);
    expect(stepParticipant(play.session.ports(id), left.state, { type: 'end' }).effects).to.deep.equal([]);
  });

  it('keeps nothing of the root once it has revealed', () => {
    const { state } = replay(play, []);
    const root = Buffer.from(play.options.root!).toString('hex');
    expect(
      JSON.stringify(state, (_, value) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value)),
    ).to.not.include(root);
  });

  it('ignores a frame that comes too early', () => {
    const ports = play.session.ports(id);
    for (let count = 0; count < play.frames.length - 1; count++) {
      const { state } = replay(play, [], play.frames.slice(0, count));
      for (const frame of play.frames.slice(count + 1)) {
        // A certificate helps whoever holds sid2, also without having seen the proposal.
        if (frame.type === 'certificate' && count >= 4) continue;
        expect(stepParticipant(ports, state, { type: 'frame', frame })).to.deep.equal({ state, effects: [] });
      }
    }
  });

  it('never throws on a damaged frame', () => {
    const ports = play.session.ports(id);
    play.frames.forEach((frame, index) => {
      const { state } = replay(play, [], play.frames.slice(0, index));
      for (const damaged of mutationsOf(frame)) {
        const { effects } = stepParticipant(ports, state, { type: 'frame', frame: damaged });
        for (const effect of effects)
          if (effect.type === 'send') expect(effect.frame.type).to.be.oneOf(['confirm', play.replies[index]!.type]);
      }
    });
  });

  it('answers nothing but its certificate once it has revealed, and has nothing left to erase', () => {
    const ports = play.session.ports(id);
    const { state } = replay(play, []);
    for (const frame of play.frames.slice(0, -1)) {
      expect(stepParticipant(ports, state, { type: 'frame', frame }), frame.type).to.deep.equal({ state, effects: [] });
    }
    const { options, slots } = state;
    const over = { state: { phase: 'ended', options, slots }, effects: [] };
    expect(stepParticipant(ports, state, { type: 'end' })).to.deep.equal(over);
  });

  it('has promised nothing when it begins', () => {
    const opened = openParticipant(play.options);
    expect([opened.phase, opened.slots]).to.deep.equal(['opened', {}]);
  });

  it('takes a vector only when it asked for one, and a receipt only while it uploads', () => {
    const ports = play.session.ports(id);
    const vector = play.records.find((record) => record.type === 'masked')!;
    const strange = { type: 'uploaded', receipt: { body: new Uint8Array(1), signature: new Uint8Array(64) } } as const;
    for (let count = 0; count <= play.frames.length; count++) {
      const { state } = replay(play, [], play.frames.slice(0, count));
      const nothing = { state, effects: [] };
      expect(stepParticipant(ports, state, { ...vector, type: 'masked' }), state.phase).to.deep.equal(nothing);
      if (state.phase !== 'uploading') expect(stepParticipant(ports, state, strange)).to.deep.equal(nothing);
    }
  });

  it('reveals while its own vector is still being masked, and stays by it', () => {
    const ports = play.session.ports(id);
    const { state } = replay(play, before('masked'), play.frames.slice(0, 3));
    const masking = stepParticipant(ports, state, { type: 'frame', frame: play.frames[3]! }).state;
    expect(masking.phase).to.equal('masking');
    expect(stepParticipant(ports, masking, { type: 'frame', frame: play.frames[3]! })).to.deep.equal({
      state: masking,
      effects: [],
    });
    const { state: after, effects } = stepParticipant(ports, masking, { type: 'frame', frame: play.frames.at(-1)! });
    expect([after.phase, sends(effects).map(({ type }) => type)]).to.deep.equal(['revealed', ['reveal']]);
    // It masked nothing, and still only the bad frame is refused: the reveal stays answered.
    const spoiled = damagedCertificate(play.frames.at(-1)!);
    const refused = stepParticipant(ports, after, { type: 'frame', frame: spoiled });
    expect(refused.effects.map(({ type }) => type)).to.deep.equal(['journal', 'refuse']);
    const again = stepParticipant(ports, refused.state, { type: 'frame', frame: play.frames.at(-1)! });
    expect(sends(again.effects)).to.deep.equal(sends(effects));
  });

  it('lets an error of our own through, whatever the peer sent', () => {
    const ports = play.session.ports(id);
    const opened = openParticipant(play.options);
    for (const error of [new Error('a bug'), new FederatedError('internal', 'a bug that was noticed')]) {
      const broken = {
        ...ports,
        crypto: {
          ...crypto,
          sha256: () => {
            throw error;
          },
        },
      };
      expect(() => stepParticipant(broken, opened, { type: 'frame', frame: play.frames[0]! })).to.throw(error as Error);
    }
  });

  it('refuses a receipt that is not the coordinator’s, or about something else', () => {
    const ports = play.session.ports(id);
    const { state } = replay(play, [], play.frames.slice(0, 4));
    const masked = play.records.find((record) => record.type === 'masked')!;
    const { runId, round } = play.session.config;
    const about = {
      runId,
      round,
      step: 'upload',
      participantId: id,
      contentDigest: masked.type === 'masked' ? masked.contentDigest : new Uint8Array(32),
    };
    const rule = (signer: Parameters<typeof signBody>[1], body: typeof about) => {
      const receipt = signBody(crypto, signer, 'CSA1/receipt', codec.receipt.encode(body));
      const { effects } = stepParticipant(ports, state, { type: 'uploaded', receipt });
      const refused = effects.find((effect) => effect.type === 'refuse');
      return refused?.type === 'refuse' ? ruleOf(refused.error) : undefined;
    };
    const { coordinator } = play.session;
    expect(rule(coordinator, about)).to.equal(undefined);
    const receipt = signBody(crypto, coordinator, 'CSA1/receipt', codec.receipt.encode(about));
    const { state: held, effects } = stepParticipant(ports, state, { type: 'uploaded', receipt });
    const record = play.records.find(({ type }) => type === 'uploaded');
    expect([held.phase, effects]).to.deep.equal(['uploaded', [{ type: 'journal', record }]]);
    const other = signBody(crypto, coordinator, 'CSA1/receipt', codec.receipt.encode({ ...about, round: 9 }));
    const [, refused] = stepParticipant(ports, state, { type: 'uploaded', receipt: other }).effects;
    const upload = `upload ${toHex(about.contentDigest)} of ${id} in round`;
    expect(refused?.type === 'refuse' ? refused.error.detail : undefined).to.deep.equal({
      rule: 'upload.receipt',
      required: `${upload} ${round}`,
      offered: `${upload} 9`,
    });
    expect(rule(play.session.signers.get('3')!, about)).to.equal('upload.receipt');
    for (const change of [
      { runId: 'other' },
      { round: 9 },
      { step: 'share' },
      { participantId: '3' },
      { contentDigest: new Uint8Array(32) },
    ]) {
      expect(rule(coordinator, { ...about, ...change })).to.equal('upload.receipt');
    }
  });

  it('does not sign a vector of another length than the layout', () => {
    const ports = play.session.ports(id);
    const { state } = replay(play, before('masked'), play.frames.slice(0, 3));
    const masking = stepParticipant(ports, state, { type: 'frame', frame: play.frames[3]! }).state;
    const event = { type: 'masked', lengthBytes: 48, merkleRoot: new Uint8Array(32) } as const;
    expect(masking.phase).to.equal('masking');
    expect(ruleThrownBy(() => stepParticipant(ports, masking, event))).to.equal('invalid-argument');
    expect(detailThrownBy(() => stepParticipant(ports, masking, event))).to.deep.equal({
      required: layoutOf(play.session.config.segments).lengthBytes,
      offered: 48,
    });
    const vector = play.records.find((record) => record.type === 'masked')!;
    const short = { ...vector, merkleRoot: new Uint8Array(31) } as typeof event;
    expect(ruleThrownBy(() => stepParticipant(ports, masking, short))).to.equal('invalid-argument');
  });
});
