import { type ResultFact, type RoundFact, type RoundStory, tellRound } from '@concordat/coordinator';
import { type CoordinationRecord, FederatedError, roundPhases, toHex } from '@concordat/core';
import { sessionCodec } from '@concordat/proto';
import { expect } from 'chai';
import { examplePlan } from '../../core/round/example-plan.js';
import { losingAtCertify } from '../../core/round/round-readings.js';
import { everyone, RoundTable } from '../../core/round/round-table.js';

/** The records of one round, as a coordinator would have journalled them, one minute apart. */
function storyOf(table: RoundTable, round = 1, more: readonly RoundFact['fact'][] = []): RoundStory {
  const facts = [...table.journal, ...more]
    .filter((fact) => roundOf(fact) === round || 'reason' in fact || fact.type === 'training-over')
    .filter((fact) => fact.type !== 'session' || fact.record.type !== 'input')
    .map((fact, index) => ({ seq: index + 1, atMillis: Date.UTC(2026, 2, 1, 12, index), fact }));
  return tellRound({ run: 'run-1', round, plan: table.plan, facts, codec: sessionCodec });
}

function roundOf(fact: RoundFact['fact']): number {
  if (fact.type === 'result-opened' || fact.type === 'result-verdict') return 1;
  if (fact.type === 'round-ended') return fact.record.round;
  return 'round' in fact ? fact.round : 0;
}

const texts = ({ told }: RoundStory) => told.map(({ text }) => text);
const ended = (table: RoundTable) => table.rounds[0]!;

/** What survivors said of the one sum that a table opened. */
function verdicts(table: RoundTable, disputing: readonly string[] = []): ResultFact[] {
  const opened = table.journal.flatMap((one) =>
    one.type === 'session' && one.record.type === 'opened' ? [one.record] : [],
  )[0]!;
  const { sid2, survivors } = opened;
  const bytes = new Uint8Array(32);
  const sums = [{ group: 0, sid2, resultHash: bytes, survivors: survivors.length }];
  const aggregate = sessionCodec.aggregate.encode({ runId: 'run-1', round: 1, sums });
  const body = { sid2, resultHash: bytes, aggregateHash: bytes };
  const dispute = sessionCodec.dispute.encode({ ...body, group: 0, rule: 'check.sum', chunk: 3, lane: 41 });
  const signature = new Uint8Array(64);
  return [
    { type: 'result-opened', aggregate: { body: aggregate, signature } },
    ...survivors.map((participant): ResultFact => {
      const verdict = disputing.includes(participant)
        ? ({ kind: 'disputed', statement: { body: dispute, signature } } as const)
        : ({ kind: 'result', statement: { body: sessionCodec.result.encode(body), signature } } as const);
      return { type: 'result-verdict', participant, sid2, verdict };
    }),
  ];
}

