import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { verifyRound } from '@concordat/client-sdk';
import { OperatorClient, type RoundReport } from '@concordat/coordinator';
import { FederatedError, type PlanDraft, toBase64url } from '@concordat/core';
import { expect } from 'chai';
import { CheckedConsortium, lyingCrypto } from './checked-consortium.js';
import { CoordinatorProcess } from './coordinator-process.js';

const names = ['acme', 'bluebird', 'cobalt', 'delta', 'echo', 'foxtrot', 'golf', 'hotel', 'india'];
/** Three groups of three; n = 3 and c = 1 need every signature. */
const grouped: Partial<PlanDraft> = {
  aggregateCheck: 'on',
  transcriptRetention: 2,
  rounds: 2,
  cohort: { min: 3, size: 9, max: 3 },
  reportingGoal: 9,
  // Everybody is waited for.
  deadlines: { selectMillis: 60_000, readyMillis: 60_000, stepMillis: 60_000, graceMillis: 60_000 },
};

/** Members of each group of the first round. */
function groupsIn(seen: readonly { readonly type: string }[]): readonly (readonly string[])[] {
  const round = seen.find((event): event is { readonly type: 'round' } & RoundReport => event.type === 'round');
  return round!.groups!.map(({ members }) => members);
}

describe('the aggregate check of a consortium in secure groups', function () {
  this.timeout(120_000);
  let nine: CheckedConsortium;
  let groups: readonly (readonly string[])[];
  before(async () => {
    nine = await CheckedConsortium.enrol(names);
  });
  after(() => nine.end());

  it('has every member compute its own group’s sum anew, and releases a model when every group signed', async () => {
    // The last model is measured in a round of its own, in groups too.
    const metrics = [{ name: 'accuracy', kind: 'rate', max: 1 } as const];
    const { ends, seen } = await nine.run({ ...grouped, metrics, transcriptRetention: 3 });
    groups = groupsIn(seen);
    expect(groups.map(({ length }) => length)).to.deep.equal([3, 3, 3]);
    for (const name of names) {
      expect((ends.get(name) as { outcome: string }).outcome).to.equal('completed');
      const verified = nine.events.get(name)!.flatMap((event) => (event.type === 'verified' ? [event.round] : []));
      expect(verified, name).to.deep.equal([1, 2, 3]);
    }
    const { releases } = (await nine.consortium.operator.status()).runs[0]!;
    expect(releases.map(({ round, modelVersion, released }) => [round, modelVersion, released])).to.deep.equal([
      [3, 0, true],
      [2, 2, true],
      [1, 1, true],
    ]);
    const first = releases[2]!;
    expect(first).to.deep.include({ signed: names, of: 9, threshold: 9 });
    expect(first.groups).to.deep.equal(
      groups.map((members, at) => ({ group: at + 1, signed: members, of: 3, threshold: 3 })),
    );
    const released = seen.filter((event) => event.type === 'verdict' && event.round === 1 && event.released);
    expect(released).to.have.length(1);
  });

  it('is told to the operator: a release once, when the last group has signed', async () => {
    const watched = (await nine.operate('run', 'watch', '--run', 'spring')).stdout.split('\n');
    for (const [round, what] of [
      [1, 'model 1'],
      [2, 'model 2'],
      [3, 'the sum of round 3'],
    ]) {
      const line = `round ${round}: ${what} is released with 9 of 9 signatures`;
      expect(watched.filter((said) => said === line)).to.deep.equal([line]);
    }
    const { stdout } = await nine.operate('status');
    expect(stdout).to.contain('  round 2: model 2 released with 9 of 9 signatures\n');
  });

  it('is repeated from the command line: the model is made again of the sums of all groups', async () => {
    const directory = nine.directoryOf('acme');
    const group = groups.findIndex((members) => members.includes('acme')) + 1;
    const said = await nine.type('verify-round', '--directory', directory, '--session', 'spring/1', '--chunks', 'all');
    expect(said.exitCode).to.equal(0);
    expect(said.stdout.trim().split('\n')).to.deep.equal([
      `Round 1 of run spring: the sum of group ${group} is right in 3 of 3 chunks, computed anew.`,
      'The published model is what the plan makes of the sums of all 3 groups.',
      'acme signed it before.',
      'Group 1: 3 signed, 3 are needed.',
      'Group 2: 3 signed, 3 are needed.',
      'Group 3: 3 signed, 3 are needed.',
      'The round is released.',
    ]);
    const second = ['--session', 'spring/2', '--chunks', '1', '--json'];
    const json = await nine.type('verify-round', '--directory', directory, ...second);
    const { data } = JSON.parse(json.stdout) as { data: Record<string, unknown> };
    expect(data).to.include({ round: 2, chunksChecked: 2, chunks: 3, modelChecked: false, released: true });
    expect(data.parametersChecked).to.be.within(1, 39_999);
    expect(data.groups).to.have.length(3);
    // The sum of a round that only measured makes no model.
    const last = await nine.type('verify-round', '--directory', directory, '--json');
    const { data: measured } = JSON.parse(last.stdout) as { data: Record<string, unknown> };
    expect(measured).to.include({ round: 3, chunksChecked: 1, chunks: 1, parametersChecked: 0, released: true });
  });

  for (const [rule, combination] of [
    ['a median', { combine: 'median' }],
    ['a trimmed mean', { combine: 'trimmed-mean', trimPercent: 34 }],
  ] as const) {
    it(`makes ${rule} of the groups again`, async () => {
      const run = combination.combine;
      // From the model of the run before: to the first one, everybody has contributed.
      const { task } = await nine.consortium.plan();
      const weightsDigest = toBase64url(nine.consortium.coordinator.run!.modelHash);
      const model = { ...task.model, weightsDigest };
      await nine.run({ ...grouped, run, rounds: 1, groups: combination, task: { ...task, model } });
      const found = await verifyRound({ directory: nine.directoryOf('delta'), session: `${run}/1` });
      expect([found.finding.type, found.model, found.groups.length]).to.deep.equal([
        'right',
        { checked: 40_000, of: 40_000 },
        3,
      ]);
    });
  }

  it('does not believe a chunk of another group’s sum that is not the one the coordinator signed', async () => {
    const round = join(nine.consortium.directory, 'coordinator/store/spool/trimmed-mean/1');
    const sums = readdirSync(round).filter((file) => file.endsWith('.sum'));
    const found = await verifyRound({ directory: nine.directoryOf('delta'), session: 'trimmed-mean/1' });
    const own = Buffer.from(found.finding.sid2).toString('hex');
    const other = join(round, sums.find((file) => file !== `${own}.sum`)!);
    const bytes = readFileSync(other);
    bytes[49_152 + 30]! ^= 1;
    writeFileSync(other, bytes);
    const { error, group } = await verifyRound({
      directory: nine.directoryOf('delta'),
      session: 'trimmed-mean/1',
    });
    expect([error?.code, error?.detail.rule, error?.detail.chunk]).to.deep.equal(['verification', 'check.chunk', 1]);
    expect(error!.detail.group).to.be.oneOf([1, 2, 3].filter((number) => number !== group));
  });
});

