import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registerParticipantCommands } from '@concordat/client-sdk';
import { expect } from 'chai';
import { Command } from 'commander';

interface Said {
  readonly environment?: Record<string, string>;
  readonly stdin?: string;
}

async function type(args: readonly string[], said: Said = {}) {
  const [stdout, stderr]: [string[], string[]] = [[], []];
  let code = 0;
  const program = new Command('concordat').exitOverride();
  registerParticipantCommands(program, {
    stdout: { write: (text) => stdout.push(text.trimEnd()) },
    stderr: { write: (text) => stderr.push(text.trimEnd()) },
    environment: said.environment ?? {},
    ...(said.stdin === undefined ? {} : { stdin: piped(said.stdin) }),
    signal: new AbortController().signal,
    exit: (value) => (code = value),
  });
  await program.parseAsync(['participant', ...args], { from: 'user' });
  const last = stdout.at(-1) ?? '';
  return { code, stdout, stderr, envelope: last.startsWith('{') ? JSON.parse(last) : undefined };
}

async function* piped(text: string) {
  yield Buffer.from(text.slice(0, 3));
  yield Buffer.from(text.slice(3));
}

const policy = 'schema: concordat/policy/1\nproposers: [operator]\npurposes: [x]\ncohort: { min: 3 }\n';

describe('participant config', () => {
  let home: string;
  const write = (name: string, text: string, mode = 0o600) => writeFileSync(join(home, name), text, { mode });
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'concordat-config-'));
    mkdirSync(join(home, 'records'));
    for (const name of [
      'enrolment.json',
      'identity.key',
      'tls.key',
      'device.key',
      'certificate.pem',
      'authority.pem',
    ]) {
      write(name, '-');
    }
    write('roster.json', '-');
    write('participant.yaml', 'data: records\n');
    write('policy.yaml', policy);
  });
  afterEach(() => rmSync(home, { recursive: true }));

  const problemsOf = async (said: Said = {}): Promise<string[]> => {
    const { code, envelope } = await type(['config', 'check', '--directory', home, '--json'], said);
    if (code === 0) return [];
    expect([code, envelope.error.code]).to.deep.equal([4, 'invalid-argument']);
    return (envelope.error.detail.problems as string[]).map(
      (line) => line.replaceAll(home, '~').split(': required')[0]!,
    );
  };

  it('check finds nothing wrong with an enrolled directory', async () => {
    const { code, envelope } = await type(['config', 'check', '--directory', home, '--json']);
    const files = [join(home, 'participant.yaml'), join(home, 'policy.yaml')];
    expect([code, envelope.data]).to.deep.equal([0, { files, warnings: [] }]);
  });

  it('check names problems of participant.yaml and policy.yaml by their lines', async () => {
    write('participant.yaml', 'data: records\nuploadBytesPerSecnd: 4\nonce: yes\n');
    write('policy.yaml', `${policy.replace('3', '2')}metrix: []\n`);
    expect(await problemsOf()).to.deep.equal([
      '~/participant.yaml:2: uploadBytesPerSecnd',
      '~/participant.yaml:3: once',
      '~/policy.yaml:4: cohort.min',
      '~/policy.yaml:5: metrix',
    ]);
  });

  it('check names problems of data.yaml by their lines', async () => {
    const columns = 'columns:\n  - { name: a, type: number }\n  - { name: b, type: number, target: true }\n';
    write('records/data.yaml', `schema: concordat/data/1\n${columns}source: { kind: csv }\n`);
    expect(await problemsOf()).to.deep.equal(['~/records/data.yaml:5: source.files']);
    write('records/data.yaml', `schema: concordat/data/1\n${columns}source: { kind: csv, files: [r.csv] }\n`);
    expect(await problemsOf()).to.deep.equal([]);
  });

  it('check names keys that others can read and a policy that others can change', async () => {
    chmodSync(join(home, 'device.key'), 0o604);
    chmodSync(join(home, 'policy.yaml'), 0o646);
    expect(await problemsOf()).to.deep.equal(['~/device.key: device key', '~/policy.yaml: policy']);
  });

  it('check names records that are not there, and a wrong variable', async () => {
    write('participant.yaml', 'data: nowhere\n');
    const environment = { CONCORDAT_ENGINE: 'warp' };
    expect(await problemsOf({ environment })).to.deep.equal(['CONCORDAT_ENGINE: engine', '~/nowhere: data']);
  });

  it('check wants the identity key or the module that signs in its place, which nobody else can change', async () => {
    rmSync(join(home, 'identity.key'));
    expect(await problemsOf()).to.deep.equal(['~/identity.key: identity key']);
    write('participant.yaml', 'data: records\nidentity:\n  module: signer.mjs\n');
    expect(await problemsOf()).to.deep.equal(['~/signer.mjs: identity.module']);
    write('signer.mjs', 'throw new Error("config check runs nothing");');
    expect(await problemsOf()).to.deep.equal([]);
    chmodSync(join(home, 'signer.mjs'), 0o646);
    expect(await problemsOf()).to.deep.equal(['~/signer.mjs: identity.module']);
    const { envelope } = await type(['renew', '--directory', home, '--json']);
    expect([envelope.error.code, envelope.error.detail.offered]).to.deep.equal([
      'invalid-argument',
      'mode 0646: everybody can change it',
    ]);
  });

  it('check takes one trainer, as a list of words, and not two', async () => {
    write('participant.yaml', 'data: records\ntrainer:\n  launch: [python3, "train it.py"]\n  silentSeconds: 5\n');
    expect(await problemsOf()).to.deep.equal([]);
    expect(await problemsOf({ environment: { CONCORDAT_ENGINE: 'tfjs-cpu' } })).to.deep.equal([
      'configuration: trainer.launch',
    ]);
    write('participant.yaml', 'data: records\ntrainer: {launch: [a], attach: there}\n');
    expect(await problemsOf()).to.deep.equal(['configuration: trainer.attach']);
    write('participant.yaml', 'data: records\ntrainer: {launch: python3 train.py}\n');
    expect(await problemsOf()).to.deep.equal(['~/participant.yaml:2: trainer.launch']);
  });

  it('show says a command word by word, also from a flag', async () => {
    const shown = async (words: string) => {
      const { envelope } = await type(['config', 'show', '--directory', home, '--trainer-launch', words, '--json']);
      const found = envelope.data?.settings.find(({ setting }: { setting: string }) => setting === 'trainer.launch');
      return found?.value ?? envelope.error.code;
    };
    expect(await shown('["python3", "train it.py"]')).to.deep.equal(['python3', 'train it.py']);
    expect(await shown('./train it.py')).to.deep.equal(['./train it.py']);
    expect(await shown('["python3", 7]')).to.equal('invalid-argument');
    expect(await shown('["python3"')).to.equal('invalid-argument');
  });

  it('check wants a policy that was named, and warns without the usual one', async () => {
    rmSync(join(home, 'policy.yaml'));
    const { code, envelope } = await type(['config', 'check', '--directory', home, '--json']);
    expect([code, envelope.data.warnings[0].setting]).to.deep.equal([0, 'policy']);
    expect(await problemsOf({ environment: { CONCORDAT_POLICY: join(home, 'mine.yaml') } })).to.deep.equal([
      '~/mine.yaml: policy',
    ]);
  });

  it('check says once that nobody is enrolled', async () => {
    for (const name of ['enrolment.json', 'tls.key', 'device.key']) rmSync(join(home, name));
    expect(await problemsOf()).to.deep.equal(['~/enrolment.json: enrolment']);
  });

  it('needs to know the directory', async () => {
    for (const command of [['config', 'check'], ['serve'], ['recover'], ['enroll', '--invitation-file', '-']]) {
      const { code, envelope } = await type([...command, '--json']);
      expect([code, envelope.error.code], command.join(' ')).to.deep.equal([4, 'invalid-argument']);
      expect(JSON.stringify(envelope), command.join(' ')).to.include('CONCORDAT_DIRECTORY');
    }
  });

  it('show --origin says where every value comes from', async () => {
    const environment = { CONCORDAT_DIRECTORY: home, CONCORDAT_ENGINE: 'tfjs-cpu' };
    const { envelope } = await type(['config', 'show', '--once', '--origin', '--json'], { environment });
    expect(envelope.data.settings).to.deep.equal([
      { setting: '--directory', value: home, origin: { type: 'environment', variable: 'CONCORDAT_DIRECTORY' } },
      {
        setting: 'data',
        value: join(home, 'records'),
        origin: { type: 'file', path: join(home, 'participant.yaml'), line: 1 },
      },
      { setting: 'policy', value: join(home, 'policy.yaml'), origin: { type: 'default' } },
      { setting: 'identity.module', origin: { type: 'unset' } },
      { setting: 'engine', value: 'tfjs-cpu', origin: { type: 'environment', variable: 'CONCORDAT_ENGINE' } },
      { setting: 'nice', origin: { type: 'unset' } },
      { setting: 'trainer.launch', origin: { type: 'unset' } },
      { setting: 'trainer.attach', origin: { type: 'unset' } },
      { setting: 'trainer.startSeconds', value: 120, origin: { type: 'default' } },
      { setting: 'trainer.silentSeconds', value: 60, origin: { type: 'default' } },
      { setting: 'uploadBytesPerSecond', origin: { type: 'unset' } },
      { setting: 'proxy', origin: { type: 'unset' } },
      { setting: 'proxyUser', origin: { type: 'unset' } },
      { setting: 'standby', value: false, origin: { type: 'default' } },
      { setting: 'kernels', value: 'auto', origin: { type: 'default' } },
      { setting: 'threads', value: 1, origin: { type: 'default' } },
      { setting: 'once', value: true, origin: { type: 'flag', flag: '--once' } },
    ]);
  });
});

