import {
  type AggregatorEffect,
  type AggregatorEvent,
  type AggregatorRecord,
  abortsLacking,
  awaited,
  awaitedAborts,
  framesSent,
  isOver,
  openParticipant,
  type ParticipantOptions,
  restoreAggregator,
  type SessionFrame,
  type SessionReply,
  type SessionStep,
  signBody,
  signersOf,
  stepAggregator,
} from '@concordat/core';
import { expect } from 'chai';
import { ruleOf } from '../../support/rules.js';
import { codec, crypto, InMemorySession, type SessionOptions } from '../../support/session.js';

/** A session whose participants can die, and come back from their journal alone. */
class MortalSession {
  readonly gone = new Set<string>();
  readonly session: InMemorySession;
  readonly #options = new Map<string, ParticipantOptions>();

  /** @param dies who is gone once this kind of frame is on its way to it. */
  constructor(
    options: Partial<SessionOptions> & { participants: number },
    dies: ReadonlyMap<string, SessionFrame['type']>,
  ) {
    this.session = new InMemorySession({
      onOpen: (offered) => {
        this.#options.set(offered.participantId, offered);
        return offered;
      },
      onFrame: (to, frame) => {
        if (dies.get(to) === frame.type) this.gone.add(to);
        return this.gone.has(to) ? undefined : frame;
      },
      ...options,
    }).run();
  }

  /** Start again without the secrets, and be told what there is to be told. */
  comeBack(id: string): void {
    this.gone.delete(id);
    const { root: _, ...known } = this.#options.get(id)!;
    const records = this.session.participantRecords.get(id)!;
    this.session.participants.set(id, openParticipant({ ...known, records }));
    for (const frame of framesSent(this.session.aggregator, id)) this.session.toParticipant(id, frame);
    this.session.run();
  }
}

const dyingAt = (type: SessionFrame['type'], ids: readonly string[]) => new Map(ids.map((id) => [id, type]));

/** Records of one type. */
function recordsOf<Type extends AggregatorRecord['type']>(session: InMemorySession, type: Type) {
  return session.records.filter((record): record is Extract<AggregatorRecord, { type: Type }> => record.type === type);
}

/** Who holds the abort certificate in its journal. */
const freed = (session: InMemorySession): readonly string[] =>
  session.ids.filter((id) => session.participantRecords.get(id)!.some(({ type }) => type === 'abort-certified'));

/** Five of whom two are silent from certify: three sign survivors, T = 4 is missed, and A = 3 sign abort. */
const lost: ReadonlyMap<string, SessionStep> = new Map([
  ['4', 'certify'],
  ['5', 'certify'],
]);
const aborted = (options: Partial<SessionOptions> = {}): InMemorySession =>
  new InMemorySession({ participants: 5, maxColluders: 1, silentFrom: lost, ...options }).run();

/** The same before anybody's abort arrived, with the aborts that were kept back. */
function aborting(options: Partial<SessionOptions> = {}) {
  const kept = new Map<string, SessionReply>();
  const session = aborted({
    onReply: (from, reply) => {
      if (reply.type !== 'abort') return reply;
      kept.set(from, reply);
      return undefined;
    },
    ...options,
  });
  return { session, kept };
}

const only = (effects: readonly AggregatorEffect[]): AggregatorEffect =>
  effects.find(({ type }) => type === 'accepted' || type === 'rejected')!;

