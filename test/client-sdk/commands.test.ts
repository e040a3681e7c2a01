import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandIo, registerParticipantCommands } from '@concordat/client-sdk';
import { expect } from 'chai';
import { Command } from 'commander';

describe('the commands of a participant', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-commands-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  async function type(...args: string[]): Promise<{ stdout: string[]; stderr: string; exitCode: number }> {
    const stdout: string[] = [];
    let stderr = '';
    let exitCode = 0;
    const io: CommandIo = {
      stdout: { write: (text) => stdout.push(...text.trimEnd().split('\n')) },
      stderr: { write: (text) => (stderr += text) },
      environment: {},
      signal: new AbortController().signal,
      exit: (code) => (exitCode = code),
    };
    const program = new Command().exitOverride();
    registerParticipantCommands(program, io);
    await program.parseAsync(['participant', ...args], { from: 'user' });
    return { stdout, stderr, exitCode };
  }

  it('answer with one envelope: nobody is enrolled here', async () => {
    const { stdout, stderr, exitCode } = await type('serve', '--directory', directory, '--data', directory, '--json');
    const { schemaVersion, status, error } = JSON.parse(stdout.at(-1)!);
    expect([stdout.length, schemaVersion, status, error.code]).to.deep.equal([1, 1, 'error', 'unauthenticated']);
    expect(error.fix).to.include('participant enroll');
    expect([stderr, exitCode]).to.deep.equal(['', 2]);
  });

  it('say the same in prose on stderr, and nothing on stdout', async () => {
    const { stdout, stderr } = await type('serve', '--directory', directory, '--data', directory);
    expect(stdout).to.deep.equal([]);
    expect(stderr).to.match(/^unauthenticated: nobody is enrolled/);
  });

  it('refuse something that is no invitation, without quoting it', async () => {
    const file = join(directory, 'invitation.json');
    writeFileSync(file, '{"secret": "do-not-print-me"}', { mode: 0o600 });
    const { stdout, exitCode } = await type('enroll', '--invitation-file', file, '--directory', directory, '--json');
    expect(JSON.parse(stdout.at(-1)!).error.code).to.equal('malformed');
    expect(stdout.join()).to.not.include('do-not-print-me');
    expect(exitCode).to.equal(1);
  });

  it('refuse numbers that are none', async () => {
    const file = join(directory, 'invitation.json');
    const args = ['--invitation-file', file, '--directory', directory, '--json'];
    const { stdout, exitCode } = await type('enroll', ...args, '--wait', 'long');
    expect(JSON.parse(stdout.at(-1)!).error.code).to.equal('invalid-argument');
    expect(exitCode).to.equal(4);
  });
});
