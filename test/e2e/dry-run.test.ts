import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { denseNetwork, readEgress, writeTfjsDirectory } from '@concordat/client-sdk';
import { expect } from 'chai';
import { TestConsortium } from '../coordinator/consortium.js';
import { Evidence } from '../hostile/evidence.js';
import { moveTo } from '../support/moved-participant.js';
import { CoordinatorProcess } from './coordinator-process.js';
import { readmissionDraft, readmissionPolicy, writeReadmissions } from './readmission.js';
import { RecordingRelay } from './recording-relay.js';
import { type Line, TypedCommands } from './typed-commands.js';

const names = ['acme', 'bluebird', 'cobalt'];

const policyText = (approval: string, purpose?: string) =>
  readmissionPolicy(`approval: ${approval}\nmetrics: [accuracy]`, purpose);
const run = 'readmission-1';
const draft = readmissionDraft(run, {
  aggregateCheck: 'on',
  transcriptRetention: 2,
  metrics: [{ name: 'accuracy', kind: 'rate', max: 1 }],
});

/** Path → SHA-256 of what a file holds. */
function filesBelow(directory: string): Readonly<Record<string, string>> {
  // The index of SQLite's log has a mark for each reader.
  const files = readdirSync(directory, { withFileTypes: true, recursive: true }).filter(
    (entry) => entry.isFile() && !entry.name.endsWith('-shm'),
  );
  const digestOf = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
  return Object.fromEntries(
    files.map(({ parentPath, name }) => join(parentPath, name)).map((path) => [path, digestOf(path)]),
  );
}

