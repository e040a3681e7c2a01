import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { denseNetwork, FederatedClient, parsePolicy } from '@concordat/client-sdk';
import { steppingTrainer } from '@concordat/client-sdk/testing';
import { encodePlan, encodeSafetensors, signPlan } from '@concordat/core';
import { nodeCrypto, systemClock } from '@concordat/node';
import { expect } from 'chai';
import { TestConsortium } from '../coordinator/consortium.js';
import { testPlan } from '../support/test-plan.js';
import { type PageStep, stepsOf } from './followed-page.js';
import { outsideEnvironment } from './project.js';
import { foundations, tarballsOf } from './shared-tarballs.js';

const page = readFileSync(resolve(import.meta.dirname, '../../../docs/embedding.md'), 'utf8');
const others = ['bluebird', 'cobalt', 'delta', 'echo'];

interface Printed {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What only this machine has otherwise than the page says. */
interface Here {
  readonly port: number;
  /** What stands for the package in the registry. */
  readonly tarballs: readonly string[];
}

describe('docs/embedding.md', function () {
  this.timeout(300_000);
  let root: string;
  let directory: string;
  let consortium: TestConsortium;
  let service: ChildProcess | undefined;
  let here: Here;
  const clients: FederatedClient[] = [];
  const done: PageStep[] = [];

  const onThisMachine = (text: string) =>
    text.replaceAll('8080', String(here.port)).replace('npm install @concordat/client-sdk', install());
  const install = () => `npm install --prefer-offline --no-audit --no-fund ${here.tarballs.join(' ')}`;
  const type = (command: string): ChildProcess =>
    spawn('sh', ['-c', `exec ${onThisMachine(command)}`], { cwd: directory, env: outsideEnvironment() });

  const run = async (command: string, during?: (child: ChildProcess) => Promise<void>): Promise<Printed> => {
    const child = type(command);
    let [stdout, stderr] = ['', ''];
    child.stdout!.on('data', (chunk) => (stdout += chunk));
    child.stderr!.on('data', (chunk) => (stderr += chunk));
    const closed = once(child, 'close');
    await during?.(child);
    const [status] = (await closed) as [number | null];
    return { status, stdout, stderr };
  };

  /** The operator hears the fingerprint that the command prints, and admits. */
  const admit = async (child: ChildProcess): Promise<void> => {
    await once(child.stderr!, 'data');
    const { operator } = consortium;
    const [pending] = (await operator.participants()).filter(({ state }) => state === 'pending');
    await operator.admit(pending!.participant, pending!.fingerprint);
  };

  const follow = async (step: PageStep): Promise<void> => {
    if (step.type === 'file') {
      const path = join(directory, step.path);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, onThisMachine(step.text));
    } else if (step.type === 'console') {
      const { status, stdout, stderr } = await run(step.command);
      expect(status, stderr).to.equal(0);
      expect(stdout.trimEnd()).to.equal(step.printed);
    } else {
      for (const command of step.commands) await followCommand(command);
    }
    done.push(step);
  };

  const followCommand = async (command: string): Promise<void> => {
    if (command === 'node service.mjs') {
      service = type(command);
      service.stderr!.on('data', (chunk) => process.stderr.write(chunk));
      await connected('acme');
      return;
    }
    const { status, stdout, stderr } = await run(command, command.includes(' enroll ') ? admit : undefined);
    expect(status, `${command}\n${stdout}${stderr}`).to.equal(0);
  };

  const connected = async (name: string): Promise<void> => {
    const { operator } = consortium;
    const isHere = async () =>
      (await operator.participants()).some(({ participant, connected }) => participant === name && connected);
    // Who asks without a pause is told that it asks too often.
    while (!(await isHere())) await systemClock.sleep(50);
  };

  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'concordat-embedding-'));
    directory = join(root, 'empty');
    mkdirSync(directory);
    here = { port: await freePort(), tarballs: tarballsOf('@concordat/client-sdk', ...foundations) };
    consortium = await TestConsortium.open();
    const invitation = await consortium.operator.invite('acme', 'acme', 0);
    writeFileSync(join(directory, 'acme.invitation.json'), invitation, { mode: 0o600 });
  });

  after(async () => {
    service?.kill('SIGKILL');
    for (const client of clients) await client.close();
    await consortium.close();
    rmSync(root, { recursive: true, force: true });
  });

  it('has steps to follow: files, commands, and what they print', () => {
    const count = (type: PageStep['type']) => stepsOf(page).filter((step) => step.type === type).length;
    expect([count('file'), count('commands'), count('console')]).to.deep.equal([5, 4, 2]);
  });

  it('leads from an empty directory to a service that is connected', async () => {
    for (const step of stepsOf(page)) await follow(step);
    expect(done).to.have.length(11);
  });

  it('leads to a contribution: the service is among the survivors of a round, and counts it', async () => {
    const policy = parsePolicy(readFileSync(join(directory, 'participant/policy.yaml'), 'utf8'));
    for (const name of others) {
      await consortium.enrol(name, join(root, name));
      const client = await FederatedClient.open({ directory: join(root, name), policy, trainer: steppingTrainer() });
      clients.push(client);
      void client.run();
    }
    const runId = await propose(consortium);
    const survivors: string[] = [];
    await consortium.operator.watch(runId, 1, ({ event }) => {
      if (event.type === 'round') survivors.push(...event.survivors);
    });
    expect(survivors).to.deep.equal(['acme', ...others]);
    const health = await fetch(`http://127.0.0.1:${here.port}/healthz`).then((response) => response.json());
    expect(health).to.deep.equal({ state: 'connected', contributions: 1 });
  });

  it('ends with SIGTERM, in an orderly way', async () => {
    const closed = once(service!, 'close');
    service!.kill('SIGTERM');
    expect(await closed).to.deep.equal([0, null]);
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

/** One round of the purpose that the page agrees to, on a network for its columns. @returns the run. */
async function propose({ operator, operatorKeys }: TestConsortium): Promise<string> {
  const { topology: layers, tensors } = denseNetwork({ inputs: 2, hidden: [4], classes: 2, seed: '1' });
  const topology = Buffer.from(JSON.stringify(layers));
  for (const blob of [topology, encodeSafetensors(tensors)]) await operator.put(blob);
  const plan = testPlan(
    { topology, tensors },
    {
      purpose: 'Predicting readmission',
      rounds: 1,
      cohort: { min: 4, size: 5, max: 5 },
      reportingGoal: 5,
      clippingNorm: 10,
      deadlines: { selectMillis: 60_000, readyMillis: 60_000, stepMillis: 60_000, graceMillis: 60_000 },
    },
  );
  const planHash = await operator.propose(signPlan(nodeCrypto, operatorKeys.operatorKey, encodePlan(plan)));
  await operator.startRun(planHash, plan.run);
  return plan.run;
}
