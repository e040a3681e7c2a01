import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { denseNetwork, FederatedClient } from '@concordat/client-sdk';
import { steppingTrainer, testPolicy, testPolicyText } from '@concordat/client-sdk/testing';
import type { SequencedEvent } from '@concordat/coordinator';
import { encodePlan, encodeSafetensors, signPlan } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { expect } from 'chai';
import { TestConsortium } from '../coordinator/consortium.js';
import { testPlan } from '../support/test-plan.js';
import { Project } from './project.js';
import { ServiceProcess } from './service-process.js';
import { foundations, tarballsOf } from './shared-tarballs.js';

const example = resolve(import.meta.dirname, '../../../examples/embedded-service');
const others = ['bluebird', 'cobalt', 'delta', 'echo'];

const dataYaml = `schema: concordat/data/1
columns:
  - { name: x, type: number, min: -1, max: 1 }
  - { name: y, type: number, min: -1, max: 1 }
  - { name: quadrant, type: category, categories: [a, b, c, d], target: true }
source: { kind: csv, files: [points.csv] }
`;

/** Points in the plane, labelled by quadrant. */
function pointsCsv(examples: number): string {
  const rows = Array.from({ length: examples }, (_, i) => {
    const [x, y] = [((i * 37) % 101) / 50 - 1, ((i * 61) % 97) / 48.5 - 1];
    return `${x},${y},${'abcd'[(x > 0 ? 1 : 0) + (y > 0 ? 2 : 0)]}`;
  });
  return `x,y,quadrant\n${rows.join('\n')}\n`;
}

describe('a service that embeds the client', function () {
  this.timeout(300_000);
  let root: string;
  let project: Project;
  let consortium: TestConsortium;
  const services: ServiceProcess[] = [];
  const clients: FederatedClient[] = [];

  const serve = (environment: Readonly<Record<string, string>> = {}) => {
    const service = new ServiceProcess(project.directory, environment);
    services.push(service);
    return service;
  };
  const enrolHere = async (name: string, directory: string) => {
    await consortium.enrol(name, directory);
  };

  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'concordat-service-'));
    const { dependencies } = JSON.parse(readFileSync(join(example, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    const { '@concordat/client-sdk': own, ...rest } = dependencies;
    expect(own).to.equal('0.1.0');
    for (const version of Object.values(rest)) expect(version, 'exact').to.match(/^\d+\.\d+\.\d+$/);
    project = new Project(join(root, 'service'), [
      ...tarballsOf('@concordat/client-sdk', ...foundations),
      ...Object.entries(rest).map(([name, version]) => `${name}@${version}`),
    ]);
    for (const file of ['service.mjs', 'participation.mjs', 'conformance.test.mjs']) {
      cpSync(join(example, file), join(project.directory, file));
    }
    mkdirSync(join(project.directory, 'data'));
    project.write('data/data.yaml', dataYaml);
    project.write('data/points.csv', pointsCsv(200));
    consortium = await TestConsortium.open();
    await enrolHere('acme', join(project.directory, 'participant'));
    writeFileSync(join(project.directory, 'participant/policy.yaml'), testPolicyText);
    for (const name of others) {
      const directory = join(root, name);
      await enrolHere(name, directory);
      clients.push(await FederatedClient.open({ directory, policy: testPolicy, trainer: steppingTrainer() }));
    }
  });

  afterEach(async () => {
    await Promise.all(services.splice(0).map((service) => service.signal('SIGKILL')));
  });

  after(async () => {
    for (const client of clients) await client.close();
    await consortium.close();
    rmSync(root, { recursive: true, force: true });
  });

  it('is at its own work where nobody is enrolled, and says what to do', async () => {
    const service = serve({ PARTICIPANT: join(root, 'nowhere') });
    await service.says(/^the participation has ended$/);
    const health = await service.get('/healthz');
    expect(health.status).to.equal(503);
    const { state, error } = JSON.parse(health.body);
    expect([state, error.code]).to.deep.equal(['failed', 'unauthenticated']);
    expect(error.fix).to.include('enroll');
    expect((await service.get('/')).status).to.equal(200);
    expect(await service.signal('SIGTERM')).to.equal(0);
    expect(service.stray).to.equal('');
  });

  it('contributes to the next round when it is killed in one and started again, and stops well', async () => {
    const first = serve();
    await first.says(/^connected$/);
    expect(JSON.parse((await first.get('/healthz')).body)).to.include({ state: 'running', participant: 'acme' });
    for (const client of clients) void client.run();

    const runId = await propose(consortium);
    const seen: SequencedEvent['event'][] = [];
    let second: ServiceProcess | undefined;
    await consortium.operator.watch(runId, 1, ({ event }) => {
      seen.push(event);
      const isHalfway = event.type === 'answered' && event.participant === 'acme' && event.phase === 'share';
      if (isHalfway && second === undefined) {
        void first.signal('SIGKILL');
        second = serve();
      }
    });
    expect(await first.ended, 'killed').to.equal(null);
    const rounds = seen.flatMap((event) => (event.type === 'round' ? [event] : []));
    expect(rounds.map(({ outcome }) => outcome)).to.deep.equal(['published', 'published']);
    expect(rounds[1]!.survivors).to.include('acme');
    const contributed = await second!.says(/^contributed$/, ({ round }) => round === 2);
    expect(contributed.included).to.equal(true);
    const metrics = (await second!.get('/metrics')).body;
    expect(metrics).to.match(/^federated_connected 1$/m);
    expect(metrics).to.match(/^federated_contributions_total [12]$/m);
    expect(metrics).to.match(/^federated_training_seconds_count [12]$/m);
    expect(await second!.signal('SIGTERM')).to.equal(0);
    expect(second!.lines.at(-1)!.msg).to.equal('stopped');
    expect(second!.stray).to.equal('');
  });

  it('runs the conformance suite among its own tests', () => {
    const { status, stdout, stderr } = project.node(['--test', '--test-reporter=tap', 'conformance.test.mjs']);
    expect(status, stdout + stderr).to.equal(0);
  });
});

/** Two rounds on a network that the service can train. @returns the run. */
async function propose({ operator, operatorKeys }: TestConsortium): Promise<string> {
  const { topology: layers, tensors } = denseNetwork({ inputs: 2, hidden: [8], classes: 4, seed: '1' });
  const topology = Buffer.from(JSON.stringify(layers));
  for (const blob of [topology, encodeSafetensors(tensors)]) await operator.put(blob);
  const plan = testPlan(
    { topology, tensors },
    {
      cohort: { min: 4, size: 5, max: 5 },
      reportingGoal: 5,
      clippingNorm: 10,
      // A cohort of five ends the selection at once; a service that starts again is waited for.
      deadlines: { selectMillis: 60_000, readyMillis: 60_000, stepMillis: 4_000, graceMillis: 60_000 },
    },
  );
  const planHash = await operator.propose(signPlan(nodeCrypto, operatorKeys.operatorKey, encodePlan(plan)));
  await operator.startRun(planHash, plan.run);
  return plan.run;
}
