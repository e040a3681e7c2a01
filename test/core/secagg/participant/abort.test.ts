import {
  framesSent,
  openParticipant,
  type ParticipantEffect,
  type ParticipantOptions,
  type ParticipantRecord,
  type ParticipantState,
  type SessionFrame,
  type SessionReply,
  signBody,
  stepParticipant,
} from '@concordat/core';
import { expect } from 'chai';
import { replaced } from '../../../support/mutations.js';
import { ruleOf } from '../../../support/rules.js';
import { codec, crypto, InMemorySession } from '../../../support/session.js';

const id = '2';
/** n = 4, c = 1: T = A = 3. */
const quorum = ['1', '3', '4'];

/** A whole session, with participant "2" as it stood before each frame it was sent. */
const standings: { readonly frame: SessionFrame; readonly state: ParticipantState; readonly records: number }[] = [];
let offered: ParticipantOptions;
const session = new InMemorySession({
  participants: 4,
  maxColluders: 1,
  onOpen: (options) => {
    if (options.participantId === id) offered = options;
    return options;
  },
  onFrame: (to, frame, { participants, participantRecords }) => {
    const records = participantRecords.get(id)!.length;
    if (to === id) standings.push({ frame, state: participants.get(id)!, records });
    return frame;
  },
}).run();
const records = session.participantRecords.get(id)!;
const { sid } = records.find(
  (record): record is Extract<ParticipantRecord, { type: 'cohort-accepted' }> => record.type === 'cohort-accepted',
)!;

const proposal: SessionFrame = { type: 'abort-proposal', sid };
const body = codec.abort.encode({ sid });
const signatureOf = (signer: string) => ({
  participant: session.ids.indexOf(signer),
  signature: signBody(crypto, session.signers.get(signer)!, 'CSA1/abort', body).signature,
});
const certificate: SessionFrame = { type: 'abort-certificate', body, signatures: quorum.map(signatureOf) };
const answer: SessionReply = {
  type: 'abort',
  statement: signBody(crypto, session.signers.get(id)!, 'CSA1/abort', body),
};

const tell = (state: ParticipantState, frame: SessionFrame) =>
  stepParticipant(session.ports(id), state, { type: 'frame', frame });
const typesOf = (effects: readonly ParticipantEffect[]): readonly string[] =>
  effects.map((effect) => (effect.type === 'journal' ? effect.record.type : effect.type));
const refused = (effects: readonly ParticipantEffect[]): string | undefined => {
  const effect = effects.find(({ type }) => type === 'refuse');
  return ruleOf(effect?.type === 'refuse' ? effect.error : undefined);
};
/** Started again from these records; without the root unless said. */
const restarted = (known: readonly ParticipantRecord[], root?: Uint8Array): ParticipantState => {
  const { root: _, ...options } = offered;
  return openParticipant({ ...options, ...(root === undefined ? {} : { root }), records: known });
};

const [beforeCohort, afterCohort] = [standings.slice(0, 2), standings.slice(2)];

describe('A participant that is asked for an abort', () => {
  it('signs in whatever phase once it accepted the cohort, writes it down first, and erases its secrets', () => {
    expect(afterCohort.map(({ state }) => state.phase)).to.deep.equal(['shared', 'confirmed', 'uploaded', 'signed']);
    for (const { state } of afterCohort) {
      const { state: after, effects } = tell(state, proposal);
      expect(typesOf(effects), state.phase).to.deep.equal(['abort-signed', 'send', 'erase']);
      expect(effects[1]).to.deep.equal({ type: 'send', frame: answer });
      expect([after.phase, Object.keys(after).sort()]).to.deep.equal(['ended', ['options', 'phase', 'slots']]);
      expect(tell(after, proposal).effects, 'again').to.deep.equal([{ type: 'send', frame: answer }]);
    }
  });

  it('never signs survivors or reveals after it, also when it was started again with its root', () => {
    for (const { state, records: count } of afterCohort) {
      const signed = tell(state, proposal);
      const known = [...records.slice(0, count), { type: 'abort-signed', sid, body } as const];
      for (const after of [signed.state, restarted(known, offered.root), restarted(known)]) {
        for (const { frame } of standings) {
          const { effects } = tell(after, frame);
          const late = frame.type === 'proposal' || frame.type === 'certificate';
          expect(refused(effects), frame.type).to.equal(late ? 'abort.signed' : undefined);
          expect(typesOf(effects)).to.not.include.members(['send']);
        }
      }
    }
  });

  it('has nothing to abort before it accepted a cohort', () => {
    for (const { state } of beforeCohort) {
      for (const frame of [proposal, certificate]) {
        expect(tell(state, frame)).to.deep.equal({ state, effects: [] });
      }
    }
    const left = restarted([{ type: 'advertised', configHash: new Uint8Array(32) }]);
    expect(tell(left, proposal)).to.deep.equal({ state: left, effects: [] });
  });

  it('does not sign once it has revealed, before or after a restart', () => {
    for (const state of [session.participants.get(id)!, restarted(records), restarted(records, offered.root)]) {
      const { state: after, effects } = tell(state, proposal);
      expect(refused(effects)).to.equal('abort.revealed');
      expect([typesOf(effects), after]).to.deep.equal([['refused', 'refuse'], state]);
    }
  });

  it('signs after a restart without its secrets, for they are gone: the same bytes as with them', () => {
    for (const { records: count } of afterCohort) {
      for (const ending of [[], [{ type: 'ended' } as const]]) {
        const state = restarted([...records.slice(0, count), ...ending]);
        expect(state.phase).to.equal('ended');
        const { state: after, effects } = tell(state, proposal);
        expect(typesOf(effects)).to.deep.equal(['abort-signed', 'send']);
        expect(effects[1]).to.deep.equal({ type: 'send', frame: answer });
        expect(tell(after, proposal).effects).to.deep.equal([{ type: 'send', frame: answer }]);
      }
      const { effects } = tell(restarted(records.slice(0, count), offered.root), proposal);
      expect(typesOf(effects), 'with its root').to.deep.equal(['abort-signed', 'send', 'erase']);
      expect(effects[1]).to.deep.equal({ type: 'send', frame: answer });
    }
  });

  it('signs when it has left the session', () => {
    const left = stepParticipant(session.ports(id), afterCohort[2]!.state, { type: 'end' });
    expect(typesOf(tell(left.state, proposal).effects)).to.deep.equal(['abort-signed', 'send']);
  });

  it('ends a session in which the proposal is for another one, unless it has uploaded', () => {
    const outcomes = afterCohort.map(({ state }) => {
      const { effects } = tell(state, { type: 'abort-proposal', sid: new Uint8Array(32) });
      expect(refused(effects)).to.equal('abort.session');
      return typesOf(effects).at(-1);
    });
    expect(outcomes).to.deep.equal(['erase', 'erase', 'refuse', 'refuse']);
  });
});