describe('a coordinator that changes the sum of one group by one', function () {
  this.timeout(120_000);
  let nine: CheckedConsortium;
  let groups: readonly (readonly string[])[];
  before(async () => {
    nine = await CheckedConsortium.enrol(
      names,
      lyingCrypto(() => true),
    );
  });
  after(() => nine.end());

  it('is disputed by every member of that group, which is named, and signed by the others', async () => {
    const { ends, seen } = await nine.run({ ...grouped, rounds: 1 });
    groups = groupsIn(seen);
    for (const name of groups[0]!) {
      const end = ends.get(name);
      expect(end, name).to.be.instanceOf(FederatedError);
      const { code, detail } = end as FederatedError;
      expect([code, detail.rule, detail.group, detail.chunk, detail.lane]).to.deep.equal([
        'verification',
        'check.sum',
        1,
        1,
        16_384 + 17,
      ]);
    }
    for (const name of groups.slice(1).flat()) {
      const verified = nine.events.get(name)!.some((event) => event.type === 'verified' && event.round === 1);
      expect(verified, name).to.equal(true);
    }
  });

  it('gets no release for the round: it is shown as disputed, with group, chunk and lane', async () => {
    const { releases } = (await nine.consortium.operator.status()).runs[0]!;
    const first = releases.at(-1)!;
    expect(first).to.deep.include({ round: 1, signed: groups.slice(1).flat().sort(), released: false });
    expect(first.disputed).to.deep.equal(
      groups[0]!.map((participant) => ({
        participant,
        group: 1,
        rule: 'check.sum',
        chunk: 1,
        lane: 16_384 + 17,
      })),
    );
    const watched = (await nine.operate('run', 'watch', '--run', 'spring')).stdout.split('\n');
    expect(watched.filter((said) => said.includes('is released'))).to.deep.equal([]);
    expect(watched.filter((said) => said.includes('DISPUTED')).sort()).to.deep.equal(
      groups[0]!.map(
        (name) =>
          `round 1: DISPUTED: ${name} does not accept model 1 (group 1, check.sum, chunk 1, lane 16401), and contributes no more`,
      ),
    );
    const disputes = groups[0]!.map((name) => `DISPUTED by ${name} (group 1, check.sum, chunk 1, lane 16401)`);
    const stand = ['model 1 not released: 6 of 9 signed, 9 are needed', 'group 1: 0 of the 3 needed', ...disputes];
    expect((await nine.operate('status')).stdout).to.contain(`  round 1: ${stand.join('; ')}\n`);
    const directory = nine.directoryOf(groups[1]![0]!);
    const told = await nine.type('verify-round', '--directory', directory, '--session', 'spring/1', '--json');
    const { data } = JSON.parse(told.stdout) as { data: { groups: unknown; released: boolean } };
    expect(data.released).to.equal(false);
    expect(data.groups).to.deep.equal([
      { group: 1, threshold: 3, signed: 0, disputed: 3 },
      { group: 2, threshold: 3, signed: 3, disputed: 0 },
      { group: 3, threshold: 3, signed: 3, disputed: 0 },
    ]);
  });
});

