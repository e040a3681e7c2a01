import type { ParticipantMessage } from '@concordat/core';
import type { wire } from '@concordat/proto';
import { expect } from 'chai';
import { call, type Member, refusalOf, TestConsortium } from './consortium.js';
import { type Behaviour, MachineParticipant } from './machine-participant.js';

const names = ['acme', 'bluebird', 'cobalt', 'delta', 'echo'];
const agrees: Behaviour = { delta: (parameters) => new Float32Array(parameters).fill(0.004) };
const refuses: Behaviour = {
  ...agrees,
  says: (message): readonly ParticipantMessage[] =>
    message.type === 'approved'
      ? [{ type: 'decline', round: 0, step: 'approve', code: 'refused', rule: 'cohort.min', message: 'too few for us' }]
      : [message],
};

describe('a run whose plan asks for approvals, over real mutual TLS', function () {
  this.timeout(30_000);
  let consortium: TestConsortium;
  let members: Member[];
  let participants: MachineParticipant[];

  beforeEach(async () => {
    participants = [];
    consortium = await TestConsortium.open();
    members = [];
    for (const name of names) members.push(await consortium.join(name));
  });

  afterEach(async () => {
    for (const participant of participants) participant.leave();
    await consortium.close();
  });

  async function come(name: string, behaviour: Behaviour): Promise<void> {
    const participant = new MachineParticipant(members[names.indexOf(name)]!, behaviour);
    participants.push(participant);
    await participant.connect();
  }

  /** Until the approvals of the run are as wanted: every event is one more look. */
  async function until(isSo: (said: { approved: number; refused: number }) => boolean): Promise<void> {
    const stop = new AbortController();
    const look = async () => {
      const { current } = await consortium.operator.status();
      const { approved = [], refused = [] } = current?.approvals ?? {};
      if (isSo({ approved: approved.length, refused: refused.length })) stop.abort();
    };
    await consortium.operator
      .watch('spring', 1, () => void look().catch(() => undefined), stop.signal)
      .catch((error: unknown) => {
        if (!stop.signal.aborted) throw error;
      });
  }

  it('is refused when it names somebody who is not in the roster', async () => {
    const { planHash } = await consortium.propose({ approval: { rule: 'named', participants: ['acme', 'zebra'] } });
    expect(await refusalOf(consortium.operator.startRun(planHash, 'spring'))).to.equal('refused approval.named');
  });

  it('waits, says in status for whom, and begins with the last approval', async () => {
    const { planHash } = await consortium.propose({ approval: { rule: 'share', parts: 4, of: 5 } });
    await consortium.operator.startRun(planHash, 'spring');
    for (const name of names.slice(0, 3)) await come(name, agrees);
    await come('echo', refuses);
    await until(({ approved, refused }) => approved === 3 && refused === 1);
    const { current } = await consortium.operator.status();
    expect(current!.standing).to.deep.include({ round: 1, phase: 'approve' });
    expect(current!.standing!.waiting!.awaited).to.deep.equal(['delta']);
    expect(current!.approvals).to.deep.equal({
      required: 4,
      approved: names.slice(0, 3),
      refused: [{ participant: 'echo', rule: 'cohort.min' }],
      awaited: ['delta'],
      standing: 'open',
    });
    await come('delta', agrees);
    await consortium.coordinator.run!.ended;
    expect((await consortium.operator.status()).runs[0]).to.deep.include({ state: 'completed', modelVersion: 2 });
  });

  it('is over with a rule when it cannot be approved any more', async () => {
    const { planHash } = await consortium.propose({ approval: { rule: 'all' } });
    await consortium.operator.startRun(planHash, 'spring');
    await come('echo', refuses);
    const events: string[] = [];
    await consortium.operator.watch('spring', 1, ({ event }) => {
      if (event.type === 'finished') events.push(`${event.outcome} ${event.rule}`);
    });
    expect(events).to.deep.equal(['aborted approval.refused']);
    const [run] = (await consortium.operator.status()).runs;
    expect(run!.reason).to.match(/cannot come any more: 0 of 5 approved, 1 refused$/);
    expect(run!.approvals!.refused).to.deep.equal([{ participant: 'echo', rule: 'cohort.min' }]);
  });

  it('shows other participants who refused where the plan makes that visible, and nowhere else', async () => {
    const shownOf = async (planHash: Uint8Array) => {
      const { Plans } = members[1]!.stubs;
      const { refusals } = await call<wire.GetPlanReply__Output>(Plans, 'Get', { planHash });
      return refusals.map(({ participantId, rule }) => `${participantId} ${rule}`);
    };
    for (const [run, refusals, shown] of [
      ['spring', 'visible', ['echo cohort.min']],
      ['summer', 'hidden', []],
    ] as const) {
      const { planHash } = await consortium.propose({ run, approval: { rule: 'all', refusals } });
      expect(await shownOf(planHash)).to.deep.equal([]);
      if (run === 'spring') await come('echo', refuses);
      await consortium.operator.startRun(planHash, run);
      await consortium.coordinator.run!.ended;
      expect(await shownOf(planHash)).to.deep.equal(shown);
      expect(consortium.coordinator.run!.approvals.refused).to.deep.equal([
        { participant: 'echo', rule: 'cohort.min' },
      ]);
    }
  });

  it('goes on waiting after a restart, and knows who refused', async () => {
    const { planHash } = await consortium.propose({ approval: { rule: 'share', parts: 4, of: 5 } });
    await consortium.operator.startRun(planHash, 'spring');
    await come('acme', agrees);
    await come('echo', refuses);
    await until(({ approved, refused }) => approved === 1 && refused === 1);
    for (const participant of participants) participant.leave();
    await consortium.restart();
    const { current } = await consortium.operator.status();
    expect(current!.standing!.waiting!.awaited).to.deep.equal(['bluebird', 'cobalt', 'delta']);
    expect(current!.approvals).to.deep.include({
      approved: ['acme'],
      refused: [{ participant: 'echo', rule: 'cohort.min' }],
    });
  });
});
