import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  checkResult,
  connect,
  KeyStore,
  ParticipantState,
  type ResultCheckPorts,
  verifyRound,
} from '@concordat/client-sdk';
import { checkableSessions, FederatedError, type PlanDraft, rosterView } from '@concordat/core';
import { chooseKernels, nodeCrypto, systemRandom } from '@concordat/node';
import { expect } from 'chai';
import { CheckedConsortium, lyingCrypto, policyText } from './checked-consortium.js';

const names = ['acme', 'bluebird', 'cobalt', 'delta'];
const checked: Partial<PlanDraft> = { aggregateCheck: 'on', transcriptRetention: 2, rounds: 2 };

describe('the aggregate check of a consortium', function () {
  this.timeout(120_000);
  let four: CheckedConsortium;
  before(async () => {
    four = await CheckedConsortium.enrol(names);
  });
  after(() => four.end());

  it('has every member compute every sum anew, and releases each model with their signatures', async () => {
    const { ends, seen } = await four.run(checked);
    for (const name of names) {
      expect((ends.get(name) as { outcome: string }).outcome).to.equal('completed');
      const verified = four.events.get(name)!.flatMap((event) => (event.type === 'verified' ? [event.round] : []));
      expect(verified).to.deep.equal([1, 2]);
      expect(four.journal(name).match(/result-signed/g)).to.have.length(2);
    }
    const { releases } = (await four.consortium.operator.status()).runs[0]!;
    expect(
      releases.map(({ round, modelVersion, signed, released }) => [round, modelVersion, signed, released]),
    ).to.deep.equal([
      [2, 2, names, true],
      [1, 1, names, true],
    ]);
    expect(seen.some((event) => event.type === 'verdict' && event.released)).to.equal(true);
  });

  it('can be read before: what the plan means, and what the policy here says to it', async () => {
    const directory = four.directoryOf('acme');
    const { planHash } = (await four.consortium.operator.status()).runs[0]!;
    const refused = await four.type('plan', 'show', '--directory', directory, '--plan', planHash);
    expect(refused.exitCode).to.equal(0);
    const lines = refused.stdout.trim().split('\n');
    expect(lines[0]).to.equal(`Plan ${planHash}, proposed by operator.`);
    expect(lines).to.include('Run spring publishes 2 models.');
    expect(lines.slice(-2)).to.deep.equal([
      'Your policy refuses it:',
      '  policy: requires a policy file; the plan offers none. Write policy.yaml: without one every plan is refused.',
    ]);
    writeFileSync(join(directory, 'policy.yaml'), policyText);
    const allowed = await four.type('plan', 'show', '--directory', directory, '--json');
    rmSync(join(directory, 'policy.yaml'));
    const { data } = JSON.parse(allowed.stdout) as { data: Record<string, unknown> };
    expect(data, 'the plan that was approved last').to.include({ planHash, run: 'spring', allowed: true });
    const unknown = await four.type('plan', 'show', '--directory', directory, '--plan', '0'.repeat(64), '--json');
    expect((JSON.parse(unknown.stdout) as { error: { code: string } }).error.code).to.equal('invalid-argument');
  });

  it('is repeated from the command line, as a person would: all chunks, and the model made again', async () => {
    const directory = four.directoryOf('acme');
    const said = await four.type('verify-round', '--directory', directory, '--session', 'spring/1', '--chunks', 'all');
    expect(said.exitCode).to.equal(0);
    expect(said.stdout.split('\n').slice(0, 4)).to.deep.equal([
      'Round 1 of run spring: the sum is right in 3 of 3 chunks, computed anew.',
      'The published model is what the plan makes of it.',
      'acme signed it before.',
      '4 signed, 3 are needed: released.',
    ]);
    const json = await four.type('verify-round', '--directory', directory, '--chunks', '1', '--json');
    const { status, data } = JSON.parse(json.stdout) as { status: string; data: Record<string, unknown> };
    expect(status).to.equal('ok');
    expect(data).to.include({
      run: 'spring',
      round: 2,
      // That one and the one that holds the weight.
      chunksChecked: 2,
      chunks: 3,
      modelChecked: false,
      released: true,
    });
    const bySid = await four.type(
      'verify-round',
      '--directory',
      directory,
      '--session',
      String(data.sid2).slice(0, 12),
    );
    expect(bySid.stdout).to.contain('Round 2 of run spring');
  });

  it('makes the published model again, and finds another one wrong; of some chunks it makes what is in them', async () => {
    const directory = four.directoryOf('acme');
    const keys = await KeyStore.open(directory, { crypto: nodeCrypto, random: systemRandom, wallMillis: Date.now });
    const state = await ParticipantState.open(directory);
    const { own } = checkableSessions(await state.read()).find(({ round }) => round === 1)!;
    await state.close();
    const { roster } = keys.roster;
    const { coordinatorKey } = roster;
    const connection = connect({ ...keys.enrolment, ...keys.tls, coordinatorKey: () => coordinatorKey });
    const members = rosterView(roster, Date.now());
    const ports: ResultCheckPorts = {
      connection,
      crypto: nodeCrypto,
      kernels: chooseKernels(),
      random: systemRandom,
      coordinatorKey,
      publicKeys: new Map([...members].map(([id, { publicKey }]) => [id, publicKey])),
    };
    const plan = four.consortium.coordinator.run!.plan;
    const modelHash = new Uint8Array(32).fill(1);
    const place = { runId: 'spring', round: 1, own, plan };
    const other = await checkResult(ports, { ...place, published: { modelHash } });
    expect([other.finding.type, other.error?.detail.rule]).to.deep.equal(['wrong', 'check.model']);
    const sampled = await checkResult(ports, { ...place, chunks: 1 });
    // Beside the chunk asked for, the one that holds the weight.
    expect(sampled.chunks).to.deep.equal({ checked: 2, of: 3 });
    expect(sampled.model.checked).to.be.within(1, 39_999);
    expect(sampled.model.of).to.equal(40_000);
    connection.close();
  });

  it('uses the kernels that flag, environment or participant.yaml say, and refuses others by name', async () => {
    const directory = four.directoryOf('bluebird');
    const file = join(directory, 'participant.yaml');
    const written = readFileSync(file, 'utf8');
    const used = async (...flags: string[]) => {
      const said = await four.type('verify-round', '--directory', directory, '--chunks', '1', '--json', ...flags);
      const { data, error } = JSON.parse(said.stdout) as Record<'data' | 'error', Record<string, unknown> | undefined>;
      return data?.kernels ?? `${String(error!.code)} ${said.stdout.includes(file)}`;
    };
    const usual = chooseKernels().name;
    expect(await used()).to.equal(usual);
    expect(await used('--kernels', 'plain')).to.equal('plain');
    writeFileSync(file, 'kernels: plain\n');
    expect(await used()).to.equal('plain');
    expect(await used('--kernels', 'auto')).to.equal(usual);
    expect(await used('--kernels', 'fast')).to.equal('invalid-argument false');
    writeFileSync(file, 'kernels: fast\n');
    expect(await used()).to.equal('invalid-argument true');
    // What else the file lacks is of no concern here.
    writeFileSync(file, 'engine: none\n');
    expect(await used()).to.equal(usual);
    writeFileSync(file, written);
  });

  it('works beside a client that uses the directory, and leaves the signing to it', async () => {
    const client = await four.open('acme');
    const found = await verifyRound({ directory: four.directoryOf('acme'), session: 'spring/2' });
    expect(found.finding.type).to.equal('right');
    expect([found.verdict, found.given]).to.deep.equal(['result', 'before']);
    await client.close();
  });

  it('says by name when there is no such session, or its transcript is gone', async () => {
    const directory = four.directoryOf('acme');
    const unknown = await four.type('verify-round', '--directory', directory, '--session', 'spring/9', '--json');
    expect(unknown.exitCode).to.equal(4);
    expect((JSON.parse(unknown.stdout) as { error: { fix: string } }).error.fix).to.contain('spring/2, spring/1');
    await four.run({ ...checked, run: 'autumn' });
    const gone = await verifyRound({ directory, session: 'spring/1' }).catch((error: unknown) => error);
    expect((gone as FederatedError).detail.rule).to.equal('result.unknown');
  });
});