describe('A session that is given up after its uploads', () => {
  it('of three with one dead is aborted by the two that are left, and the third is free when it returns', () => {
    const mortal = new MortalSession({ participants: 3, maxColluders: 1 }, dyingAt('proposal', ['2']));
    const { session } = mortal;
    expect(session.aggregator.phase).to.equal('aborted');
    const { sid } = recordsOf(session, 'cohort-frozen')[0]!;
    expect(recordsOf(session, 'aborted')).to.deep.equal([{ type: 'aborted', sid, signers: ['1', '3'] }]);
    expect(freed(session)).to.deep.equal(['1', '3']);
    mortal.comeBack('2');
    expect(freed(session)).to.deep.equal(['1', '2', '3']);
    expect([session.refusals, session.rejections, session.opened]).to.deep.equal([[], [], undefined]);
  });

  it('of ten in which four signed and four died waits for them by name, and one that returns frees all', () => {
    const dead = ['7', '8', '9', '10'];
    const mortal = new MortalSession(
      {
        participants: 10,
        maxColluders: 3,
        onReply: (from, reply) => (reply.type === 'certify' && Number(from) > 4 ? undefined : reply),
      },
      dyingAt('proposal', dead),
    );
    const { session } = mortal;
    expect(session.aggregator.phase).to.equal('aborting');
    expect(signersOf(session.aggregator)).to.deep.equal(['1', '2', '3', '4']);
    expect(awaitedAborts(session.aggregator)).to.deep.equal(['10', '7', '8', '9']);
    expect([abortsLacking(session.aggregator), isOver(session.aggregator)]).to.deep.equal([1, false]);
    expect(freed(session)).to.deep.equal([]);
    mortal.comeBack('9');
    expect(recordsOf(session, 'aborted').map(({ signers }) => signers.length)).to.deep.equal([7]);
    for (const id of ['7', '8', '10']) mortal.comeBack(id);
    expect([...freed(session)].sort()).to.deep.equal([...session.ids].sort());
    expect([signersOf(session.aggregator), awaitedAborts(session.aggregator)]).to.deep.equal([[], []]);
    expect([abortsLacking(session.aggregator), isOver(session.aggregator)]).to.deep.equal([0, true]);
    expect([session.refusals, session.rejections, session.opened]).to.deep.equal([[], [], undefined]);
  });

  it('writes down why, and the certificate, before anybody hears of them', () => {
    const heard: [string, readonly string[]][] = [];
    const session = aborted({
      onFrame: (to, frame, { records }) => {
        if (to === '5') heard.push([frame.type, records.map(({ type }) => type)]);
        return frame;
      },
    });
    const before = (type: string) => heard.find(([sent]) => sent === type)![1];
    expect(before('abort-proposal')).to.include('abandoned').and.not.include('aborted');
    expect(before('abort-certificate')).to.include('aborted');
    const { abandonment } = recordsOf(session, 'abandoned')[0]!;
    expect([abandonment.step, abandonment.detail.signers]).to.deep.equal(['certify', ['1', '2', '3']]);
  });

  it('tells its runner that it is given up, and once that it is aborted, in the order of what it does', () => {
    const { session, kept } = aborting();
    const told = (effects: readonly AggregatorEffect[]) =>
      effects.map((effect) => (effect.type === 'journal' ? effect.record.type : effect.type));
    const first = {
      config: recordsOf(session, 'session-opened')[0]!.config,
      invited: session.ids,
      roster: session.roster,
    };
    const events = recordsOf(session, 'input').map(({ event }) => event);
    const last = events.at(-1)!;
    expect(last).to.deep.equal({ type: 'close-step', step: 'certify' });
    const before = restoreAggregator(session.aggregatorPorts, { ...first, events: events.slice(0, -1) }).state;
    expect(before.phase).to.equal('certify');
    const given = stepAggregator(session.aggregatorPorts, before, { type: 'abandon', reason: 'enough' });
    expect(told(given.effects)).to.deep.equal(['input', 'abandoned', 'abandoned', ...Array(5).fill('send')]);
    const steps = [...kept]
      .slice(0, 3)
      .map(([from, frame]) => told(session.toAggregator({ type: 'reply', from, frame })));
    expect(steps).to.deep.equal([
      ['input', 'accepted'],
      ['input', 'accepted'],
      ['input', 'accepted', 'aborted', ...Array(5).fill('send'), 'aborted'],
    ]);
  });

  it('asks for an abort once more, and shows the certificate afterwards, to whoever connects; nothing else', () => {
    const { session, kept } = aborting();
    const typesSent = () =>
      session.ids.map((id) =>
        framesSent(session.aggregator, id)
          .map(({ type }) => type)
          .join(),
      );
    expect(typesSent()).to.deep.equal(Array(5).fill('abort-proposal'));
    for (const [from, frame] of kept) session.toAggregator({ type: 'reply', from, frame });
    expect(typesSent()).to.deep.equal(Array(5).fill('abort-certificate'));
  });

  it('takes an abort from a member that had left, and acknowledges those that come after the certificate', () => {
    const { session, kept } = aborting({
      silentFrom: new Map([
        ['4', 'upload'],
        ['5', 'certify'],
      ]),
      minSurvivors: 5,
    });
    expect(session.aggregator.absent.has('4')).to.equal(true);
    for (const id of ['4', '1', '2', '5']) {
      expect(only(session.toAggregator({ type: 'reply', from: id, frame: kept.get(id)! }))).to.include({
        type: 'accepted',
        step: 'abort',
      });
    }
    expect(recordsOf(session, 'aborted').map(({ signers }) => signers)).to.deep.equal([['1', '2', '4']]);
  });

  it('acknowledges a repeated abort, and refuses another one, a forged one, one of another session and strangers', () => {
    const { session, kept } = aborting();
    const take = (from: string, frame: SessionReply) => only(session.toAggregator({ type: 'reply', from, frame }));
    const frame = kept.get('1')! as Extract<SessionReply, { type: 'abort' }>;
    const foreign = codec.abort.encode({ sid: new Uint8Array(32) });
    const statement = signBody(crypto, session.signers.get('2')!, 'CSA1/abort', foreign);
    const errorOf = (effect: AggregatorEffect) => ruleOf(effect.type === 'rejected' ? effect.error : undefined);
    expect(errorOf(take('2', frame))).to.equal('abort.signature');
    expect(errorOf(take('2', { type: 'abort', statement }))).to.equal('abort.session');
    expect(errorOf(take('nobody', frame))).to.equal('protocol');
    expect(take('1', frame)).to.include({ type: 'accepted', step: 'abort' });
    expect(take('1', frame)).to.include({ type: 'accepted', step: 'abort' });
    expect(errorOf(take('1', { type: 'abort', statement }))).to.equal('conflict');
    expect(awaitedAborts(session.aggregator)).to.deep.equal(['2', '3', '4', '5']);
    expect(abortsLacking(session.aggregator)).to.equal(2);
  });

  it('acknowledges a statement that was under way, and counts its signer as barred; one on something else is refused', () => {
    const late = new Map<string, SessionReply>();
    const { session } = aborting({
      silentFrom: new Map(),
      onReply: (from, reply) => {
        if (reply.type === 'certify' && from > '3') late.set(from, reply);
        return reply.type === 'abort' || late.has(from) ? undefined : reply;
      },
    });
    const take = (from: string, frame: SessionReply) => only(session.toAggregator({ type: 'reply', from, frame }));
    expect(signersOf(session.aggregator)).to.deep.equal(['1', '2', '3']);
    expect(take('4', late.get('4')!)).to.include({ type: 'accepted', step: 'certify' });
    expect(signersOf(session.aggregator)).to.deep.equal(['1', '2', '3', '4']);
    expect(session.aggregator.phase).to.equal('aborting');
    const wrong = take('5', late.get('4')!);
    expect(ruleOf(wrong.type === 'rejected' ? wrong.error : undefined)).to.equal('certify.signature');
    const shares = session.replies.find(({ from, frame }) => from === '4' && frame.type === 'share')!;
    expect(take('4', shares.frame), 'an answer of before').to.include({ type: 'accepted', step: 'share' });
  });

  it('expects no abort while it lasts, and no statement where none was proposed', () => {
    const { session } = aborting({ silentFrom: new Map([['4', 'upload']]), minSurvivors: 5 });
    const statement = { body: new Uint8Array(1), signature: new Uint8Array(64) };
    const early = new InMemorySession({ participants: 4, maxColluders: 1 });
    for (const [at, frame] of [
      [session, { type: 'certify', statement }],
      [early, { type: 'abort', statement }],
    ] as const) {
      const answer = only(at.toAggregator({ type: 'reply', from: '1', frame }));
      expect(ruleOf(answer.type === 'rejected' ? answer.error : undefined)).to.equal('protocol');
    }
  });

  it('is restored from the events that changed it, while aborts are awaited and after their certificate', () => {
    const { session, kept } = aborting();
    const restored = () =>
      restoreAggregator(session.aggregatorPorts, {
        config: recordsOf(session, 'session-opened')[0]!.config,
        invited: session.ids,
        roster: session.roster,
        events: recordsOf(session, 'input').map(({ event }) => event),
      });
    expect(restored()).to.deep.equal({ state: session.aggregator, effects: [] });
    for (const [from, frame] of kept) session.toAggregator({ type: 'reply', from, frame });
    expect(session.aggregator.phase).to.equal('aborted');
    expect(restored()).to.deep.equal({ state: session.aggregator, effects: [] });
  });

  it('changes nothing any more by deadlines, absences and uploads', () => {
    const { session } = aborting();
    const events: readonly AggregatorEvent[] = [
      { type: 'close-step', step: 'certify' },
      { type: 'absent', from: '1', reason: 'left' },
      { type: 'upload-complete', from: '1', contentDigest: new Uint8Array(32) },
      { type: 'abandon', reason: 'again' },
    ];
    for (const event of events) {
      const { state, effects } = stepAggregator(session.aggregatorPorts, session.aggregator, event);
      expect([state, effects]).to.deep.equal([session.aggregator, []]);
    }
    expect(awaited(session.aggregator)).to.deep.equal([]);
  });
});

