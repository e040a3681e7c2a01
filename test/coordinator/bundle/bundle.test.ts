import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  bundleFiles,
  type CoordinatorConfiguration,
  knownSecrets,
  openStore,
  type RoundStory,
  RunJournal,
  registerCoordinatorCommands,
} from '@concordat/coordinator';
import { expect } from 'chai';
import { parseTarGzip } from 'nanotar';
import { typed } from '../../support/typed.js';
import { TestConsortium } from '../consortium.js';
import { MachineParticipant } from '../machine-participant.js';

/** 32 bytes that nothing else holds, by what they stand for. */
const canaries = ['revealed share', 'log', 'password', 'webhook'].map((name) =>
  Buffer.from(`canary of a ${name}`.padEnd(32, '!')),
);
const [share, logged, password, webhook] = canaries as [Buffer, Buffer, Buffer, Buffer];
const encodings = ['latin1', 'hex', 'base64', 'base64url'] as const;

describe('the bundle for a ticket', function () {
  this.timeout(30_000);
  let consortium: TestConsortium;
  let directory: string;
  const participants: MachineParticipant[] = [];
  const environment = {
    CONCORDAT_DATABASE_URL: `postgres://fl:${password.toString('hex')}@db/fl`,
    HOOK_SECRET: webhook.toString('base64'),
  };

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-bundle-'));
    const local = { host: '127.0.0.1', port: 0 };
    const configuration: CoordinatorConfiguration = {
      address: '127.0.0.1:0',
      listen: local,
      logLevel: 'info',
      observe: local,
    };
    consortium = await TestConsortium.open({ configuration });
    const delta = (parameters: number) => new Float32Array(parameters).fill(0.004);
    for (const name of ['acme', 'bluebird', 'cobalt', 'delta']) {
      participants.push(new MachineParticipant(await consortium.join(name), { delta }));
    }
    const { planHash } = await consortium.propose({ rounds: 1, aggregateCheck: 'on', transcriptRetention: 2 });
    for (const participant of participants) await participant.connect();
    await consortium.operator.startRun(planHash, 'spring');
    await consortium.operator.watch('spring', 1, () => undefined);
    writeFileSync(
      join(directory, 'coordinator.log'),
      [
        '{"level":30,"msg":"listening"}',
        `{"level":30,"msg":"key ${logged.toString('base64url')}"}`,
        `{"level":30,"msg":"password=${logged.toString('latin1')}"}`,
        readFileSync(join(consortium.directory, 'coordinator/coordinator-key.pem'), 'utf8'),
      ].join('\n'),
    );
  });

  after(async () => {
    for (const participant of participants) participant.leave();
    await consortium.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** `coordinator bundle …` as it is typed. */
  const type = (...args: readonly string[]) => {
    const at = ['--directory', consortium.directory, '--address', consortium.coordinator.address];
    return typed(registerCoordinatorCommands, ['coordinator', 'bundle', ...at, ...args], {
      ...environment,
      CONCORDAT_OBSERVE: `127.0.0.1:${consortium.coordinator.observePort}`,
    });
  };

  async function opened(path: string): Promise<Readonly<Record<string, string>>> {
    const files = await parseTarGzip(readFileSync(path));
    return Object.fromEntries(files.map(({ name, text }) => [name.replace('concordat-bundle/', ''), text]));
  }

  /** Everything that a bundle must not hold, as text it could be in. */
  function secretTexts(): string[] {
    const files = ['root/root-key', 'operator/operator-key', 'operator/tls-key', 'coordinator/coordinator-key'];
    const more = ['coordinator/roster-key', 'coordinator/tls-key', 'coordinator/tls-authority-key'];
    const lines = [...files, ...more].flatMap((name) =>
      readFileSync(join(consortium.directory, `${name}.pem`), 'utf8')
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('-----')),
    );
    const secrets = participants.flatMap(({ secrets: lanes }) =>
      [...lanes.values()].map((one) => Buffer.from(one.slice(4096, 4128))),
    );
    const bytes = [...canaries, ...secrets];
    return [...lines, ...bytes.flatMap((one) => encodings.map((encoding) => one.toString(encoding)))];
  }

  it('prints what is in it, and writes it for its owner only', async () => {
    const path = join(directory, 'first.tar.gz');
    const { exitCode, stdout } = await type('--to', path, '--log', join(directory, 'coordinator.log'));
    expect(exitCode).to.equal(0);
    expect(statSync(path).mode & 0o077).to.equal(0);
    const files = await opened(path);
    const names = Object.keys(files);
    expect(names).to.deep.equal([
      'CONTENTS.txt',
      'about.json',
      'settings.json',
      'status.json',
      'rounds.json',
      'journal.json',
      'size.json',
      'metrics.txt',
      'log.txt',
    ]);
    for (const name of names.slice(1)) {
      expect(stdout).to.contain(`  ${name} (`);
      expect(files['CONTENTS.txt']).to.contain(`\n${name}: `);
    }
    const [story] = JSON.parse(files['rounds.json']!) as RoundStory[];
    expect([story!.run, story!.outcome, story!.report!.survivors.length]).to.deep.equal(['spring', 'published', 4]);
    expect(files['metrics.txt']).to.contain('\nconcordat_model_version 1\n');
    const kinds = (JSON.parse(files['journal.json']!) as { kind: string }[]).map(({ kind }) => kind);
    expect(kinds).to.include.members(['invited', 'plan-proposed', 'session/certified', 'result/opened', 'finished']);
    expect(files['log.txt']).to.contain('"msg":"listening"').and.contain('[PEM removed]');
  });

  it('holds no key, share, update, password or token, asked of a coordinator that runs or read from one that does not', async () => {
    const running = await opened(join(directory, 'first.tar.gz'));
    await consortium.coordinator.stop();
    const store = await openStore(join(consortium.directory, 'coordinator/store'));
    const journal = new RunJournal(store, 'spring');
    const reveal = { body: share, signature: new Uint8Array(64) };
    const event = { type: 'reply', from: 'acme', frame: { type: 'reveal', reveal } } as const;
    journal.note({ type: 'session', round: 1, record: { type: 'input', event } });
    await journal.flush();
    const [sum] = await store.results.ofRound('spring', 1);
    const kept = (await store.results.transcript(sum!.sid2))!.secrets.map((one) => Buffer.from(one));
    expect(kept).to.have.lengthOf(4);
    await store.close();
    const path = join(directory, 'second.tar.gz');
    const { exitCode } = await type('--to', path, '--log', join(directory, 'coordinator.log'));
    expect(exitCode).to.equal(0);
    const stopped = await opened(path);
    expect(JSON.parse(stopped['rounds.json']!)[0].outcome).to.equal('published');
    expect(stopped['metrics.txt']).to.match(/^not here: /);
    const whole = [...Object.values(running), ...Object.values(stopped)].join('\n');
    const secrets = [...secretTexts(), ...kept.flatMap((one) => encodings.map((encoding) => one.toString(encoding)))];
    expect(secrets).to.have.length.above(40);
    for (const secret of secrets) expect(whole.includes(secret), secret).to.equal(false);
  });

  it('is not written over another file, and --list writes none', async () => {
    const again = await type('--to', join(directory, 'second.tar.gz'));
    expect([again.exitCode, again.stderr.split('\n')[0]]).to.deep.equal([
      4,
      `invalid-argument: ${join(directory, 'second.tar.gz')} is there already`,
    ]);
    const listed = await type('--list', '--json');
    expect(JSON.parse(listed.stdout).data.files.map(({ name }: { name: string }) => name)).to.include('status.json');
    const nowhere = await type();
    expect([nowhere.exitCode, nowhere.stderr.split('\n')[1]!.startsWith('Give --to FILE, or --list')]).to.deep.equal([
      4,
      true,
    ]);
    expect(existsSync(join(directory, 'third.tar.gz'))).to.equal(false);
  });

  it('knows the password of a database by where the settings have it', async () => {
    const file = join(directory, 'password');
    writeFileSync(file, 'kept in a file\n', { mode: 0o600 });
    const secrets = await knownSecrets(consortium.directory, { DB: 'kept in a variable' }, [
      `file:${file}`,
      'env:DB',
      'env:NONE',
    ]);
    expect(secrets).to.include.members(['kept in a file', 'kept in a variable']);
    expect(secrets).not.to.include('');
  });

  it('is not made when a text would hold a secret of this machine after all', async () => {
    const fine = async () => [];
    const parts = {
      about: () => ({ note: 'a short secret' }),
      settings: fine,
      status: fine,
      rounds: fine,
      journal: fine,
      metrics: async () => '',
      log: async () => '',
    };
    const size = async () => ({ kinds: [], bytes: 0, rounds: [], freeBytes: 0 });
    const refused = await bundleFiles({ ...parts, size }, ['short secret']).catch((error: Error) => error.message);
    expect(refused).to.equal('about.json would hold a secret of this machine');
  });
});
