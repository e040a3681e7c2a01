import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { initConsortium, OperatorClient } from '@concordat/coordinator';
import { type ErrorCode, encodeInvitation, errorCodes, errorPageOf, FederatedError } from '@concordat/core';
import { AppendLog } from '@concordat/node';
import { conclude, errorFromWire, errorIndex, errorPage, errorToWire, exitCodeOf, statusTable } from '@concordat/proto';
import { expect } from 'chai';
import { runCommand } from 'concordat';
import { call, TestConsortium } from '../coordinator/consortium.js';

const repository = resolve(import.meta.dirname, '../../..');

interface Envelope {
  readonly exitCode: number;
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly fix: string;
    readonly correlationId: string;
  };
}

/** What `concordat … --json` says. */
async function typed(...args: string[]): Promise<Envelope> {
  const stdout: string[] = [];
  const exitCode = await runCommand([...args, '--json'], {
    stdout: { write: (text) => stdout.push(text) },
    stderr: { write: () => undefined },
    environment: {},
    signal: AbortSignal.abort(),
  });
  return { exitCode, error: JSON.parse(stdout.join('').trim().split('\n').at(-1)!).error };
}

/** What a command says about an error that work inside it throws. */
async function thrown(work: () => Promise<unknown>): Promise<Envelope> {
  const stdout: string[] = [];
  let exitCode = 0;
  const io = {
    stdout: { write: (text: string) => stdout.push(text) },
    stderr: { write: () => undefined },
    exit: (code: number) => {
      exitCode = code;
    },
  };
  await conclude(io, true, async () => {
    await work();
    return { data: {}, lines: [] };
  });
  return { exitCode, error: JSON.parse(stdout.join('')).error };
}