describe('a coordinator that is killed while sums of groups are opened and verdicts come in', function () {
  this.timeout(300_000);
  const six = names.slice(0, 6);
  let consortium: CheckedConsortium;
  let killed: CoordinatorProcess;
  let operator: OperatorClient;
  before(async () => {
    consortium = await CheckedConsortium.enrol(six);
    killed = new CoordinatorProcess(consortium.consortium.directory);
    const address = await killed.listen();
    for (const name of six) consortium.redirect(name, address);
  });
  after(async () => {
    operator.close();
    await killed.close();
    await consortium.end();
  });

  const dial = () => new OperatorClient({ ...consortium.consortium.operatorKeys, address: `127.0.0.1:${killed.port}` });

  it('goes on with the same sums, and every round is released by every group', async () => {
    const cohort = { min: 3, size: 6, max: 3 };
    // Two groups are required: after a restart a round would otherwise go on with whoever is back first, in one.
    const groups = { min: 2, combine: 'sum' } as const;
    // However long a busy machine takes: no deadline ends a wait here, or the test never ends.
    const hour = 3_600_000;
    const deadlines = { selectMillis: hour, readyMillis: hour, stepMillis: hour, graceMillis: hour };
    const draft = { ...grouped, cohort, groups, deadlines, reportingGoal: 6 };
    const { planHash } = await consortium.consortium.propose(draft);
    await consortium.consortium.coordinator.stop();
    await killed.start();
    operator = dial();
    await operator.startRun(planHash, 'spring');
    const moments = ['contributed 1', 'verified 1', 'contributed 2'];
    const resumed: string[] = [];
    let restarting = Promise.resolve();
    const restart = async () => {
      await killed.kill();
      resumed.push((await killed.start()).resumed?.run ?? 'nothing');
    };
    consortium.onEvent = (_, event) => {
      const at = moments.findIndex((moment) => 'round' in event && moment === `${event.type} ${event.round}`);
      if (at === -1) return;
      moments.splice(at, 1);
      restarting = restarting.then(restart);
    };
    const clients = await Promise.all(six.map((name) => consortium.open(name)));
    const ends = await Promise.all(clients.map((client) => client.run({ once: true })));
    await restarting;
    expect(ends.map((end) => end?.outcome)).to.deep.equal(six.map(() => 'completed'));
    expect(resumed).to.deep.equal(['spring', 'spring', 'spring']);
    operator.close();
    operator = dial();
    const { releases } = (await operator.status()).runs[0]!;
    expect(
      releases.map(({ round, released, groups }) => [round, released, groups!.map(({ signed }) => signed.length)]),
    ).to.deep.equal([
      [2, true, [3, 3]],
      [1, true, [3, 3]],
    ]);
    expect(releases.flatMap(({ disputed }) => disputed)).to.deep.equal([]);
  });
});
