import type { RoundReport } from '@concordat/coordinator';
import { decodeSafetensors, fromHex, type ParticipantMessage } from '@concordat/core';
import { answerToWire, type wire } from '@concordat/proto';
import { expect } from 'chai';
import { call, type Member, refusalOf, TestConsortium } from '../coordinator/consortium.js';
import { MachineParticipant } from '../coordinator/machine-participant.js';

const run = 'replayed';
const deadlines = { selectMillis: 50, readyMillis: 60_000, stepMillis: 60_000, graceMillis: 60_000 };

/** Kind of a message, for people: `ready`, `share`, … */
const kindOf = (message: ParticipantMessage) => (message.type === 'session' ? message.frame.type : message.type);

/** F19: what "acme" said is said again over real mutual TLS: in its round, in a later one, in another run, by somebody else. */
describe('messages that are said again', function () {
  this.timeout(60_000);
  let consortium: TestConsortium;
  const members: Member[] = [];
  const said: ParticipantMessage[] = [];
  const repeated = new Map<string, string[]>();
  const later = new Map<string, string>();
  const renumbered = new Map<string, string>();
  const elsewhere = new Map<string, string>();
  const borrowed = new Map<string, string>();
  const rounds: RoundReport[] = [];

  const say = (who: Member, runId: string, message: ParticipantMessage) => {
    const { method, request } = answerToWire({ runId, message });
    return call<wire.Receipt__Output>(who.stubs.Rounds, method, request);
  };
  /** The receipt, or the refusal. */
  const answerTo = async (who: Member, runId: string, message: ParticipantMessage): Promise<string> => {
    try {
      const { body, signature } = (await say(who, runId, message)).receipt!;
      return `receipt ${body.toString('hex')} ${signature.toString('hex')}`;
    } catch (error) {
      return refusalOf(Promise.reject(error));
    }
  };

  before(async () => {
    consortium = await TestConsortium.open();
    for (const name of ['acme', 'bluebird', 'cobalt', 'delta']) members.push(await consortium.join(name));
    const [acme, bluebird] = members as [Member, Member];
    const { planHash } = await consortium.propose({ run, rounds: 2, deadlines });
    const work: Promise<unknown>[] = [];
    const replays = async (): Promise<void> => {
      for (const message of said) {
        later.set(kindOf(message), await answerTo(acme, run, message));
        if ('round' in message) renumbered.set(kindOf(message), await answerTo(acme, run, { ...message, round: 2 }));
        elsewhere.set(kindOf(message), await answerTo(acme, 'another', message));
        borrowed.set(kindOf(message), await answerTo(bluebird, run, message));
      }
    };
    const says = (message: ParticipantMessage) => {
      if (message.type === 'session' && message.frame.type === 'upload') return [message];
      const round = 'round' in message ? message.round : 1;
      if (round === 1) {
        said.push(message);
        // Twice more while the first is under way.
        for (const _ of [1, 2]) {
          work.push(
            answerTo(acme, run, message).then((answer) => {
              repeated.set(kindOf(message), [...(repeated.get(kindOf(message)) ?? []), answer]);
            }),
          );
        }
      } else if (kindOf(message) === 'certify') work.push(replays());
      return [message];
    };
    const participants = members.map(
      (member, index) =>
        new MachineParticipant(member, {
          delta: (parameters) => new Float32Array(parameters).fill(0.25 * (1 + index) * 0.004),
          ...(index === 0 ? { says } : {}),
        }),
    );
    for (const participant of participants) await participant.connect();
    await consortium.operator.startRun(planHash, run);
    await consortium.operator.watch(run, 1, ({ event }) => {
      if (event.type === 'round') rounds.push(event);
    });
    await Promise.all(work);
    for (const participant of participants) participant.leave();
  });

  after(() => consortium.close());

  const kinds = ['approved', 'ready', 'advertise', 'share', 'confirm', 'certify', 'reveal'];
  const refusals = (answers: ReadonlyMap<string, string>) =>
    Object.fromEntries(
      [...answers].map(([kind, answer]) => [kind, answer.startsWith('receipt ') ? 'receipt' : answer]),
    );

  it('in the same round, twice more while the first is under way, get one receipt and count once', () => {
    expect([...repeated.keys()]).to.deep.equal(kinds);
    for (const [kind, answers] of repeated) {
      expect(answers, kind).to.have.lengthOf(2);
      expect(new Set(answers).size, kind).to.equal(1);
      expect(answers[0]).to.match(/^receipt /);
    }
  });

  it('when their round is over get that receipt and change nothing, or are refused by name', () => {
    for (const kind of kinds.filter((one) => one !== 'ready')) {
      expect(later.get(kind), kind).to.equal(repeated.get(kind)![0]);
    }
    expect(later.get('ready')).to.equal('protocol');
  });

  it('as if they were of the round of now are refused by name', () => {
    expect(refusals(renumbered)).to.deep.equal({
      ready: 'verification model.hash',
      advertise: 'conflict',
      share: 'conflict',
      confirm: 'conflict',
      certify: 'conflict',
      reveal: 'conflict',
    });
  });

  it('in another run are refused by name', () => {
    expect(refusals(elsewhere)).to.deep.equal(Object.fromEntries(kinds.map((kind) => [kind, 'protocol'])));
  });

  it('by another participant are refused by name, or are what it said itself', () => {
    expect(refusals(borrowed)).to.deep.equal({
      approved: 'verification',
      ready: 'protocol',
      advertise: 'conflict',
      share: 'conflict',
      confirm: 'conflict',
      certify: 'receipt',
      reveal: 'conflict',
    });
    // A statement is the same in every mouth, and the receipt is for the one that bluebird signed in that round.
    const statement = Buffer.from(borrowed.get('certify')!.split(' ')[1]!, 'hex').toString('latin1');
    expect([statement.includes('bluebird'), statement.includes('acme')]).to.deep.equal([true, false]);
  });

  it('leave the models as they are without them: every update once', async () => {
    expect(rounds.map(({ outcome, survivors }) => [outcome, survivors.length])).to.deep.equal([
      ['published', 4],
      ['published', 4],
    ]);
    const [state] = (await consortium.operator.status()).runs;
    const [bias] = decodeSafetensors(await consortium.operator.get(fromHex(state!.modelHash)));
    // −0.25, and in each of two rounds a mean of 0.001 · (1 + 2 + 3 + 4) / 4; a doubled one of acme would show.
    expect(bias!.values[0]).to.be.closeTo(-0.25 + 2 * 0.0025, 0.000_2);
  });
});
