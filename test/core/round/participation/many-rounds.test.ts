import { JournalledSteps, openParticipation, type ParticipationRecord } from '@concordat/core';
import { expect } from 'chai';
import { examplePlan } from '../example-plan.js';
import { RoundTable } from '../round-table.js';

const name = 'beta';
const initial = new Uint8Array(32);

/** A round that was played to its end, in the journal of a participant. */
function played(): readonly ParticipationRecord[] {
  const table = new RoundTable({ plan: examplePlan({ rounds: 1 }) }).start();
  return table.chairs.get(name)!.journal;
}

/** The records of its session, as those of so many later rounds, each on a model of its own. */
function later(journal: readonly ParticipationRecord[], rounds: number): ParticipationRecord[] {
  const session = journal.filter((record) => 'round' in record && record.round === 1);
  return Array.from({ length: rounds }, (_, i) => i + 2).flatMap((round) =>
    session.map((record) => {
      const copy = { ...record, round } as ParticipationRecord;
      return 'baseModelHash' in copy ? { ...copy, baseModelHash: baseOf(round) } : copy;
    }),
  );
}

function baseOf(round: number): Uint8Array {
  const base = new Uint8Array(32);
  new DataView(base.buffer).setUint32(0, round);
  return base;
}

/** What a participant does first whose other sessions were played in full, when it is to train on `base`: train, or refuse by that rule. */
function firstOn(base: Uint8Array, first: readonly ParticipationRecord[]): unknown {
  const table = new RoundTable({ plan: examplePlan({ rounds: 1 }) });
  table.withheld.add('alpha/certify');
  table.withheld.add('epsilon/certify');
  table.start().disconnect(name);
  const chair = table.chairs.get(name)!;
  chair.journal.splice(0, chair.journal.length, ...first, ...later(played(), 300));
  table.kill(name).connect(name);
  const before = chair.effects.length;
  const told = { modelVersion: 0, baseModelHash: base, readyMillis: 60_000 };
  table.participant(name, { type: 'message', message: { type: 'train', kind: 'train', round: 900, ...told } });
  const answer = chair.effects.slice(before).find(({ type }) => type === 'refuse' || type === 'train');
  return answer?.type === 'refuse' ? answer.error.detail.rule : answer?.type;
}

describe('A participant of many rounds', () => {
  const journal = played();

  it('remembers of a session that is long over only what may bar or free something', () => {
    const records = [...journal, ...later(journal, 300)];
    const { sessions } = openParticipation({ participantId: name, records }).memory;
    expect(sessions).to.have.lengthOf(301);
    const kept = sessions.map((session) => session.records.map(({ type }) => type));
    expect(kept[0]).to.deep.equal(['revealed']);
    expect(kept[236]).to.deep.equal(['revealed']);
    expect(kept[237]).to.include.members(['cohort-accepted', 'masked', 'survivors-signed', 'revealed']);
    expect(kept[300]).to.deep.equal(kept[237]);
  });

  it('contributes to no model again whose survivors it signed three hundred rounds ago', () => {
    expect(firstOn(initial, journal)).to.equal('base.signed');
    expect(firstOn(baseOf(7), journal)).to.equal('base.signed');
    expect(firstOn(baseOf(1000), journal)).to.equal('train');
  });

  it('contributes to one again whose session was aborted by its members three hundred rounds ago', () => {
    const at = journal.findIndex((record) => record.type === 'session' && record.record.type === 'revealed');
    const sid = new Uint8Array(32);
    const record = { type: 'abort-certified', sid, signers: ['alpha', name, 'gamma'] } as const;
    const aborted = [...journal];
    aborted[at] = { type: 'session', runId: 'run-1', round: 1, record };
    expect(firstOn(initial, aborted)).to.equal('train');
  });

  it('takes no part in a run one of whose sums it disputed three hundred rounds ago', () => {
    const hash = new Uint8Array(32);
    const record = { type: 'disputed', sid2: hash, resultHash: hash, body: hash } as const;
    const table = new RoundTable({ plan: examplePlan({ rounds: 1 }) });
    table.start().disconnect(name);
    const chair = table.chairs.get(name)!;
    const disputed = [...journal, { type: 'session', runId: 'run-1', round: 1, record } as const];
    chair.journal.splice(0, chair.journal.length, ...disputed, ...later(journal, 300));
    table.kill(name);
    const before = chair.effects.length;
    const offer = { planHash: new Uint8Array(32), rosterHash: new Uint8Array(32) };
    table.participant(name, { type: 'message', message: { type: 'run', runId: 'run-1', ...offer } });
    const rules = chair.effects
      .slice(before)
      .flatMap((effect) => (effect.type === 'refuse' ? [effect.error.detail.rule] : []));
    expect(rules).to.deep.equal(['result.disputed']);
  });

  it('still finds every step in its journal that receipts prove, of the first round and of the last', () => {
    const steps = JournalledSteps.of([...journal, ...later(journal, 300)]);
    const proved = ['advertise', 'share', 'confirm', 'upload', 'certify', 'reveal'].flatMap((step) =>
      [1, 150, 301].map((round) => ({ runId: 'run-1', round, step })),
    );
    expect(steps.forgotten(proved)).to.equal(undefined);
    expect(steps.forgotten([{ runId: 'run-1', round: 302, step: 'share' }])?.round).to.equal(302);
    expect(steps.lastEntered('run-1')).to.equal(301);
    expect(steps.lastEntered('run-2')).to.equal(0);
  });
});