describe('a dry run, between real processes', function () {
  this.timeout(180_000);
  let consortium: TestConsortium;
  let coordinator: CoordinatorProcess;
  let relay: RecordingRelay;
  let planHash: string;
  const evidence = new Evidence();
  const directory = mkdtempSync(join(tmpdir(), 'concordat-dry-'));
  const commands = new TypedCommands();
  const at = (...path: string[]) => join(directory, ...path);

  const operate = (...args: readonly string[]) =>
    commands.last(
      'coordinator',
      ...args,
      '--directory',
      consortium.directory,
      '--address',
      `127.0.0.1:${coordinator.port}`,
    );
  const serve = (name: string, ...flags: string[]) => [
    ...['participant', 'serve', '--directory', at(name), '--data', at(`${name}-data`)],
    ...flags,
  ];
  const dry = (...flags: string[]) => serve('acme', '--dry-run', '--plan', planHash, ...flags);
  const dataOf = async (args: readonly string[]) => (await commands.last(...args)).data as Line;
  const rulesThatFail = (data: Line) =>
    (data.rules as readonly { rule: string; passed: boolean }[])
      .filter(({ passed }) => !passed)
      .map(({ rule }) => rule);

  before(async () => {
    consortium = await TestConsortium.open();
    for (const name of names) {
      await consortium.enrol(name, at(name));
    }
    await consortium.coordinator.stop();
    coordinator = new CoordinatorProcess(consortium.directory);
    const address = await coordinator.listen();
    await coordinator.start({ silent: true });
    const read = (name: string) => readFileSync(join(consortium.directory, 'coordinator', name), 'utf8');
    relay = await RecordingRelay.listen({
      participant: 'acme',
      directory: at('acme'),
      tls: {
        certificatePem: read('tls-certificate.pem'),
        privateKeyPem: read('tls-key.pem'),
        authorityPem: consortium.operatorKeys.authorityPem,
      },
      address: () => address,
      evidence,
    });
    for (const name of names) {
      moveTo(at(name), name === 'acme' ? relay.address : address);
      writeFileSync(at(name, 'policy.yaml'), policyText(name === 'acme' ? 'manual' : 'automatic'));
      writeReadmissions(at(`${name}-data`), names.indexOf(name));
    }
    mkdirSync(at('model'));
    await writeTfjsDirectory(at('model'), denseNetwork({ inputs: 1, hidden: [8], classes: 2, seed: 'dry' }));
    writeFileSync(at('plan.json'), JSON.stringify(draft));
    await commands.text(['participant', 'data', 'schema', '--data', at('acme-data'), '--out', at('schema.json')]);
    const files = ['--model', at('model'), '--data-schema', at('schema.json')];
    const proposed = await operate('plan', 'propose', at('plan.json'), ...files);
    if (proposed.status !== 'ok') throw new Error(JSON.stringify(proposed.error));
    planHash = (proposed.data as { planHash: string }).planHash;
  });

  after(async () => {
    commands.signal('SIGKILL');
    await relay.close();
    await coordinator.close();
    await consortium.close();
    rmSync(directory, { recursive: true });
  });

  it('trains, names what is missing, and asks the coordinator for the roster, the plan and the model alone', async () => {
    const before = { acme: filesBelow(at('acme')), coordinator: filesBelow(consortium.directory) };
    const data = await dataOf(dry());
    expect(evidence.spoken.map(({ method }) => method).filter((method) => !method.endsWith(' headers'))).to.deep.equal([
      'roster',
      'get',
      'get',
      'get',
    ]);
    expect({ acme: filesBelow(at('acme')), coordinator: filesBelow(consortium.directory) }).to.deep.equal(before);
    const seen = (await operate('participants')).data as { participants: readonly Line[] };
    expect(seen.participants.map(({ connected, lastSeen }) => [connected, lastSeen])).to.deep.equal(
      names.map(() => [false, undefined]),
    );

    expect(data).to.include({ participant: 'acme', planHash, run, allowed: true, wouldContribute: false });
    expect(data.approvals).to.deep.equal([{ role: 'participant', state: 'missing' }]);
    expect((data.bars as readonly { detail: Line }[]).map(({ detail }) => detail.rule)).to.deep.equal([
      'approval.missing',
    ]);
    expect(data.training).to.include({ outcome: 'trained', examples: 54 });
    expect((data.training as { metrics: Line }).metrics).to.have.property('accuracy');
  });

  it('says it in sentences', async () => {
    const lines = await commands.text(dry());
    expect(lines).to.include(
      `Plan ${planHash} for run readmission-1, proposed by operator. Roster, plan and model are verified.`,
    );
    expect(lines).to.include('  approval of participant: has not approved');
    expect(lines).to.include('  ok       cohort.min: requires 3; offered 3');
    expect(lines).to.include('Without that a client would send, at most, with 3 members in a session:');
    expect(lines.some((line) => /^ {2}masked-update: once a round, \d+ bytes, masked: nobody/.test(line))).to.equal(
      true,
    );
    expect(lines.at(-1)).to.match(/^This was a dry run: \d+ bytes of questions .* and nothing is kept\.$/);
  });

  it('trains nothing for what the policy refuses, and shows the no that would be said', async () => {
    writeFileSync(at('strict.yaml'), policyText('automatic', 'Something else'));
    const data = await dataOf(dry('--policy', at('strict.yaml')));
    expect(rulesThatFail(data)).to.deep.equal(['purposes']);
    expect(data).to.include({ allowed: false, wouldContribute: false });
    expect(data.training).to.deep.equal({ outcome: 'not-trained' });
    expect((data.messages as readonly { kind: string }[]).map(({ kind }) => kind)).to.deep.equal(['decline']);
  });

  it('refuses a plan to be named to a client that is to take part', async () => {
    const { error } = await commands.last(...serve('acme', '--plan', planHash));
    expect(error).to.include({ code: 'invalid-argument', message: '--plan goes with --dry-run' });
  });

  it('said of every message what the log says of it afterwards, or a few bytes more', async () => {
    await commands.last('participant', 'plan', 'approve', '--directory', at('acme'), '--plan', planHash);
    const data = await dataOf(dry());
    expect(data).to.include({ wouldContribute: true, members: 3 });
    await operate('run', 'start', '--plan', planHash, '--run', run);
    await Promise.all(names.map((name) => commands.last(...serve(name, '--once'))));

    const { entries } = await readEgress(at('acme'));
    const forecast = data.messages as readonly { kind: string; per: string; bytes: number; masked: boolean }[];
    for (const [round, per] of [
      [0, 'run'],
      [1, 'round'],
      [2, 'evaluation'],
    ] as const) {
      const sent = entries.filter((entry) => entry.runId === run && entry.round === round);
      const foreseen = forecast.filter((message) => message.per === per);
      expect(sent.map(({ kind }) => kind)).to.deep.equal(foreseen.map(({ kind }) => kind));
      sent.forEach(({ bytes, masked, kind }, i) => {
        expect(bytes, kind).to.be.within(foreseen[i]!.bytes - 12, foreseen[i]!.bytes);
        expect(masked, kind).to.equal(foreseen[i]!.masked);
      });
    }
  });
});
