import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registerCoordinatorCommands } from '@concordat/coordinator';
import { expect } from 'chai';
import { Command } from 'commander';

async function type(args: readonly string[], environment: Record<string, string> = {}) {
  const [stdout, stderr]: [string[], string[]] = [[], []];
  let code = 0;
  const program = new Command('concordat').exitOverride();
  registerCoordinatorCommands(program, {
    stdout: { write: (text) => stdout.push(text.trimEnd()) },
    stderr: { write: (text) => stderr.push(text.trimEnd()) },
    environment,
    signal: new AbortController().signal,
    exit: (value) => (code = value),
  });
  await program.parseAsync(['coordinator', ...args], { from: 'user' });
  const last = stdout.at(-1) ?? '';
  return { code, stdout, stderr, envelope: last.startsWith('{') ? JSON.parse(last) : undefined };
}

describe('coordinator config', () => {
  let directory: string;
  let home: string;
  let file: string;
  let founded: string;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-config-'));
    home = join(directory, 'c');
    file = join(home, 'coordinator/coordinator.yaml');
    await type(['init', home, '--consortium', 'north', '--address', '127.0.0.1:7443']);
    founded = readFileSync(file, 'utf8');
  });
  afterEach(() => writeFileSync(file, founded));
  after(() => rmSync(directory, { recursive: true }));

  it('check finds nothing wrong with what init wrote, which names its schema for editors', async () => {
    const { code, envelope } = await type(['config', 'check', '--directory', home, '--json']);
    expect([code, envelope.data]).to.deep.equal([0, { files: [file], warnings: [] }]);
    expect(founded.split('\n')[0]).to.equal('# yaml-language-server: $schema=./coordinator.schema.json');
    expect(
      JSON.parse(readFileSync(join(home, 'coordinator/coordinator.schema.json'), 'utf8')).properties,
    ).to.include.keys('address');
  });

  it('check names every problem with its line, variable or file, and exits with 4', async () => {
    writeFileSync(file, 'adress: x\nlisten:\n  host: 3\n  port: 99999\nlogLevel: info\nholdout: none\n');
    chmodSync(join(home, 'coordinator/tls-key.pem'), 0o644);
    const { code, envelope } = await type(['config', 'check', '--directory', home, '--json'], {
      CONCORDAT_PORT: 'abc',
      CONCORDAT_HOLDUOT: 'hunter2',
    });
    chmodSync(join(home, 'coordinator/tls-key.pem'), 0o600);
    const problems = envelope.error.detail.problems as string[];
    expect([code, envelope.error.code, envelope.error.message]).to.deep.equal([
      4,
      'invalid-argument',
      'the configuration has 7 problems',
    ]);
    expect(problems.map((line) => line.replaceAll(home, '~').split(': required')[0])).to.deep.equal([
      '~/coordinator/coordinator.yaml:1: adress',
      '~/coordinator/coordinator.yaml:3: listen.host',
      '~/coordinator/coordinator.yaml:4: listen.port',
      '~/coordinator/coordinator.yaml: address',
      'CONCORDAT_PORT: listen.port',
      '~/coordinator/tls-key.pem: TLS key',
      '~/coordinator/none: holdout',
      'warning: CONCORDAT_HOLDUOT: environment',
    ]);
    expect(problems.join()).to.not.include('hunter2');
  });

  it('check says all that to a person on stderr, a line each', async () => {
    writeFileSync(file, `${founded}verbose: true\n`);
    const { stdout, stderr } = await type(['config', 'check', '--directory', home]);
    expect(stdout).to.deep.equal([]);
    expect(stderr[0]).to.include(`${file}:${founded.split('\n').length}: verbose: required one of`);
    expect(stderr.join('\n')).to.include('the configuration has 1 problem');
  });

  it('names a directory where nothing was founded once, not file by file', async () => {
    const { envelope } = await type(['config', 'check', '--directory', join(directory, 'none'), '--json']);
    expect(envelope.error.detail.problems).to.have.lengthOf(1);
    expect(envelope.error.detail.problems[0]).to.include('concordat coordinator init');
  });

  it('show --origin says where every value comes from', async () => {
    const flags = ['--directory', home, '--log-level', 'debug', '--origin', '--json'];
    const { envelope } = await type(['config', 'show', ...flags], { CONCORDAT_PORT: '12', CONCORDAT_KERNELS: 'plain' });
    expect(envelope.data.settings).to.deep.equal([
      { setting: '--directory', value: home, origin: { type: 'flag', flag: '--directory' } },
      { setting: 'address', value: '127.0.0.1:7443', origin: { type: 'file', path: file, line: 3 } },
      { setting: 'listen.host', value: '127.0.0.1', origin: { type: 'file', path: file, line: 6 } },
      { setting: 'listen.port', value: 12, origin: { type: 'environment', variable: 'CONCORDAT_PORT' } },
      { setting: 'listen.connectionsPerAddress', value: 64, origin: { type: 'default' } },
      { setting: 'listen.trustedProxies', origin: { type: 'unset' } },
      { setting: 'admission.callsPerSecond', value: 100, origin: { type: 'default' } },
      { setting: 'admission.bytesInFlight', value: 268_435_456, origin: { type: 'default' } },
      { setting: 'admission.queue', value: 256, origin: { type: 'default' } },
      { setting: 'observe', origin: { type: 'unset' } },
      { setting: 'logLevel', value: 'debug', origin: { type: 'flag', flag: '--log-level' } },
      { setting: 'logFormat', value: 'json', origin: { type: 'default' } },
      { setting: 'webhooks', origin: { type: 'unset' } },
      { setting: 'store', origin: { type: 'unset' } },
      { setting: 'storePassword', origin: { type: 'unset' } },
      { setting: 'storeTls', value: 'verify', origin: { type: 'default' } },
      { setting: 'storeAuthority', origin: { type: 'unset' } },
      { setting: 'blobs', origin: { type: 'unset' } },
      { setting: 'otherAddresses', origin: { type: 'unset' } },
      { setting: 'holdout', origin: { type: 'unset' } },
      { setting: 'kernels', value: 'plain', origin: { type: 'environment', variable: 'CONCORDAT_KERNELS' } },
      { setting: 'threads', origin: { type: 'unset' } },
    ]);
    const prose = await type(['config', 'show', '--directory', home, '--origin']);
    expect(prose.stdout.join('\n')).to.match(/listen\.port +7443 +file .*coordinator\.yaml:8/);
  });

  it('never shows a password that stands where none may', async () => {
    writeFileSync(
      file,
      `${founded}store: postgres://keeper:hunter2@db.example.org/concordat\nstorePassword: hunter2\n`,
    );
    for (const flags of [
      ['config', 'check'],
      ['config', 'show'],
      ['start', '--store', 'postgres://keeper:hunter2@db.example.org/concordat'],
      ['start', '--store-password', 'hunter2'],
    ]) {
      const said = await type([...flags, '--directory', home, '--json']);
      expect(said.code).to.equal(4);
      expect(JSON.stringify(said)).to.not.include('hunter2');
      expect(JSON.stringify(said)).to.include('store');
    }
  });

  it('show refuses what is not usable, and start does for the same reason', async () => {
    writeFileSync(file, founded.replace('7443\n', 'x\n'));
    for (const command of [['config', 'show'], ['start']]) {
      const { code, envelope } = await type([...command, '--directory', home, '--json']);
      expect([code, envelope.error.detail.where], command.join(' ')).to.deep.equal([4, `${file}:8`]);
    }
  });
});