describe('the invitation’s secret', () => {
  let home: string;
  const invitation = '{"secret": "do-not-print-me"}';
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'concordat-secret-'));
  });
  afterEach(() => rmSync(home, { recursive: true }));

  const enroll = async (file: string, stdin?: string) => {
    const said = stdin === undefined ? {} : { stdin };
    const { code, stdout, stderr, envelope } = await type(
      ['enroll', '--directory', join(home, 'p'), '--invitation-file', file, '--json'],
      said,
    );
    expect([...stdout, ...stderr].join()).to.not.include('do-not-print-me');
    return [code, envelope.error.code];
  };

  it('is read from stdin, as much of it as an invitation can be', async () => {
    expect(await enroll('-', invitation)).to.deep.equal([1, 'malformed']);
    expect(await enroll('-', 'x'.repeat(20_000))).to.deep.equal([4, 'invalid-argument']);
  });

  it('is refused from a file that others can read', async () => {
    const file = join(home, 'invitation.json');
    writeFileSync(file, invitation, { mode: 0o644 });
    expect(await enroll(file)).to.deep.equal([2, 'permission']);
    chmodSync(file, 0o640);
    expect(await enroll(file)).to.deep.equal([1, 'malformed']);
  });

  it('is not taken from the command line, and not repeated', async () => {
    expect(await enroll(invitation)).to.deep.equal([4, 'invalid-argument']);
  });
});
