import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { diskUse, planSize, registerCoordinatorCommands } from '@concordat/coordinator';
import { layoutOf, roundSegments } from '@concordat/core';
import { expect } from 'chai';
import { examplePlan } from '../../core/round/example-plan.js';
import { typed } from '../../support/typed.js';
import { TestConsortium } from '../consortium.js';
import { MachineParticipant } from '../machine-participant.js';

/** `coordinator size …` as it is typed. */
const type = (...args: readonly string[]) => typed(registerCoordinatorCommands, ['coordinator', 'size', ...args]);

describe('the size of a plan', () => {
  it('is that of its masked vectors, its models and what it keeps', () => {
    const plan = examplePlan({ rounds: 10, aggregateCheck: 'on', transcriptRetention: 3 });
    const vectorBytes = layoutOf(roundSegments(plan, 'train')).lengthBytes;
    const size = planSize(plan);
    expect([size.parameters, size.cohort, size.groups, size.vectorBytes]).to.deep.equal([9, 5, 1, vectorBytes]);
    // One leaf hash each; five vectors and their sum.
    const roundBytes = 6 * (vectorBytes + 32);
    expect(size.coordinator.roundBytes).to.equal(roundBytes);
    expect(size.coordinator.keptBytes).to.equal(3 * roundBytes);
    expect(size.coordinator.runBytes).to.equal(
      11 * size.modelBytes + 10 * size.coordinator.recordBytes + 4 * roundBytes,
    );
    expect(size.participant.checkBytesMax).to.equal(6 * vectorBytes);
  });

  it('keeps neither sums nor rounds where nothing is computed anew', () => {
    const size = planSize(examplePlan({ aggregateCheck: 'off' }));
    expect([size.coordinator.keptBytes, size.participant.checkBytesMax]).to.deep.equal([0, 0]);
    expect(size.coordinator.roundBytes).to.equal(5 * (size.vectorBytes + 32));
  });

  it('counts a sum for each secure group, and their means where a rule over groups keeps them', () => {
    const groups = (combine: 'sum' | 'median') =>
      planSize(
        examplePlan({
          aggregateCheck: 'on',
          cohort: { min: 3, size: 10, max: 4 },
          clippingNorm: 8,
          groups: { min: 3, combine },
        }),
      );
    expect(groups('sum').groups).to.equal(3);
    expect(groups('sum').coordinator.roundBytes).to.equal(13 * (groups('sum').vectorBytes + 32));
    expect(groups('sum').participant.checkBytesMax).to.equal(7 * groups('sum').vectorBytes);
    expect(groups('median').coordinator.memoryBytes - groups('sum').coordinator.memoryBytes).to.equal(3 * 4 * 9);
  });
});

describe('what lies on the disk of a coordinator', function () {
  this.timeout(30_000);
  let consortium: TestConsortium;
  let size: ReturnType<typeof planSize>;
  const participants: MachineParticipant[] = [];

  before(async () => {
    consortium = await TestConsortium.open();
    const delta = (parameters: number) => new Float32Array(parameters).fill(0.004);
    for (const name of ['acme', 'bluebird', 'cobalt', 'delta']) {
      participants.push(new MachineParticipant(await consortium.join(name), { delta }));
    }
    const { plan, planHash } = await consortium.propose({ rounds: 1, aggregateCheck: 'on', transcriptRetention: 2 });
    size = planSize(plan);
    for (const participant of participants) await participant.connect();
    await consortium.operator.startRun(planHash, 'spring');
    await consortium.operator.watch('spring', 1, () => undefined);
  });

  after(async () => {
    for (const participant of participants) participant.leave();
    await consortium.close();
  });

  it('is told by kind while it runs, to the byte what its plan said', async () => {
    const { kinds, rounds, bytes, freeBytes } = await diskUse(consortium.directory);
    const of = Object.fromEntries(kinds.map(({ kind, files, bytes: kept }) => [kind, [files, kept]]));
    expect(of.models).to.deep.equal([2, 2 * size.modelBytes]);
    const vectors = of['masked vectors']!;
    const sums = of.sums!;
    expect([vectors[0], sums[0]]).to.deep.equal([4, 1]);
    expect(vectors[1]! + sums[1]!).to.equal(size.coordinator.roundBytes);
    expect(rounds).to.deep.equal([{ run: 'spring', round: 1, bytes: size.coordinator.roundBytes }]);
    expect(of.unfinished).to.deep.equal([0, 0]);
    expect(of.records![0]).to.be.within(1, 4);
    expect(bytes).to.equal(kinds.reduce((sum, kind) => sum + kind.bytes, 0));
    expect(freeBytes).to.be.greaterThan(0);
  });

  it('is shown with until when it stays, and asks nobody', async () => {
    const { exitCode, stdout } = await type('--directory', consortium.directory);
    expect(exitCode).to.equal(0);
    expect(stdout).to.match(/^ {2}masked vectors: .+ in 4 files; until the round is over, .+transcriptRetention/m);
    expect(stdout).to.match(/^round 1 of run spring holds .+; 1 round is kept$/m);
  });

  it('takes what broke off for unfinished', async () => {
    const spool = join(consortium.directory, 'coordinator/store/spool/spring/1');
    writeFileSync(join(spool, 'echo.masked.part'), Buffer.alloc(1_000));
    const { kinds } = await diskUse(consortium.directory);
    expect(kinds.find(({ kind }) => kind === 'unfinished')).to.deep.include({ files: 1, bytes: 1_000 });
  });

  it('counts models and vectors where all coordinators of a database share them', async () => {
    const before = await diskUse(consortium.directory);
    const store = join(consortium.directory, 'coordinator/store');
    const shared = join(consortium.directory, 'shared');
    mkdirSync(shared);
    const settings = join(consortium.directory, 'coordinator/coordinator.yaml');
    const written = readFileSync(settings, 'utf8');
    for (const name of ['blobs', 'spool']) renameSync(join(store, name), join(shared, name));
    writeFileSync(settings, `${written}store: postgres://localhost/concordat\nblobs: ../shared\n`);
    try {
      const { exitCode, stdout } = await type('--directory', consortium.directory, '--json');
      expect(exitCode).to.equal(0);
      const { kinds, rounds } = JSON.parse(stdout).data;
      const but = (list: typeof before.kinds) => list.filter(({ kind }) => kind !== 'keys and settings');
      expect(but(kinds)).to.deep.equal(but(before.kinds));
      expect(rounds).to.deep.equal(before.rounds);
    } finally {
      writeFileSync(settings, written);
      for (const name of ['blobs', 'spool']) renameSync(join(shared, name), join(store, name));
    }
  });

  it('refuses a directory without a coordinator, and the draft of a plan without its model, by name', async () => {
    const empty = await type('--directory', join(consortium.directory, 'operator'));
    expect([empty.exitCode, empty.stderr.split('\n')[0]]).to.deep.equal([
      4,
      `invalid-argument: ${join(consortium.directory, 'operator/coordinator')} cannot be read`,
    ]);
    const draft = join(consortium.directory, 'draft.json');
    writeFileSync(draft, '{"run":"spring"}');
    expect((await type('--plan', draft)).stderr).to.contain('--model DIRECTORY');
    const plan = join(consortium.directory, 'plan.json');
    writeFileSync(plan, JSON.stringify(examplePlan()));
    expect((await type('--plan', plan)).stdout).to.match(
      /^plan for run run-1: 9 parameters, 5 participants, 2 models$/m,
    );
  });
});