describe('the page of every error code', () => {
  let root: string;
  let consortium: TestConsortium;
  let silent: Server;
  const unanswered: Socket[] = [];
  let foreign: string;

  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'concordat-errors-'));
    foreign = join(root, 'foreign');
    await initConsortium({ directory: foreign, consortium: 'other', address: '127.0.0.1:1', listenHost: '127.0.0.1' });
    consortium = await TestConsortium.open();
    silent = createServer((socket) => unanswered.push(socket)).listen(0, '127.0.0.1');
    mkdirSync(join(root, 'empty'));
  });
  after(async () => {
    for (const socket of unanswered) socket.destroy();
    silent.close();
    await consortium.close();
    rmSync(root, { recursive: true });
  });

  const secretFile = (name: string, content: string | Uint8Array, mode = 0o600): string => {
    const path = join(root, name);
    writeFileSync(path, content, { mode });
    return path;
  };
  const enroll = (invitationFile: string) =>
    typed('participant', 'enroll', '--invitation-file', invitationFile, '--directory', join(root, 'acme'));
  const operatorAt = (address: string, deadlineMillis: number) =>
    new OperatorClient({ ...consortium.operatorKeys, address, deadlineMillis });
  const overTheWire = (error: unknown) => () => Promise.reject(errorFromWire(errorToWire(error)));

  /** An error of each code: where one of today's commands can be brought to it, by that command. */
  const provoke: Readonly<Record<ErrorCode, () => Promise<Envelope>>> = {
    'invalid-argument': () => typed('demo', '--rounds', '0'),
    malformed: () => enroll(secretFile('no.invitation.json', '{}')),
    permission: () => enroll(secretFile('open.invitation.json', '{}', 0o644)),
    refused: () => {
      const expired = {
        address: '127.0.0.1:1',
        consortium: 'demo',
        participantId: 'acme',
        organization: 'acme',
        secret: new Uint8Array(32),
        rootKey: new Uint8Array(32).fill(9),
        tlsAuthoritySha256: new Uint8Array(32),
        expires: 1,
      };
      return enroll(secretFile('old.invitation.json', encodeInvitation(expired)));
    },
    unauthenticated: () =>
      typed('participant', 'serve', '--directory', join(root, 'empty'), '--data', join(root, 'empty')),
    unavailable: () => typed('coordinator', 'status', '--directory', foreign),
    verification: () =>
      typed('coordinator', 'status', '--directory', foreign, '--address', consortium.coordinator.address),
    conflict: () => typed('coordinator', 'start', '--directory', consortium.directory),
    protocol: () =>
      thrown(async () => {
        const { stubs } = await consortium.join('acme');
        await call(stubs.Rounds, 'Ready', { key: { runId: 'nothing', round: 1 }, baseModelHash: new Uint8Array(32) });
      }),
    deadline: () =>
      thrown(async () => {
        const { port } = silent.address() as { port: number };
        const operator = operatorAt(`127.0.0.1:${port}`, 50);
        await operator.status().finally(() => operator.close());
      }),
    'state-lost': () =>
      thrown(async () => {
        const path = join(root, 'damaged.log');
        const { log } = await AppendLog.open(path, { recordBytesMax: 16 });
        for (const byte of [1, 2, 3, 4, 5]) await log.append(new Uint8Array(16).fill(byte));
        await log.close();
        const bytes = readFileSync(path);
        bytes[12]! ^= 1;
        writeFileSync(path, bytes);
        await AppendLog.open(path, { recordBytesMax: 16 });
      }),
    internal: () => thrown(overTheWire(new TypeError('a bug'))),
    // No plan of this version has a privacy budget, and a shortfall is an event of the run, not an error of a call.
    'below-threshold': () => thrown(overTheWire(new FederatedError('below-threshold', 'too few are left'))),
    'budget-exhausted': () => thrown(overTheWire(new FederatedError('budget-exhausted', 'the budget is spent'))),
  };

  for (const code of errorCodes) {
    it(`is where an error says: ${code}`, async () => {
      const { exitCode, error } = await provoke[code]();
      expect(error.code, error.message).to.equal(code);
      expect(exitCode).to.equal(statusTable[code].exit);
      expect(error.message).to.be.a('string').and.not.equal('');
      expect(error.correlationId).to.match(/^[0-9a-f]{16}$/);
      const address = /docs\/errors\/[a-z-]+\.md/.exec(error.fix)?.[0];
      expect(address).to.equal(errorPageOf(code));
      expect(error.fix.slice(0, error.fix.indexOf('More: '))).to.have.length.above(10);
      const page = readFileSync(join(repository, address!), 'utf8');
      expect(page.startsWith(`# ${code}\n`)).to.equal(true);
      expect(page).to.equal(errorPage(code));
    });
  }

  it('names the rule that a refusal named, with what it requires', async () => {
    const { error } = await provoke.refused();
    const { rule } = (error as unknown as { detail: { rule: string } }).detail;
    expect(rule).to.equal('invitation.expired');
    expect(readFileSync(join(repository, errorPageOf('refused')), 'utf8')).to.include(`| \`${rule}\` |`);
  });

  it('is in the index, and there is no page without a code', () => {
    const directory = join(repository, 'docs/errors');
    const index = readFileSync(join(directory, 'README.md'), 'utf8');
    expect(index).to.equal(errorIndex());
    for (const code of errorCodes) {
      const { grpc, exit } = statusTable[code];
      expect(index).to.match(new RegExp(`\\| \\[${code}\\]\\(${code}\\.md\\) \\| ${grpc} [A-Z_]+ \\| ${exit}: `));
      expect(exitCodeOf(new FederatedError(code, 'x'))).to.equal(exit);
    }
    expect(readdirSync(directory).sort()).to.deep.equal(
      ['README.md', ...errorCodes.map((code) => `${code}.md`)].sort(),
    );
  });

  it('is printed without a network by both commands', async () => {
    for (const code of errorCodes) {
      const stdout: string[] = [];
      const exitCode = await runCommand(['explain', code], {
        stdout: { write: (text) => stdout.push(text) },
        stderr: { write: () => undefined },
        environment: {},
        signal: AbortSignal.abort(),
      });
      expect([exitCode, `${stdout.join('').trimEnd()}\n`]).to.deep.equal([0, errorPage(code)]);
    }
  });
});
