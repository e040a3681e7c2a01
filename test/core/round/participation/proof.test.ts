import {
  FederatedError,
  JournalledSteps,
  openParticipation,
  type ParticipationRecord,
  type ProvedStep,
  proveStep,
  recoveredRecord,
  signBody,
} from '@concordat/core';
import { identityFromSeed, nodeCrypto } from '@concordat/node';
import { sessionCodec } from '@concordat/proto';
import { expect } from 'chai';

const coordinator = identityFromSeed(new Uint8Array(32).fill(3));
const ports = {
  crypto: nodeCrypto,
  codec: sessionCodec,
  coordinatorKey: coordinator.publicKey,
  participantId: 'acme',
};
const base = (fill: number) => new Uint8Array(32).fill(fill);

function receiptOf(change: object = {}, label: 'CSA1/receipt' | 'CSA1/upload' = 'CSA1/receipt', signer = coordinator) {
  const said = { runId: 'spring', round: 2, step: 'share', participantId: 'acme', contentDigest: base(9), ...change };
  return signBody(nodeCrypto, signer, label, sessionCodec.receipt.encode(said));
}

function refused(work: () => unknown): { code: string; rule: unknown } {
  try {
    work();
  } catch (error) {
    if (error instanceof FederatedError) return { code: error.code, rule: error.detail.rule };
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('a receipt shown again', () => {
  it('proves run, round and step', () => {
    expect(proveStep(ports, { receipt: receiptOf() })).to.deep.equal({ runId: 'spring', round: 2, step: 'share' });
  });

  it('of a ready update proves the base model, which comes beside it', () => {
    const receipt = receiptOf({ step: 'ready', contentDigest: nodeCrypto.sha256(base(7)) });
    const proved = proveStep(ports, { receipt, baseModelHash: base(7) });
    expect(proved).to.deep.equal({ runId: 'spring', round: 2, step: 'ready', baseModelHash: base(7) });
    for (const offered of [{ receipt }, { receipt, baseModelHash: base(8) }]) {
      expect(refused(() => proveStep(ports, offered))).to.deep.equal({ code: 'verification', rule: 'receipt' });
    }
  });

  it("does not prove anything when it is forged, altered, another kind of signature or somebody else's", () => {
    const good = receiptOf();
    const lies = [
      receiptOf({}, 'CSA1/receipt', identityFromSeed(new Uint8Array(32).fill(4))),
      receiptOf({}, 'CSA1/upload'),
      receiptOf({ participantId: 'beta' }),
      { ...good, body: receiptOf({ round: 3 }).body },
    ];
    for (const receipt of lies) {
      expect(refused(() => proveStep(ports, { receipt }))).to.deep.equal({ code: 'verification', rule: 'receipt' });
    }
    const noise = signBody(nodeCrypto, coordinator, 'CSA1/receipt', Uint8Array.of(1, 2, 3));
    expect(refused(() => proveStep(ports, { receipt: noise })).code).to.equal('malformed');
  });
});

describe('a journal against what receipts prove', () => {
  const run = { runId: 'spring', round: 2 };
  const session = (record: object) => ({ type: 'session', ...run, record }) as ParticipationRecord;
  const journal: readonly ParticipationRecord[] = [
    { type: 'approved', runId: 'spring', planHash: base(1), rosterHash: base(2) },
    { type: 'session-entered', kind: 'train', ...run, baseModelHash: base(7) },
    session({ type: 'cohort-accepted', sid: base(1), participants: [] }),
    session({ type: 'boxes-confirmed', sid: base(1), boxesHash: base(1), confirmed: base(1) }),
    { type: 'contributed', ...run, baseModelHash: base(7), metrics: true },
    session({ type: 'survivors-signed', sid2: base(1), body: base(1), survivors: 3 }),
    session({ type: 'revealed', sid2: base(1), body: base(1), included: true }),
  ];
  const steps = ['advertise', 'share', 'confirm', 'upload', 'certify', 'reveal'];
  const proved: readonly ProvedStep[] = [
    { runId: 'spring', round: 0, step: 'approve' },
    { ...run, step: 'ready', baseModelHash: base(7) },
    ...steps.map((step) => ({ ...run, step })),
  ];

  it('holds everything after an honest round', () => {
    expect(JournalledSteps.of(journal).forgotten(proved)).to.equal(undefined);
  });

  it('misses the very step whose record is gone, at whatever record it was cut', () => {
    const cutAt = [['approve'], ['advertise'], ['share'], ['confirm'], ['upload'], ['certify'], ['reveal']];
    for (const [records, [step]] of cutAt.entries()) {
      expect(JournalledSteps.of(journal.slice(0, records)).forgotten(proved)?.step, `${records} records`).to.equal(
        step,
      );
    }
  });

  it('misses nothing that promises nothing: ready and decline', () => {
    const loose: ProvedStep[] = [
      { ...run, step: 'ready', baseModelHash: base(7) },
      { ...run, step: 'decline' },
    ];
    expect(JournalledSteps.of([]).forgotten(loose)).to.equal(undefined);
  });

  it('misses a step of another run or round than it holds, also one this version does not know', () => {
    expect(JournalledSteps.of(journal).forgotten([{ runId: 'autumn', round: 2, step: 'share' }])?.runId).to.equal(
      'autumn',
    );
    expect(JournalledSteps.of(journal).forgotten([{ runId: 'spring', round: 3, step: 'share' }])?.round).to.equal(3);
    expect(JournalledSteps.of(journal).forgotten([{ runId: 'spring', round: 3, step: 'later' }])?.step).to.equal(
      'later',
    );
    expect(JournalledSteps.of(journal).forgotten([{ ...run, step: 'later' }])).to.equal(undefined);
  });

  it('holds everything up to a recovery, and nothing after it', () => {
    const recovered = recoveredRecord(proved);
    expect(JournalledSteps.of([recovered]).forgotten(proved)).to.equal(undefined);
    expect(JournalledSteps.of([recovered]).forgotten([{ runId: 'spring', round: 3, step: 'share' }])?.round).to.equal(
      3,
    );
    expect(JournalledSteps.of([recovered]).forgotten([{ runId: 'autumn', round: 1, step: 'share' }])?.runId).to.equal(
      'autumn',
    );
  });
});

describe('a recovery from receipts', () => {
  it('takes the last round of each run and every base model, each once', () => {
    const record = recoveredRecord([
      { runId: 'spring', round: 0, step: 'approve' },
      { runId: 'spring', round: 1, step: 'ready', baseModelHash: base(1) },
      { runId: 'spring', round: 2, step: 'ready', baseModelHash: base(1) },
      { runId: 'spring', round: 2, step: 'certify' },
      { runId: 'spring', round: 3, step: 'ready', baseModelHash: base(2) },
      { runId: 'autumn', round: 1, step: 'ready', baseModelHash: base(1) },
    ]);
    expect(record).to.deep.equal({
      type: 'recovered',
      rounds: [
        { runId: 'spring', round: 3 },
        { runId: 'autumn', round: 1 },
      ],
      bases: [
        { runId: 'spring', baseModelHash: base(1) },
        { runId: 'spring', baseModelHash: base(2) },
        { runId: 'autumn', baseModelHash: base(1) },
      ],
    });
  });

  it('is refused when a session was entered on a base model that nothing names', () => {
    expect(refused(() => recoveredRecord([{ runId: 'spring', round: 2, step: 'share' }]))).to.deep.equal({
      code: 'verification',
      rule: 'receipt',
    });
  });

  it('leaves a participant that enters no round up to it, and bars every base model with its metrics', () => {
    const before: readonly ParticipationRecord[] = [
      { type: 'session-entered', kind: 'train', runId: 'spring', round: 5, baseModelHash: base(1) },
    ];
    const recovered: ParticipationRecord = {
      type: 'recovered',
      rounds: [
        { runId: 'spring', round: 3 },
        { runId: 'autumn', round: 9 },
      ],
      bases: [{ runId: 'autumn', baseModelHash: base(2) }],
    };
    const { memory } = openParticipation({ participantId: 'acme', records: [...before, recovered] });
    const hex = '02'.repeat(32);
    expect([...memory.recovered.rounds]).to.deep.equal([
      ['spring', 3],
      ['autumn', 9],
    ]);
    expect(memory.sessions.map(({ runId, round, left }) => ({ runId, round, left }))).to.deep.equal([
      { runId: 'spring', round: 5, left: true },
    ]);
    expect([[...memory.recovered.signed], [...memory.recovered.metrics]]).to.deep.equal([[hex], [`autumn/${hex}`]]);
  });
});
