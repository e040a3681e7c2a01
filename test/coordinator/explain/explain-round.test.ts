import { join } from 'node:path';
import {
  encodeRecord,
  explainRound,
  openStore,
  type RoundStory,
  registerCoordinatorCommands,
} from '@concordat/coordinator';
import { expect } from 'chai';
import { typed } from '../../support/typed.js';
import { refusalOf, TestConsortium } from '../consortium.js';
import { MachineParticipant } from '../machine-participant.js';

const names = ['acme', 'bluebird', 'cobalt', 'delta'];

describe('a coordinator that is asked for the story of a round', function () {
  this.timeout(30_000);
  let consortium: TestConsortium;
  let participants: MachineParticipant[];
  let startedMillis: number;

  before(async () => {
    consortium = await TestConsortium.open();
    const delta = (parameters: number) => new Float32Array(parameters).fill(0.004);
    participants = [];
    for (const name of names) participants.push(new MachineParticipant(await consortium.join(name), { delta }));
    startedMillis = Date.now();
    const { planHash } = await consortium.propose({ rounds: 1, aggregateCheck: 'off' });
    for (const participant of participants) await participant.connect();
    await consortium.operator.startRun(planHash, 'spring');
    await consortium.operator.watch('spring', 1, () => undefined);
  });

  after(async () => {
    for (const participant of participants) participant.leave();
    await consortium.close();
  });

  /** `coordinator explain` as it is typed. */
  const type = (...flags: readonly string[]) => typeWith({}, ...flags);
  const typeWith = (environment: Readonly<Record<string, string>>, ...flags: readonly string[]) =>
    typed(
      registerCoordinatorCommands,
      ['coordinator', 'explain', '--directory', consortium.directory, ...flags],
      environment,
    );

  it('tells it to its operator, with times of the wall clock', async () => {
    const story = await consortium.operator.explain('spring', 1);
    expect([story.outcome, story.report!.survivors]).to.deep.equal(['published', names]);
    const times = story.told.flatMap(({ at }) => (at === undefined ? [] : [Date.parse(at)]));
    expect(times).to.have.lengthOf(story.told.length);
    expect(times).to.deep.equal([...times].sort());
    for (const time of times) expect(time - startedMillis).to.be.within(0, 60_000);
    const { address } = consortium.coordinator;
    const { stdout } = await type('--address', address, '--run', 'spring', '--round', '1');
    expect(stdout).to.match(
      /^round 1 of run spring: published; times are UTC\n {2}\d{4}(-\d\d){2} (\d\d:){2}\d\d {2}the round begins/,
    );
  });

  it('shows the heads of the newest events, of one run or of all, and no more than were asked for', async () => {
    const own = await consortium.operator.journal(1_000, 'spring');
    expect(own.map(({ kind }) => kind)).to.include.members([
      'run-started',
      'approved',
      'session/certified',
      'finished',
    ]);
    expect(own.every(({ run, at }) => run === 'spring' && at !== undefined)).to.equal(true);
    const all = await consortium.operator.journal(1_000);
    expect(all.map(({ kind }) => kind)).to.include.members(['roster-epoch', 'invited', 'finished']);
    expect(await consortium.operator.journal(2)).to.deep.equal(all.slice(-2));
    expect(Object.keys(all.at(-1)!).sort()).to.deep.equal(['at', 'kind', 'round', 'run', 'seq']);
  });

  it('says which runs and rounds there are when it is asked for another', async () => {
    expect(await refusalOf(consortium.operator.explain('spring', 9))).to.equal('invalid-argument');
    const { address } = consortium.coordinator;
    const other = await type('--address', address, '--run', 'autumn', '--round', '1');
    expect([other.exitCode, other.stderr]).to.deep.equal([
      4,
      'invalid-argument: no run autumn was started here\nName one of: spring. More: docs/errors/invalid-argument.md (type: concordat explain invalid-argument).\n',
    ]);
    const later = await type('--address', address, '--run', 'spring', '--round', '2');
    expect(later.stderr).to.contain('Name a round from 1 to 1.');
  });

  it('tells nobody else', async () => {
    const [member] = participants;
    const asked = new Promise((resolve, reject) => {
      const { Runs } = member!.member.stubs;
      Runs.Explain({ runId: 'spring', round: 1 }, (error) => (error === null ? resolve(undefined) : reject(error)));
    });
    expect(
      await asked.then(
        () => 'told',
        ({ details }: { details: string }) => details,
      ),
    ).to.contain('may not call this method');
  });

  it('is not needed when it is stopped: the directory tells the same', async () => {
    const { address } = consortium.coordinator;
    const online = JSON.parse((await type('--address', address, '--run', 'spring', '--round', '1', '--json')).stdout);
    const held = await type('--run', 'spring', '--round', '1', '--offline', '--json');
    expect(JSON.parse(held.stdout).error.code).to.equal('conflict');
    await consortium.coordinator.stop();
    const offline = JSON.parse((await type('--run', 'spring', '--round', '1', '--offline', '--json')).stdout);
    expect(offline.data as RoundStory).to.deep.equal(online.data);
  });

  it('is asked for what is in a database: the file beside it is not its store', async () => {
    const { stderr } = await typeWith(
      { CONCORDAT_STORE: 'postgres://concordat@db.example/concordat' },
      '--run',
      'spring',
      '--round',
      '1',
      '--offline',
    );
    expect(stderr).to.match(
      /^invalid-argument: the records of this coordinator are in a database\nStart a coordinator and ask it/,
    );
  });

  it('has no times where the journal was written without, and tells a round that is under way', async () => {
    await consortium.coordinator.stop();
    const store = await openStore(join(consortium.directory, 'coordinator', 'store'));
    const record = {
      type: 'round-started',
      round: 2,
      kind: 'train',
      modelVersion: 1,
      baseModelHash: new Uint8Array(32),
    };
    await store.journal.append([{ run: 'spring', round: 2, kind: 'round-started', body: encodeRecord(record) }]);
    const story = await explainRound(store, 'spring', 2);
    await store.close();
    expect([story.outcome, story.told.map(({ at }) => at)]).to.deep.equal(['under way', [undefined, undefined]]);
  });
});
