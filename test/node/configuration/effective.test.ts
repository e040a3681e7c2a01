import { resolve } from 'node:path';
import { type Origin, parseYaml, resolveSettings, type Settings, type YamlFile } from '@concordat/node';
import { expect } from 'chai';

const settings = {
  port: {
    kind: 'number',
    min: 0,
    max: 65_535,
    key: 'listen.port',
    flag: '--port <port>',
    environment: 'CONCORDAT_PORT',
    default: 7443,
    description: 'the port',
  },
  engine: {
    kind: 'choice',
    choices: ['fast', 'slow'],
    key: 'engine',
    environment: 'CONCORDAT_ENGINE',
    description: 'the engine',
  },
  data: { kind: 'directory', key: 'data', flag: '--data <directory>', required: true, description: 'the records' },
  once: {
    kind: 'toggle',
    key: 'once',
    flag: '--once',
    environment: 'CONCORDAT_ONCE',
    default: false,
    description: 'x',
  },
  secret: { kind: 'secret-file', flag: '--secret-file <file>', description: 'a secret' },
} as const satisfies Settings;

function fileOf(text: string): YamlFile {
  const reading = parseYaml(text, '/etc/c/x.yaml');
  if (reading.type === 'read') return reading.file;
  throw new Error(reading.problem.offered);
}

function resolved(said: { flags?: object; environment?: Record<string, string>; file?: string }) {
  return resolveSettings(settings, {
    flags: { ...said.flags },
    environment: said.environment ?? {},
    file: said.file === undefined ? undefined : fileOf(said.file),
    filePath: '/etc/c/x.yaml',
    workingDirectory: '/here',
  });
}

const portOf = (said: Parameters<typeof resolved>[0]): [number, Origin] => {
  const { values, effective } = resolved(said);
  return [values.port, effective.find(({ setting }) => setting === 'listen.port')!.origin];
};

describe('the settings in force', () => {
  const file = 'listen:\n  port: 3\ndata: d\n';
  const environment = { CONCORDAT_PORT: '2' };

  it('come from the flag, else the environment, else the file, else the default, and say so', () => {
    expect(portOf({ flags: { port: '1' }, environment, file })).to.deep.equal([1, { type: 'flag', flag: '--port' }]);
    expect(portOf({ environment, file })).to.deep.equal([2, { type: 'environment', variable: 'CONCORDAT_PORT' }]);
    expect(portOf({ file })).to.deep.equal([3, { type: 'file', path: '/etc/c/x.yaml', line: 2 }]);
    expect(portOf({})).to.deep.equal([7443, { type: 'default' }]);
  });

  it('have paths relative to where they were written', () => {
    expect(resolved({ file }).values.data).to.equal(resolve('/etc/c/d'));
    expect(resolved({ flags: { data: 'd' }, file }).values.data).to.equal(resolve('/here/d'));
  });

  it('leave the - for stdin alone', () => {
    expect(resolved({ flags: { secretFile: '-' } }).values.secret).to.equal('-');
    expect(resolved({ flags: { secretFile: 's' } }).values.secret).to.equal(resolve('/here/s'));
  });

  it('are complete without problems', () => {
    const { problems, values } = resolved({ file, flags: { once: true } });
    expect(problems).to.deep.equal([]);
    expect(values).to.include({ once: true, engine: undefined });
  });

  it('name what is required and missing, with every way to give it', () => {
    const [problem, ...more] = resolved({}).problems;
    expect(more).to.deep.equal([]);
    expect(problem).to.deep.equal({
      severity: 'error',
      where: '/etc/c/x.yaml',
      setting: 'data',
      required: 'the path of a directory',
      offered: 'nothing',
      fix: 'Give --data <directory>, or data in /etc/c/x.yaml.',
      missing: true,
    });
  });

  for (const [what, said, where, offered] of [
    ['a flag', { flags: { port: '70000', data: 'd' } }, '--port', '70000'],
    ['a flag that is no number', { flags: { port: '0x50', data: 'd' } }, '--port', '"0x50"'],
    ['a flag that is empty', { flags: { data: '' } }, '--data', '""'],
    ['a flag with a zero byte', { flags: { data: 'a\0b' } }, '--data', '"a\\u0000b"'],
    ['a variable', { flags: { data: 'd' }, environment: { CONCORDAT_PORT: 'abc' } }, 'CONCORDAT_PORT', '"abc"'],
    ['a choice', { flags: { data: 'd' }, environment: { CONCORDAT_ENGINE: 'warp' } }, 'CONCORDAT_ENGINE', '"warp"'],
    ['a toggle', { flags: { data: 'd' }, environment: { CONCORDAT_ONCE: 'yes' } }, 'CONCORDAT_ONCE', '"yes"'],
    ['an entry', { file: 'data: d\nengine: warp' }, '/etc/c/x.yaml:2', '"warp"'],
    ['a number written as text', { file: 'data: d\nlisten: {port: "7"}' }, '/etc/c/x.yaml:2', '"7"'],
    ['a group that is none', { file: 'data: d\nlisten: 7' }, '/etc/c/x.yaml:2', '7'],
  ] as const) {
    it(`refuse ${what} that is wrong, by its name`, () => {
      const [problem] = resolved(said).problems;
      expect([problem!.severity, problem!.where, problem!.offered]).to.deep.equal(['error', where, offered]);
    });
  }

  it('refuse what is wrong also where something else overrides it', () => {
    const { problems } = resolved({
      flags: { port: '1', data: 'd' },
      environment: { CONCORDAT_PORT: 'abc' },
      file: 'engine: warp',
    });
    expect(problems.map(({ where }) => where)).to.deep.equal(['/etc/c/x.yaml:1', 'CONCORDAT_PORT']);
  });

  it('guess a misspelt key and do not quote what stands behind it', () => {
    const [problem] = resolved({ file: 'data: d\nengin: hunter2' }).problems;
    expect(problem).to.include({ where: '/etc/c/x.yaml:2', setting: 'engin', fix: 'Did you mean engine?' });
    expect(JSON.stringify(problem)).to.not.include('hunter2');
  });
});