describe('A coordinator that gives a session up', () => {
  /** A session that stands in this step, and gives up there. */
  function givenUpIn(step: SessionStep): InMemorySession {
    const session: InMemorySession = new InMemorySession({
      participants: 4,
      maxColluders: 1,
      onReply: (_, reply) => (reply.type === step ? undefined : reply),
      onFrame: (_to, frame, { aggregator }) => {
        if (aggregator.phase === step) session.toAggregator({ type: 'abandon', reason: 'the operator said so' });
        return frame;
      },
    });
    return session.run();
  }

  for (const step of ['advertise', 'share', 'confirm'] as const) {
    it(`in ${step} frees everyone at once: nothing is bound yet`, () => {
      const { aggregator, replies } = givenUpIn(step);
      expect(aggregator).to.deep.include({
        phase: 'abandoned',
        abandonment: { step, reason: 'the operator said so', detail: {} },
      });
      expect([isOver(aggregator), awaitedAborts(aggregator), abortsLacking(aggregator)]).to.deep.equal([true, [], 0]);
      expect(replies.some(({ frame }) => frame.type === 'abort')).to.equal(false);
    });
  }

  for (const step of ['upload', 'certify'] as const) {
    it(`in ${step} has it aborted`, () => {
      const session = givenUpIn(step);
      expect(session.aggregator.phase).to.equal('aborted');
      expect(recordsOf(session, 'abandoned').map(({ abandonment }) => abandonment.step)).to.deep.equal([step]);
      expect(freed(session)).to.deep.equal(session.ids);
    });
  }

  it('in reveal is too late: the certificate was shown', () => {
    const session = givenUpIn('reveal');
    expect(session.aggregator.phase).to.equal('reveal');
    expect(session.records.some(({ type }) => type === 'abandoned')).to.equal(false);
  });
});

