import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportText, isApproverKey, readDecisionFile, runParticipantCommand } from '@concordat/client-sdk';
import {
  certifyRosterKey,
  encodePlan,
  readPlanDecision,
  type Signer,
  signPlan,
  signRoster,
  toBase64url,
} from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { expect } from 'chai';
import { testPlan } from '../../support/test-plan.js';
import { signerOf } from '../transport/test-coordinator.js';

const [root, rosterKey, operator, coordinator, acme] = [1, 2, 3, 4, 5].map(signerOf) as [
  Signer,
  Signer,
  Signer,
  Signer,
  Signer,
];
const far = Date.UTC(2090, 0, 1);
const consortium = 'demo';
const passphrase = 'correct horse battery staple';

/** An export as a participant writes it. */
function exported(run = 'spring'): string {
  const window = { notBefore: 0, notAfter: far };
  const certificate = certifyRosterKey(nodeCrypto, root, { consortium, rosterKey: rosterKey.publicKey, ...window });
  const member = {
    participantId: 'acme',
    organization: 'acme',
    publicKey: acme.publicKey,
    role: 'participant',
    ...window,
  } as const;
  const operators = [{ id: 'desk', publicKey: operator.publicKey }];
  const roster = { consortium, epoch: 1, members: [member], operators, coordinatorKey: coordinator.publicKey };
  const plan = testPlan(
    { topology: new Uint8Array(1), tensors: [{ name: 'w', shape: [2], values: new Float32Array(2) }] },
    { run, cohort: { min: 4, size: 5 }, clippingNorm: 1, expires: '2089-01-01T00:00:00Z' },
  );
  return exportText(
    {
      consortium,
      participantId: 'acme',
      rootKey: root.publicKey,
      plan: signPlan(nodeCrypto, operator, encodePlan(plan)),
      roster: signRoster(nodeCrypto, rosterKey, roster, certificate),
    },
    [],
  );
}

/** A keyboard: every piece is handed over as a terminal in raw mode would. */
function keyboard(...pieces: readonly string[]) {
  const modes: boolean[] = [];
  async function* typed() {
    yield* pieces;
  }
  return Object.assign(typed(), { isTTY: true, setRawMode: (raw: boolean) => modes.push(raw), modes });
}

async function* piped(text: string) {
  yield Buffer.from(text);
}