describe('a coordinator whose sum is wrong by one', function () {
  this.timeout(120_000);
  let four: CheckedConsortium;
  let lying = true;
  before(async () => {
    four = await CheckedConsortium.enrol(
      names,
      lyingCrypto(() => lying),
    );
  });
  after(() => four.end());

  it('is disputed by every member with chunk, lane and digests; they stop, and contribute no more to that run', async () => {
    const { ends } = await four.run({ ...checked, rounds: 3 });
    for (const name of names) {
      const end = ends.get(name);
      expect(end, name).to.be.instanceOf(FederatedError);
      const { code, detail } = end as FederatedError;
      expect([code, detail.rule, detail.chunk, detail.segment, detail.lane]).to.deep.equal([
        'verification',
        'check.sum',
        1,
        'model',
        16_384 + 17,
      ]);
      expect([String(detail.required).length, String(detail.offered).length]).to.deep.equal([64, 64]);
      expect(four.journal(name)).to.contain('"disputed"');
      const egress = readFileSync(join(four.directoryOf(name), 'egress.jsonl'), 'utf8');
      expect(egress).to.contain('"kind":"disputed"').and.to.contain('check.sum');
    }
  });

  it('is shown to the operator as disputed, by whom and where, and not as released', async () => {
    const { releases } = (await four.consortium.operator.status()).runs[0]!;
    const first = releases.at(-1)!;
    expect(first).to.include({ round: 1, released: false });
    expect(first.disputed.map(({ participant, chunk, lane }) => [participant, chunk, lane])).to.deep.equal(
      names.map((name) => [name, 1, 16_384 + 17]),
    );
  });

  it('gets no other word from them afterwards: the dispute stands, and the command line says the same', async () => {
    lying = false;
    const directory = four.directoryOf('acme');
    const said = await four.type('verify-round', '--directory', directory, '--session', 'spring/1', '--json');
    const { error } = JSON.parse(said.stdout) as { error: { code: string; detail: { rule: string } } };
    expect([error.code, error.detail.rule]).to.deep.equal(['verification', 'check.sum']);
    // A signature, a hash or a sum that does not fit.
    expect(said.exitCode).to.equal(2);
    expect(four.journal('acme').match(/"type":"disputed"/g)).to.have.length(1);
  });
});
