import { JournalledSteps, type ProvedStep, proveStep, recoveredRecord } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { receiptsPageFromWire, sessionCodec, type wire } from '@concordat/proto';
import { expect } from 'chai';
import { call, type Member, refusalOf, TestConsortium } from '../consortium.js';
import { MachineParticipant } from '../machine-participant.js';

const names = ['acme', 'bluebird', 'cobalt', 'delta'];
const steps = ['advertise', 'certify', 'confirm', 'ready', 'reveal', 'share', 'upload'];

describe('the receipts a participant asks for', function () {
  this.timeout(30_000);
  let consortium: TestConsortium;
  let members: Member[];
  let participants: MachineParticipant[];

  before(async () => {
    consortium = await TestConsortium.open();
    members = [];
    for (const name of names) members.push(await consortium.join(name));
    const { planHash } = await consortium.propose();
    participants = members.map(
      (member) => new MachineParticipant(member, { delta: (parameters) => new Float32Array(parameters).fill(0.004) }),
    );
    for (const participant of participants) await participant.connect();
    await consortium.operator.startRun(planHash, 'spring');
    await consortium.operator.watch('spring', 1, () => undefined);
  });

  after(async () => {
    for (const participant of participants) participant.leave();
    await consortium.close();
  });

  const ask = async (member: Member, request: object = {}) =>
    receiptsPageFromWire(await call<wire.ReceiptsReply__Output>(member.stubs.Rounds, 'Receipts', request));

  async function provedBy(member: Member): Promise<ProvedStep[]> {
    const { document } = (await call<wire.RosterReply__Output>(member.stubs.Membership, 'Roster', {})).roster!;
    const { coordinatorKey } = JSON.parse(Buffer.from(document!.body).toString()) as { coordinatorKey: string };
    const key = new Uint8Array(Buffer.from(coordinatorKey, 'base64url'));
    const ports = { crypto: nodeCrypto, codec: sessionCodec, coordinatorKey: key, participantId: member.id };
    return (await ask(member)).receipts.map((receipt) => proveStep(ports, receipt));
  }

  it('are its own, signed, with the base model of every round', async () => {
    const proved = await provedBy(members[1]!);
    expect(proved[0]!.step).to.equal('approve');
    for (const round of [1, 2]) {
      const some = proved.filter((one) => one.round === round).map(({ step }) => step);
      expect(some).to.include.members(['advertise', 'confirm', 'ready', 'share', 'upload']);
      expect(steps).to.include.members(some);
    }
    const { rounds, bases } = recoveredRecord(proved);
    expect([rounds, bases.length]).to.deep.equal([[{ runId: 'spring', round: 2 }], 2]);
  });

  it('are all held by the journal of an honest participant', async () => {
    for (const [at, member] of members.entries()) {
      expect(JournalledSteps.of(participants[at]!.records).forgotten(await provedBy(member)), member.id).to.equal(
        undefined,
      );
    }
  });

  it('go on after the place that is named, and end', async () => {
    const all = await ask(members[0]!);
    const rest = await ask(members[0]!, { runId: 'spring', round: 1, step: 'upload' });
    expect(rest.receipts.length).to.be.within(5, all.receipts.length - 5);
    expect(rest.receipts).to.deep.equal(all.receipts.slice(-rest.receipts.length));
    const none = await ask(members[0]!, { runId: 'spring', round: 2, step: 'zzz' });
    expect([none.receipts, none.more, none.clientEpoch]).to.deep.equal([[], false, 1]);
  });

  it('are refused at a place that is none', async () => {
    for (const bad of [{ runId: '../x' }, { runId: 'spring', round: 2 ** 31 }, { runId: 'x', step: 'a b' }]) {
      expect(await refusalOf(ask(members[0]!, bad))).to.equal('malformed');
    }
  });
});
