import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ClientEvent,
  FederatedClient,
  pauseParticipation,
  readEgress,
  resumeParticipation,
  runParticipantCommand,
  withdrawFromRun,
} from '@concordat/client-sdk';
import type { RoundReport } from '@concordat/coordinator';
import { encodeSafetensors, type PlanDraft, toBase64url } from '@concordat/core';
import { expect } from 'chai';
import { TestConsortium } from '../../coordinator/consortium.js';
import { TcpProxy } from '../../fault/tcp-proxy.js';
import { automaticPolicy, stepping } from '../../support/stepping.js';

const names = ['acme', 'bluebird', 'cobalt', 'delta', 'echo'];
/** All five are waited for; four are enough. */
const terms: Partial<PlanDraft> = {
  cohort: { min: 4, size: 5, max: 5 },
  deadlines: { selectMillis: 10_000, readyMillis: 10_000, stepMillis: 2_000, graceMillis: 100 },
  rounds: 1,
  clippingNorm: 100,
};

describe('what left a participant', function () {
  this.timeout(30_000);
  let consortium: TestConsortium;
  let home: string;
  let proxy: TcpProxy;
  const clients: FederatedClient[] = [];

  before(async () => {
    consortium = await TestConsortium.open();
    home = mkdtempSync(join(tmpdir(), 'concordat-left-'));
    for (const name of names) {
      await consortium.enrol(name, join(home, name));
    }
    const enrolment = join(home, 'acme', 'enrolment.json');
    const { address, ...rest } = JSON.parse(readFileSync(enrolment, 'utf8')) as { readonly address: string };
    proxy = await TcpProxy.listen(Number(address.split(':').at(-1)));
    writeFileSync(enrolment, JSON.stringify({ ...rest, address: `127.0.0.1:${proxy.port}` }));
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });
  after(async () => {
    await proxy.close();
    await consortium.close();
    rmSync(home, { recursive: true });
  });

  async function sit(name: string, rules = automaticPolicy) {
    const events: ClientEvent[] = [];
    const client = await FederatedClient.open({
      directory: join(home, name),
      trainer: stepping(0.25),
      policy: rules,
      onEvent: (event) => events.push(event),
    });
    clients.push(client);
    const ended = client.run({ once: true }).catch((error: unknown) => error);
    return { client, events, ended };
  }

  let begun = 0;
  async function propose(run: string): Promise<Uint8Array> {
    const { task } = await consortium.plan();
    begun += 1;
    const tensors = task.model.tensors.map(({ name, shape }) => {
      const values = new Float32Array(shape.reduce((size, dimension) => size * dimension, 1)).fill(begun);
      return { name, shape, values };
    });
    const weightsDigest = toBase64url(await consortium.operator.put(encodeSafetensors(tensors)));
    const draft = { run, ...terms, task: { ...task, model: { ...task.model, weightsDigest } } };
    return (await consortium.propose(draft)).planHash;
  }

  async function roundsOf(run: string): Promise<RoundReport[]> {
    const rounds: RoundReport[] = [];
    await consortium.operator.watch(run, 1, ({ event }) => event.type === 'round' && rounds.push(event));
    return rounds;
  }

  const typed = async (...args: string[]) => {
    let stdout = '';
    let stderr = '';
    const exitCode = await runParticipantCommand([...args, '--directory', join(home, 'acme')], {
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text) },
      environment: {},
      signal: new AbortController().signal,
    });
    return { exitCode, stdout, stderr };
  };

  it('is in its log to the byte that its sockets carried', async () => {
    const planHash = await propose('counted');
    const seats = await Promise.all(names.map((name) => sit(name)));
    await consortium.operator.startRun(planHash, 'counted');
    expect((await roundsOf('counted'))[0]!.survivors).to.deep.equal(names);
    await Promise.all(seats.map(({ ended }) => ended));
    await Promise.all(seats.map(({ client }) => client.close()));
    const { entries, damage } = await readEgress(join(home, 'acme'));
    expect(damage).to.equal(undefined);
    const logged = entries.reduce((sum, { socketBytes }) => sum + socketBytes, 0);
    const passed = proxy.passed.reduce((sum, { up }) => sum + up, 0);
    expect(logged).to.equal(passed).and.to.be.greaterThan(1_000);
    const messages = entries.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(messages).to.be.greaterThan(100).and.lessThan(logged);
  });

  it('is told by the command line: a report, a page, a proof, an exposure', async () => {
    const report = await typed('egress', 'report', '--run', 'counted');
    expect(report.exitCode).to.equal(0);
    expect(report.stdout)
      .to.match(/masked-update: 1, \d+ bytes, masked/)
      .and.to.include('counted, round 1');
    expect((await typed('egress', 'report', '--html')).stdout).to.match(/^<!doctype html>[\s\S]*What left acme/);
    const { stdout } = await typed('egress', 'verify', '--json');
    const { entries, chain } = (JSON.parse(stdout) as { data: { entries: number; chain: string } }).data;
    expect((await typed('egress', 'verify', '--noted', `${entries}:${chain}`)).exitCode).to.equal(0);
    const exposure = await typed('exposure', '--from', '2020-01-01', '--to', '2100-01-01', '--colluders', '1');
    expect(exposure.stdout).to.include('a session of 5, in a sum of 5; at most the sum of 4 updates, ours among them');
  });

  it('cannot be changed afterwards without being named', async () => {
    const path = join(home, 'acme', 'egress.jsonl');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('"kind":"share"', '"kind":"shade"'));
    const { exitCode, stderr } = await typed('egress', 'verify');
    expect([exitCode, stderr]).to.satisfy(
      ([code, said]: [number, string]) => code !== 0 && /line \d+ of .*egress\.jsonl/.test(said),
    );
    writeFileSync(path, text);
  });

  it('is nothing of a round while it has paused: the others go on, and it comes back when it resumes', async () => {
    await pauseParticipation(join(home, 'acme'), { reason: 'an audit', now: Date.now() });
    const planHash = await propose('paused');
    const [acme] = await Promise.all(names.map((name) => sit(name)));
    const onHold = new Promise<void>((resolve) => {
      const look = () => (acme!.events.some(({ type }) => type === 'on-hold') ? resolve() : setImmediate(look));
      look();
    });
    await consortium.operator.startRun(planHash, 'paused');
    await onHold;
    await resumeParticipation(join(home, 'acme'));
    expect((await roundsOf('paused'))[0]!.survivors).to.include.members(names.slice(1));
    await Promise.all(clients.map((client) => client.close()));
    const { entries } = await readEgress(join(home, 'acme'));
    const before = entries.findIndex(({ runId }) => runId === 'paused');
    expect(before === -1 || entries[before]!.kind === 'approved').to.equal(true);
  });

  it('is no more updates a day than its policy says, also after a restart', async () => {
    const planHash = await propose('too-many');
    const rules = { ...automaticPolicy, rounds: { perDay: 1 } };
    const seats = await Promise.all(names.map((name) => sit(name, name === 'acme' ? rules : automaticPolicy)));
    await consortium.operator.startRun(planHash, 'too-many');
    expect((await roundsOf('too-many'))[0]!.survivors).to.deep.equal(names.slice(1));
    const refused = seats[0]!.events.find((event) => event.type === 'refused');
    expect(refused?.type === 'refused' && refused.error.detail.rule).to.equal('rounds.per-day');
  });

  it('is a refusal, and nothing else, in a run that it withdrew from', async () => {
    await withdrawFromRun(join(home, 'acme'), { runId: 'left', reason: 'consent was withdrawn', now: Date.now() });
    const planHash = await propose('left');
    const [acme] = await Promise.all(names.map((name) => sit(name)));
    await consortium.operator.startRun(planHash, 'left');
    expect((await roundsOf('left'))[0]!.survivors).to.deep.equal(names.slice(1));
    const refused = acme!.events.find((event) => event.type === 'refused');
    expect(refused?.type === 'refused' && refused.error.detail.rule).to.equal('participation.withdrawn');
    await Promise.all(clients.map((client) => client.close()));
    const kinds = (await readEgress(join(home, 'acme'))).entries.filter(({ runId }) => runId === 'left');
    expect([...new Set(kinds.map(({ kind }) => kind))]).to.have.members(['refusal', 'decline']);
  });
});