describe('the story of a round', function () {
  this.timeout(30_000);

  it('tells of an asynchronous run who trains meanwhile, what is of no use, and how old the updates of a model were', () => {
    const quick = ['alpha', 'beta', 'gamma', 'delta'] as const;
    const slow = ['epsilon', 'zeta', 'eta', 'theta'] as const;
    const people = [...quick, ...slow];
    const plan = examplePlan({
      rounds: 6,
      cohort: { min: 3, size: 8, max: 8 },
      mode: { async: { bufferSize: 4, maxStaleness: 1, stalenessWeight: 'inverse' } },
    });
    const table = new RoundTable({ plan, people });
    for (const name of people) table.withheld.add(`${name}/train`);
    table.start();
    const finish = (names: readonly string[]) => {
      for (const name of names) {
        const { work } = table.chairs.get(name)!.state;
        if (work.type === 'training') table.participant(name, { type: 'trained', round: work.round });
      }
    };
    for (const names of [quick, slow, quick, quick]) finish(names);
    const told = table.rounds.map((_, at) => texts(storyOf(table, at + 1)).join('\n'));
    expect(told[0]).to.contain('begin to train from the model that is current here');
    expect(table.rounds[1]).to.deep.include({ baseModelVersion: 0 });
    expect(told[1]).to.contain('is published, of 4 updates that are 1 version old, after');
    expect(told[0]).to.contain('is published, of 4 updates, after');
    expect(told[3]).to.contain('what epsilon, eta, theta and zeta train is of no use any more');
  });

  it('says who was chosen, how many answered each step, and which model came of it', () => {
    const table = new RoundTable({ plan: examplePlan({ rounds: 1 }) }).start();
    const story = storyOf(table, 1, verdicts(table));
    expect([story.outcome, story.kind]).to.deep.equal(['published', 'train']);
    expect(texts(story).map((text) => text.replace(/[0-9a-f]{16}…/, '#'))).to.deep.equal([
      'the round begins, from model version 0 (#)',
      '5 are chosen: alpha, beta, delta, epsilon and gamma (the plan asks for 5, at least 4 in a session)',
      '5 were ready and are invited to a secure session: alpha, beta, delta, epsilon and gamma',
      'advertise: 5 of 5 sent keys and are the cohort; T = 4 open its sum where at most 1 collude, of 4 survivors or more',
      'share, confirm: 5 of 5 dealt shares that the others confirmed',
      'upload: 5 of 5 masked updates are here; a sum is over exactly these',
      'certify: alpha, beta, delta and epsilon signed that set, 4 where T = 4 are needed; it is waited for until it opens, and no other round can use these updates',
      'reveal: the sum over 5 is open',
      'the sum is decoded',
      `model version 1 (#) is published, of 5 updates, after 0.0 s (${phasesText(table)})`,
      'the run is completed: 1 models published',
      '5 of 5 survivors computed the sum anew and signed it (alpha, beta, delta, epsilon and gamma): released, T = 4',
    ]);
    expect(story.report!.survivors).to.deep.equal([...everyone].sort());
    expect(story.told[1]).to.deep.include({ event: 2, at: '2026-03-01T12:01:00.000Z' });
  });

  it('says whom an upload was lost of, how much of it was here, and whose masks were rebuilt', () => {
    const table = new RoundTable({ plan: examplePlan({ rounds: 1 }) });
    table.withheld.add('gamma/vector');
    const told = texts(storyOf(table.start().pass(12_000)));
    const { bytesReceived, bytesExpected } = ended(table).dropped[0]!;
    const kilobytes = (bytes: number) => `${Math.round(bytes / 1000)} kB`;
    expect(told.find((text) => text.startsWith('lost gamma'))).to.match(
      new RegExp(`^lost gamma at upload with ${kilobytes(bytesReceived)} of ${kilobytes(bytesExpected)} sent: .+`),
    );
    expect(told).to.include('upload: 4 of 5 masked updates are here, without gamma; a sum is over exactly these');
    expect(told).to.include(
      'reveal: the sum over 4 is open; the masks of gamma, of whom no update came, were rebuilt from shares and taken out',
    );
  });

  it('says why it was abandoned, and that the updates are free', () => {
    const table = losingAtCertify('delta', 'epsilon').pass(10_000);
    const story = storyOf(table);
    const { outcome } = ended(table);
    expect(outcome.type).to.equal('abandoned');
    const reason = outcome.type === 'abandoned' ? outcome.reason : expect.fail();
    expect(story.outcome).to.equal('abandoned');
    expect(texts(story).some((text) => text.startsWith(`the session was given up at certify: ${reason}`))).to.equal(
      true,
    );
    expect(texts(story).some((text) => /^the round is abandoned in certify, after 10\.0 s .+: /.test(text))).to.equal(
      true,
    );
    expect(texts(story).join('\n')).to.match(/signed the session's abort.+free for another round/);
  });

  it('tells of a dispute where it was found, and that nothing is released before enough signed', () => {
    const table = new RoundTable({ plan: examplePlan({ rounds: 1 }) }).start();
    const told = texts(storyOf(table, 1, verdicts(table, ['beta', 'gamma'])));
    expect(told).to.include('DISPUTED: beta does not accept the sum (check.sum, chunk 3, lane 41)');
    expect(told.at(-1)).to.equal(
      '3 of 5 survivors computed the sum anew and signed it (alpha, delta and epsilon): not released before T = 4 did',
    );
  });

  it('names the group in every sentence about one of several', () => {
    const people = [...everyone, 'zeta', 'eta', 'theta', 'iota', 'kappa'];
    const plan = examplePlan({ rounds: 1, cohort: { min: 3, size: 10, max: 4 }, clippingNorm: 8 });
    const { told } = storyOf(new RoundTable({ plan, people }).start());
    const grouped = told.filter(({ group }) => group !== undefined);
    expect(new Set(grouped.map(({ group }) => group))).to.deep.equal(new Set([0, 1, 2]));
    for (const { group, text } of grouped) expect(text).to.match(new RegExp(`^group ${group! + 1} of 3: `));
  });

  it('says of a round under way that it has not ended', () => {
    const table = new RoundTable({ plan: examplePlan({ rounds: 1 }) });
    table.withheld.add('alpha/upload');
    const story = storyOf(table.start());
    expect([story.outcome, story.report]).to.deep.equal(['under way', undefined]);
    expect(texts(story).at(-1)).to.equal('the round has not ended yet, as far as the journal says');
  });

  it('lets a terminal obey nothing that a peer wrote', () => {
    const failure = new FederatedError('internal', 'no disk\u001b[2J\u202eleft');
    const table = new RoundTable({ plan: examplePlan({ rounds: 1 }) });
    table.failing.set('gamma/train', failure);
    const dropout = {
      participant: 'gamma',
      step: 'train',
      reason: failure.message,
      bytesReceived: 0,
      bytesExpected: 0,
    };
    const left = { type: 'training-left', round: 1, dropout } as CoordinationRecord;
    const told = texts(storyOf(table.start().pass(100_000), 1, [left]));
    expect(told).to.include('lost gamma at train: no disk [2J left');
    expect(told.join('')).not.to.match(/[\p{Cc}\p{Cf}]/u);
  });

  it('holds no byte of what restores a session', () => {
    const table = new RoundTable({ plan: examplePlan({ rounds: 1 }) }).start();
    const inputs = table.journal.filter((one) => one.type === 'session' && one.record.type === 'input');
    expect(inputs).to.have.length.above(20);
    const facts = table.journal.map((fact, index) => ({ seq: index + 1, atMillis: undefined, fact }));
    const story = JSON.stringify(tellRound({ run: 'run-1', round: 1, plan: table.plan, facts, codec: sessionCodec }));
    for (const one of inputs) {
      const { event } = (one as { record: { event: { frame?: { reveal?: { body: Uint8Array } } } } }).record;
      const reveal = event.frame?.reveal;
      if (reveal !== undefined) expect(story).not.to.contain(toHex(reveal.body).slice(40, 80));
    }
  });
});

function phasesText(table: RoundTable): string {
  const { phases } = ended(table);
  return roundPhases
    .filter((phase) => phase in phases)
    .map((phase) => `${phase} 0.0 s`)
    .join(', ');
}
