import { type ErrorCode, FederatedError, type ParticipationRecord } from '@concordat/core';
import { expect } from 'chai';
import { expectError, type Said } from '../../../support/refusal-case.js';
import { examplePlan } from '../example-plan.js';
import { aRefusal, RoundTable } from '../round-table.js';

interface ParticipationCase {
  /** Completes the sentence "a participant refuses …". */
  readonly what: string;
  readonly rule: string;
  readonly code: ErrorCode;
  readonly required: Said;
  readonly offered: Said;
  readonly step: 'approve' | 'train' | 'session';
  readonly play: () => RoundTable;
}

const name = 'delta';
const initial = new Uint8Array(32);
const initialHex = '0'.repeat(64);

/** Delta restarts with these records, then the run begins. */
const remembering =
  (...records: readonly ParticipationRecord[]) =>
  () => {
    const table = new RoundTable({ plan: examplePlan({ rounds: 1 }) });
    table.chairs.get(name)!.journal.push(...records);
    return table.kill(name).start();
  };

const contributed = (round: number): ParticipationRecord => ({
  type: 'contributed',
  runId: 'other',
  round,
  baseModelHash: initial,
  metrics: false,
});

const refused: readonly ParticipationCase[] = [
  {
    what: 'a plan outside its policy',
    rule: 'cohort.min',
    code: 'refused',
    required: 6,
    offered: 4,
    step: 'approve',
    play: () => {
      const error = new FederatedError('refused', 'the policy requires more', {
        detail: { rule: 'cohort.min', required: 6, offered: 4 },
      });
      return new RoundTable({ refusing: new Map([[name, error]]) }).start();
    },
  },
  {
    what: 'a round up to the last whose session it entered',
    rule: 'session.left',
    code: 'state-lost',
    required: 'a round after 4',
    offered: 1,
    step: 'train',
    play: remembering({ type: 'session-entered', kind: 'train', runId: 'run-1', round: 4, baseModelHash: initial }),
  },
  {
    what: 'a base model for which it signed survivors, in whatever run',
    rule: 'base.signed',
    code: 'refused',
    required: 'another base model',
    offered: initialHex,
    step: 'train',
    play: remembering({ type: 'base-signed', runId: 'other', round: 1, baseModelHash: initial }),
  },
  {
    what: 'more contributions on one base model than its policy allows',
    rule: 'base.contributions',
    code: 'refused',
    required: 3,
    offered: 4,
    step: 'train',
    play: remembering(contributed(1), contributed(2), contributed(3)),
  },
  {
    what: 'a cohort with more strangers than may collude',
    rule: 'cohort.unlisted',
    code: 'refused',
    required: 1,
    offered: 2,
    step: 'session',
    play: () =>
      new RoundTable({
        plan: examplePlan({ rounds: 1 }),
        listed: new Map([[name, new Set(['alpha', 'beta'])]]),
      }).start(),
  },
  {
    what: 'a session whose configuration the coordinator did not sign',
    rule: 'config.signature',
    code: 'verification',
    required: 'a signature under CSA1/config',
    offered: 'a signature that does not verify',
    step: 'session',
    play: () => {
      const table = new RoundTable({ plan: examplePlan({ rounds: 1, onShortfall: { action: 'abort' } }) });
      for (const other of ['alpha', 'epsilon']) table.withheld.add(`${other}/train`);
      table.start();
      const config = { body: new Uint8Array(40), signature: new Uint8Array(64) };
      const message = { type: 'session', round: 1, frame: { type: 'open', config } } as const;
      return table.participant(name, { type: 'message', message });
    },
  },
];

describe('A participant in a run refuses', () => {
  for (const one of refused) {
    it(one.what, () => {
      const table = one.play();
      const { effects, journal } = table.chairs.get(name)!;
      const at = effects.findIndex(({ type }) => type === 'refuse');
      const refusal = effects[at];
      if (refusal?.type !== 'refuse') throw new Error('nothing was refused');
      expectError(refusal.error, one);
      const { code, rule } = one;
      expect(journal.filter(({ type }) => type === 'refused')).to.have.lengthOf(1);
      expect(journal.find(({ type }) => type === 'refused')).to.include({ code, rule });
      const [declined] = effects.slice(at).flatMap((effect) => (effect.type === 'send' ? [effect.message] : []));
      expect(declined).to.include({ type: 'decline', step: one.step, code, rule });
      const later = effects.slice(at + 1).map(({ type }) => type);
      for (const work of ['train', 'seal-root', 'mask', 'upload']) expect(later, work).not.to.include(work);
    });
  }
});

describe('A decline', () => {
  it('tells the coordinator code, rule and sentence, and nothing else', () => {
    const table = new RoundTable({ refusing: new Map([[name, aRefusal('policy')]]) }).start();
    const declines = table.chairs
      .get(name)!
      .effects.flatMap((effect) =>
        effect.type === 'send' && effect.message.type === 'decline' ? [effect.message] : [],
      );
    expect(declines.map((message) => Object.keys(message).sort())).to.deep.equal([
      ['code', 'message', 'round', 'rule', 'step', 'type'],
    ]);
  });
});

describe('An update that was bound to a session', () => {
  it('stays with it from its first uploaded byte, and a later round on the same base trains afresh', () => {
    const table = new RoundTable({ plan: examplePlan({ rounds: 1, onShortfall: { action: 'retry', times: 2 } }) });
    for (const other of ['alpha', 'epsilon']) table.withheld.add(`${other}/vector`);
    for (const other of table.chairs.keys()) table.withheld.add(`${other}/abort`);
    table.start().pass(120_000);
    const { effects } = table.chairs.get(name)!;
    const kinds = effects.map(({ type }) => type);
    const uploads = kinds.flatMap((type, at) => (type === 'upload' ? [at] : []));
    expect(uploads.length, 'uploads on one base').to.be.greaterThan(1);
    uploads.forEach((at, i) => {
      const since = kinds.slice(i === 0 ? 0 : uploads[i - 1]! + 1, at);
      expect(
        since.filter((type) => type === 'train'),
        `training before upload ${i + 1}`,
      ).to.have.lengthOf(1);
      if (i > 0) expect(since, `before upload ${i + 1}`).to.include('discard-update');
    });
  });
});