describe('A certified session', () => {
  const slow = () => {
    const kept: SessionReply[] = [];
    const session = new InMemorySession({
      participants: 4,
      maxColluders: 1,
      onReply: (from, reply) => {
        if (reply.type !== 'reveal' || from < '3') return reply;
        kept.push(reply);
        return undefined;
      },
    }).run();
    return { session, kept };
  };

  it('waits for its reveals by name, however long, and is opened by the one that was wanting', () => {
    const { session, kept } = slow();
    const before = session.aggregator;
    for (let times = 0; times < 3; times++) session.toAggregator({ type: 'close-step', step: 'reveal' });
    expect(session.aggregator).to.equal(before);
    expect(awaited(session.aggregator)).to.deep.equal(['3', '4']);
    expect([isOver(session.aggregator), signersOf(session.aggregator).length]).to.deep.equal([false, 4]);
    session.toAggregator({ type: 'reply', from: '3', frame: kept[0]! });
    expect(session.opened!.map((lanes) => [...lanes])).to.deep.equal(session.sumOf(session.ids));
    expect(isOver(session.aggregator)).to.equal(true);
  });

  it('is abandoned for good when everyone who could still reveal has left; nobody is asked for an abort', () => {
    const { session } = slow();
    session.toAggregator({ type: 'absent', from: '3', reason: 'left' });
    expect(session.aggregator.phase).to.equal('reveal');
    session.toAggregator({ type: 'absent', from: '4', reason: 'left' });
    expect(session.aggregator).to.deep.include({ phase: 'abandoned' });
    expect(recordsOf(session, 'abandoned')[0]!.abandonment).to.deep.include({
      step: 'reveal',
      reason: 'too few shares were revealed',
    });
    const sent = session.ids.flatMap((id) => framesSent(session.aggregator, id));
    expect(sent.some(({ type }) => type === 'abort-proposal')).to.equal(false);
  });
});