describe('A participant that is shown an abort certificate', () => {
  it('writes it down in whatever phase, signed or not, and is done with the session', () => {
    for (const { state } of afterCohort) {
      const { state: after, effects } = tell(state, certificate);
      expect(typesOf(effects), state.phase).to.deep.equal(['abort-certified', 'erase']);
      expect(effects[0]).to.deep.include({ record: { type: 'abort-certified', sid, signers: quorum } });
      expect([after.phase, tell(after, certificate).effects]).to.deep.equal(['ended', []]);
      const signed = tell(state, proposal).state;
      expect(typesOf(tell(signed, certificate).effects)).to.deep.equal(['abort-certified']);
    }
  });

  it('believes it also where it has revealed: fewer than T did', () => {
    for (const state of [session.participants.get(id)!, restarted(records)]) {
      const { state: after, effects } = tell(state, certificate);
      expect([typesOf(effects), after.phase]).to.deep.equal([['abort-certified'], 'ended']);
    }
  });

  it('checks it after a restart, without its secrets or with them, against the cohort it had accepted', () => {
    const known = records.slice(0, afterCohort[0]!.records);
    expect(typesOf(tell(restarted(known), certificate).effects)).to.deep.equal(['abort-certified']);
    expect(typesOf(tell(restarted(known, offered.root), certificate).effects)).to.deep.equal([
      'abort-certified',
      'erase',
    ]);
    const certified = [...known, { type: 'abort-certified', sid, signers: quorum } as const];
    const state = restarted(certified, offered.root);
    expect([state.phase, tell(state, certificate).effects]).to.deep.equal(['ended', []]);
  });

  it('refuses what does not decode, fewer than A, and a signer whom its roster does not know any more', () => {
    const { state } = afterCohort[3]!;
    const { signatures } = certificate as Extract<SessionFrame, { type: 'abort-certificate' }>;
    const broken = { ...certificate, body: body.subarray(0, 20) } as SessionFrame;
    expect(refused(tell(state, broken).effects)).to.equal('malformed');
    const short = { ...certificate, signatures: signatures.slice(1) } as SessionFrame;
    expect(refused(tell(state, short).effects)).to.equal('abort.short');
    const twice = { ...certificate, signatures: replaced(signatures, 2, signatures[0]!) } as SessionFrame;
    expect(refused(tell(state, twice).effects)).to.equal('abort.repeated');
    const { root: _, ...options } = offered;
    const roster = new Map([...options.roster].filter(([member]) => member !== '3'));
    const smaller = openParticipant({ ...options, roster, records: records.slice(0, afterCohort[3]!.records) });
    expect(refused(tell(smaller, certificate).effects)).to.equal('abort.signer');
  });

  it('answers no frame of the session afterwards', () => {
    const { state } = tell(afterCohort[3]!.state, certificate);
    for (const frame of framesSent(session.aggregator, id)) {
      expect(tell(state, frame)).to.deep.equal({ state, effects: [] });
    }
    expect(tell(state, proposal).effects, 'but an abort for the others').to.have.length(2);
  });
});
