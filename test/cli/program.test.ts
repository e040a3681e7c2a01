import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { expect } from 'chai';
import { runCommand } from 'concordat';

const root = resolve(import.meta.dirname, '../../..');

async function typed(...args: string[]) {
  return typedIn({}, ...args);
}

async function typedIn(environment: Readonly<Record<string, string>>, ...args: string[]) {
  const [stdout, stderr]: [string[], string[]] = [[], []];
  const exitCode = await runCommand(args, {
    stdout: { write: (text) => stdout.push(text) },
    stderr: { write: (text) => stderr.push(text) },
    signal: new AbortController().signal,
    environment,
  });
  return { exitCode, stdout, stderr };
}

const envelopeOf = ({ stdout }: { readonly stdout: readonly string[] }) => {
  expect(stdout).to.have.lengthOf(1);
  return JSON.parse(stdout[0]!);
};

describe('the command concordat', () => {
  it('lists its groups without loading them', async () => {
    const { exitCode, stdout } = await typed('--help');
    expect(exitCode).to.equal(0);
    for (const group of ['coordinator', 'participant', 'sim', 'demo']) expect(stdout.join('\n')).to.include(group);
  });

  it('answers an unknown command with exit code 4 and a pointer to the help', async () => {
    const { exitCode, stderr } = await typed('frobnicate');
    expect(exitCode).to.equal(4);
    expect(stderr.join('\n')).to.include('frobnicate').and.include('--help');
  });

  it('answers bad arguments with one envelope under --json, and no stack trace', async () => {
    for (const args of [
      ['frobnicate'],
      ['demo', '--frobnicate'],
      ['demo', '--participants', '3'],
      ['demo', '--participants', 'many'],
      ['demo', '--rounds', '0'],
      ['demo', '--seed', '-1'],
      ['demo', '--rotation', 'walsh'],
      ['demo', '--keep', root],
      ['demo', 'twice'],
      ['sim', 'run'],
      ['sim', 'run', '/nowhere.yaml'],
      ['sim', 'run', join(root, 'sim/scenarios/five.yaml'), '--seed', 'x'],
      ['model', 'export'],
      ['model', 'export', '--run', '../runs'],
      ['model', 'export', '--run', 'digits', '--directory', '/nowhere'],
      ['coordinator', 'frobnicate'],
      ['participant', 'frobnicate'],
    ]) {
      const answered = await typed(...args, '--json');
      const { schemaVersion, status, error } = envelopeOf(answered);
      expect([answered.exitCode, schemaVersion, status, error.code], args.join(' ')).to.deep.equal([
        4,
        1,
        'error',
        'invalid-argument',
      ]);
      expect(error.message, args.join(' ')).to.be.a('string').and.not.include('    at ');
      expect(error.fix, args.join(' ')).to.be.a('string');
    }
  });

  it('looks for a model where CONCORDAT_DIRECTORY says', async () => {
    const { error } = envelopeOf(
      await typedIn({ CONCORDAT_DIRECTORY: '/nowhere' }, 'model', 'export', '--run', 'digits', '--json'),
    );
    expect(error.message).to.include('/nowhere/operator');
  });

  it('says why three organizations are too few for the demo', async () => {
    const { error } = envelopeOf(await typed('demo', '--participants', '3', '--json'));
    expect(error.message).to.include('with 3 all must answer');
  });
});

describe('a door that is not installed', () => {
  let empty: string;
  before(() => {
    empty = mkdtempSync(join(tmpdir(), 'concordat-doors-'));
    const installed = join(empty, 'node_modules/concordat');
    mkdirSync(dirname(installed), { recursive: true });
    cpSync(join(root, 'cli/dist'), join(installed, 'dist'), { recursive: true });
    cpSync(join(root, 'cli/package.json'), join(installed, 'package.json'));
    symlinkSync(join(root, 'node_modules/commander'), join(empty, 'node_modules/commander'));
  });
  after(() => rmSync(empty, { recursive: true }));

  for (const [group, name] of [
    ['coordinator', '@concordat/coordinator'],
    ['participant', '@concordat/client-sdk'],
    ['sim', '@concordat/sim'],
  ] as const) {
    it(`is named: ${name}, with how to install it`, () => {
      const bin = join(empty, 'node_modules/concordat/dist/bin/concordat.js');
      const { status, stdout } = spawnSync(process.execPath, [bin, group, 'run', '--json'], { encoding: 'utf8' });
      expect(status).to.equal(4);
      expect(JSON.parse(stdout).error.fix).to.match(new RegExp(`^Install it: npm install ${name} More: `));
    });
  }
});