describe('the commands of an approver', () => {
  let home: string;
  const at = (name: string) => join(home, name);
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'concordat-approver-'));
    writeFileSync(at('plan.json'), exported());
  });
  afterEach(() => rmSync(home, { recursive: true }));

  async function typed(stdin: AsyncIterable<Uint8Array | string> | undefined, ...args: string[]) {
    let stdout = '';
    let stderr = '';
    const exitCode = await runParticipantCommand(['approver', ...args], {
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text) },
      ...(stdin === undefined ? {} : { stdin }),
      environment: {},
      signal: new AbortController().signal,
    });
    return { exitCode, stdout, stderr };
  }

  const init = () => typed(piped(`${passphrase}\n`), 'init', '--file', at('dpo.key'), '--json');
  const sign = (stdin: AsyncIterable<Uint8Array | string> | undefined, ...more: string[]) =>
    typed(stdin, 'sign', at('plan.json'), '--key', at('dpo.key'), '--role', 'dpo', ...more);

  it('make a key with a typed passphrase that is never shown, and print its public half and fingerprint', async () => {
    const keys = keyboard(`${passphrase}x\u007f\r`, `${passphrase}\r`);
    const { exitCode, stdout, stderr } = await typed(keys, 'init', '--file', at('dpo.key'));
    expect(exitCode).to.equal(0);
    expect(keys.modes).to.deep.equal([true, false, true, false]);
    expect(isApproverKey(/approvers in policy\.yaml: (\S+)/.exec(stdout)![1]!)).to.equal(true);
    expect(stdout).to.match(/Fingerprint, to compare by voice: (?:[0-9a-f]{4} ?){8}/);
    expect(stdout + stderr).not.to.include('horse');
    expect(statSync(at('dpo.key')).mode & 0o777).to.equal(0o600);
  });

  it('make none when the passphrase was typed otherwise the second time, broken off, missing or short', async () => {
    for (const keys of [
      keyboard(`${passphrase}\r`, 'correct horse battery stable\r'),
      keyboard('correct\u0003'),
      keyboard(),
      keyboard('short\r', 'short\r'),
      keyboard('x'.repeat(3000)),
      undefined,
    ]) {
      expect((await typed(keys, 'init', '--file', at('dpo.key'))).exitCode).to.equal(4);
    }
    expect(statSync(at('dpo.key'), { throwIfNoEntry: false })).to.equal(undefined);
  });

  it('show what a plan means before they ask, and sign when yes is typed', async () => {
    await init();
    const { exitCode, stderr, stdout } = await sign(keyboard('yes\n', `${passphrase}\r`), '--expires', '2088-01-31');
    expect(exitCode, stderr).to.equal(0);
    expect(stderr).to.match(
      /Purpose: test\n[\s\S]*You approve this plan for acme, as dpo, until 2088-01-31T00:00:00\.000Z\.\nType yes to sign: Passphrase: /,
    );
    expect(stdout).to.include(at('plan.dpo.approved.json'));
    const decision = readPlanDecision(nodeCrypto, await readDecisionFile(at('plan.dpo.approved.json')));
    expect([decision.decision, decision.role, decision.participantId, decision.consortium]).to.deep.equal([
      'approved',
      'dpo',
      'acme',
      consortium,
    ]);
    expect(decision.decision === 'approved' && decision.expires).to.equal(Date.UTC(2088, 0, 31));
  });

  it('sign nothing without a yes: another word, nobody there, or a plan that was changed', async () => {
    await init();
    for (const keys of [keyboard('no\n', `${passphrase}\r`), piped(`yes\n${passphrase}\n`), undefined]) {
      expect((await sign(keys)).exitCode).to.equal(4);
    }
    const text = readFileSync(at('plan.json'), 'utf8');
    const { plan } = JSON.parse(text) as { plan: { body: string } };
    const changed = Buffer.from(plan.body, 'base64url').toString().replace('"rounds":2', '"rounds":9');
    writeFileSync(at('plan.json'), text.replace(plan.body, toBase64url(Buffer.from(changed))));
    const { exitCode, stderr } = await sign(piped(`${passphrase}\n`), '--yes');
    expect([exitCode, stderr.split(':')[0]]).to.deep.equal([2, 'verification']);
    expect(statSync(at('plan.dpo.approved.json'), { throwIfNoEntry: false })).to.equal(undefined);
  });

  it('take a passphrase from stdin or a file, and tell a wrong one from nothing else', async () => {
    await init();
    writeFileSync(at('pass'), passphrase, { mode: 0o600 });
    expect((await sign(undefined, '--yes', '--passphrase-file', at('pass'), '--out', at('a.json'))).exitCode).to.equal(
      0,
    );
    expect((await sign(piped(passphrase), '--yes', '--out', at('b.json'))).exitCode).to.equal(0);
    const { stdout, exitCode } = await sign(piped('wrong horse battery staple'), '--yes', '--json');
    const { code, message, detail } = (JSON.parse(stdout) as { error: Record<string, unknown> }).error;
    expect([exitCode, code]).to.deep.equal([4, 'invalid-argument']);
    expect(JSON.stringify([message, detail])).not.to.include('wrong horse');
  });

  it('write nothing where nothing can be written, and say so before a passphrase is asked for', async () => {
    const nowhere = at('nowhere/file');
    const { exitCode, stderr } = await typed(undefined, 'init', '--file', nowhere);
    expect([exitCode, stderr]).to.satisfy(
      ([code, said]: [number, string]) => code === 4 && said.includes(at('nowhere')),
    );
    await init();
    expect((await sign(piped(passphrase), '--yes', '--out', nowhere)).exitCode).to.equal(4);
    expect((await sign(piped(passphrase), '--yes', '--out', home)).exitCode).to.equal(4);
  });

  it('take back what was approved, with the reason in the signed file', async () => {
    await init();
    const args = ['--key', at('dpo.key'), '--role', 'dpo', '--yes', '--reason', 'the purpose changed'];
    const { stdout } = await typed(piped(passphrase), 'withdraw', at('plan.json'), ...args);
    expect(stdout).to.include('plan withdraw --signature');
    const decision = readPlanDecision(nodeCrypto, await readDecisionFile(at('plan.dpo.withdrawn.json')));
    expect(decision.decision === 'withdrawn' && decision.reason).to.equal('the purpose changed');
  });

  it('refuse times and roles that are none', async () => {
    await init();
    for (const bad of [
      ['--expires', 'tomorrow'],
      ['--expires', '2088-13-01'],
      ['--expires', '2020-01-01'],
      ['--expires', '2089-01-02'],
      ['--role', 'participant'],
      ['--role', 'The DPO'],
    ]) {
      expect((await sign(piped(passphrase), '--yes', ...bad)).exitCode, bad.join(' ')).to.equal(4);
    }
  });
});
