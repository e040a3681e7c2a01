import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandIo, type RunStanding, registerCoordinatorCommands } from '@concordat/coordinator';
import { identityFingerprint } from '@concordat/core';
import { identityFromSeed, nodeCrypto } from '@concordat/node';
import { expect } from 'chai';
import { Command } from 'commander';
import { call, connect, disconnect, enrolRequest, TestConsortium } from '../consortium.js';

interface Outcome {
  readonly code: number;
  readonly stdout: string[];
  readonly stderr: string[];
  readonly envelope: {
    readonly status: string;
    readonly data?: Record<string, unknown>;
    readonly error?: Record<string, unknown>;
  };
}

interface Call {
  readonly signal?: AbortSignal;
  readonly onLine?: (line: string) => void;
  readonly environment?: Record<string, string>;
}

/** Run `coordinator …` as the command line would. */
async function type(args: readonly string[], options: Call = {}): Promise<Outcome> {
  const stdout: string[] = [];
  const stderr: string[] = [];
  let code = 0;
  const io: CommandIo = {
    stdout: {
      write(text) {
        stdout.push(text.trimEnd());
        options.onLine?.(text.trimEnd());
      },
    },
    stderr: { write: (text) => stderr.push(text.trimEnd()) },
    environment: options.environment ?? {},
    signal: options.signal ?? new AbortController().signal,
    exit: (value) => (code = value),
  };
  const program = new Command('concordat');
  registerCoordinatorCommands(program, io);
  await program.parseAsync(['coordinator', ...args], { from: 'user' });
  const last = stdout.at(-1) ?? '';
  return { code, stdout, stderr, envelope: last.startsWith('{') ? JSON.parse(last) : { status: 'prose' } };
}

describe('the coordinator’s commands', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-commands-'));
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('init makes three directories, keys readable by nobody else, and says the fingerprint', async () => {
    const { envelope, code } = await type(['init', join(directory, 'c'), '--consortium', 'demo', '--json']);
    expect([code, envelope.status]).to.deep.equal([0, 'ok']);
    expect(envelope.data!.fingerprint).to.match(/^[0-9a-f]{64}$/);
    expect(readdirSync(join(directory, 'c')).sort()).to.deep.equal(['coordinator', 'operator', 'root']);
    for (const key of [
      'root/root-key.pem',
      'operator/operator-key.pem',
      'coordinator/roster-key.pem',
      'coordinator/tls-authority-key.pem',
    ]) {
      expect(statSync(join(directory, 'c', key)).mode & 0o077, key).to.equal(0);
    }
  });

  it('init refuses a directory that is not empty, by name', async () => {
    writeFileSync(join(directory, 'something'), '');
    const { envelope, code } = await type(['init', directory, '--consortium', 'demo', '--json']);
    expect([code, envelope.status, envelope.error!.code]).to.deep.equal([4, 'error', 'invalid-argument']);
    expect(envelope.error!.message).to.equal(`${directory} is not empty`);
  });

  it('says how to start a coordinator that does not answer', async () => {
    await type(['init', join(directory, 'c'), '--consortium', 'demo', '--address', '127.0.0.1:1']);
    const { code, stderr } = await type(['status', '--directory', join(directory, 'c')]);
    expect(code).to.equal(2);
    const [what, fix, id] = stderr.join('\n').split('\n');
    expect(what).to.equal('unavailable: no coordinator answers at 127.0.0.1:1');
    expect(fix).to.contain('concordat coordinator start').and.contain('docs/errors/unavailable.md');
    expect(id).to.match(/^Correlation id: [0-9a-f]{16}$/);
  });

  it('start serves until it is told to end, with one line when it listens', async () => {
    const home = join(directory, 'c');
    await type(['init', home, '--consortium', 'demo', '--address', '127.0.0.1:0']);
    const stop = new AbortController();
    const lines: Record<string, unknown>[] = [];
    const { code } = await type(['start', '--directory', home, '--log-level', 'silent', '--json'], {
      signal: stop.signal,
      onLine(line) {
        lines.push(JSON.parse(line));
        stop.abort();
      },
    });
    expect(code).to.equal(0);
    expect(lines[0]!.type).to.equal('listening');
    expect(lines[0]!.port).to.be.greaterThan(0);
  });

  it('a holdout needs a trainer, and a wrong port is named with its variable', async () => {
    const home = join(directory, 'c');
    await type(['init', home, '--consortium', 'demo']);
    const holdout = await type(['start', '--directory', home, '--holdout', directory, '--json']);
    expect(holdout.envelope.error!.message).to.contain('a holdout needs a trainer');
    const port = await type(['start', '--directory', home, '--json'], { environment: { CONCORDAT_PORT: '99999' } });
    expect(port.code).to.equal(4);
    expect(port.envelope.error!.detail).to.deep.include({
      where: 'CONCORDAT_PORT',
      setting: 'listen.port',
      required: 'a whole number from 0 to 65535',
      offered: '99999',
    });
  });
});

describe('the operator’s commands against a running coordinator', () => {
  let consortium: TestConsortium;
  let flags: readonly string[];

  before(async () => {
    consortium = await TestConsortium.open();
    flags = ['--directory', consortium.directory, '--address', consortium.coordinator.address, '--json'];
  });

  after(() => consortium.close());

  it('invite writes a secret file, participants lists and admits', async () => {
    const file = join(consortium.directory, 'acme.json');
    const invited = await type(['invite', 'acme', '--organization', 'Acme Ltd', '--out', file, ...flags]);
    expect([invited.code, invited.envelope.data]).to.deep.equal([
      0,
      { participant: 'acme', organization: 'Acme Ltd', file },
    ]);
    expect(statSync(file).mode & 0o077).to.equal(0);
    expect(JSON.stringify(invited.stdout)).to.not.contain(JSON.parse(readFileSync(file, 'utf8')).secret);
    const { decodeInvitation } = await import('@concordat/core');
    const signer = identityFromSeed(new Uint8Array(32).fill(3));
    const { request } = await enrolRequest(decodeInvitation(readFileSync(file)), signer);
    const stranger = connect(consortium.coordinator.address, { authorityPem: consortium.operatorKeys.authorityPem });
    await call(stranger.Membership, 'Enroll', request);
    disconnect(stranger);
    const refused = await type(['participants', '--admit', 'acme', '--fingerprint', 'ab'.repeat(16), ...flags]);
    expect([refused.code, refused.envelope.error!.code]).to.deep.equal([1, 'refused']);
    const fingerprint = identityFingerprint(nodeCrypto, signer.publicKey);
    const admitted = await type(['participants', '--admit', 'acme', '--fingerprint', fingerprint, ...flags]);
    expect(admitted.envelope.data!.admitted).to.equal('acme');
    const { envelope } = await type(['participants', ...flags]);
    expect(envelope.data!.participants).to.deep.include({
      participant: 'acme',
      organization: 'Acme Ltd',
      state: 'admitted',
      fingerprint,
      connected: false,
      invitationExpiresMillis: (envelope.data!.participants as { invitationExpiresMillis: number }[])[0]!
        .invitationExpiresMillis,
    });
  });

  it('plan propose completes a draft, signs it and says what it tolerates; run start and watch follow', async () => {
    const { model, plan } = writeModelAndPlan(consortium.directory);
    const proposed = await type(['plan', 'propose', plan, '--model', model, ...flags]);
    expect(proposed.envelope.error).to.equal(undefined);
    expect(proposed.envelope.data!.tolerance).to.equal('5: one may drop out; 4: one');
    expect(proposed.envelope.data!.precision).to.match(/^model in steps of [0-9.e-]+ at the largest weight/);
    const planHash = proposed.envelope.data!.planHash as string;
    const started = await type(['run', 'start', '--plan', planHash, '--run', 'spring', ...flags]);
    expect(started.envelope.data).to.deep.equal({ run: 'spring' });
    const stop = new AbortController();
    const seen: string[] = [];
    await type(['run', 'watch', '--run', 'spring', ...flags], {
      signal: stop.signal,
      onLine(line) {
        const event = JSON.parse(line);
        seen.push(event.type);
        if (event.type === 'waiting') stop.abort();
      },
    });
    expect(seen[0]).to.equal('started');
    expect(seen).to.include('waiting');
    const { envelope } = await type(['status', ...flags]);
    expect((envelope.data!.current as { run: string }).run).to.equal('spring');
    expect(envelope.data!.privacy).to.equal('no differential privacy guarantee');
  });

  it('run end ends it by name, for a reason of one line, and a second time changes nothing', async () => {
    const unknown = await type(['run', 'end', '--run', 'autumn', ...flags]);
    expect([unknown.code, unknown.envelope.error!.code]).to.deep.equal([1, 'protocol']);
    expect(unknown.envelope.error!.fix).to.match(/^See: concordat coordinator status\./);
    for (const reason of ['', 'two\nlines', 'x'.repeat(301)]) {
      const refused = await type(['run', 'end', '--run', 'spring', '--reason', reason, ...flags]);
      expect([refused.code, refused.envelope.error!.code]).to.deep.equal([4, 'invalid-argument']);
    }
    const ended = await type(['run', 'end', '--run', 'spring', '--reason', 'the wrong plan', ...flags]);
    expect(ended.envelope.data).to.deep.equal({ run: 'spring', reason: 'the wrong plan', over: true });
    expect((await type(['run', 'watch', '--run', 'spring', ...flags])).code).to.equal(1);
    const { envelope } = await type(['status', ...flags]);
    const [spring] = envelope.data!.runs as { state: string; reason: string }[];
    expect(spring).to.include({ state: 'aborted', reason: 'the wrong plan' });
    const again = await type(['run', 'end', '--run', 'spring', ...flags.filter((flag) => flag !== '--json')]);
    expect([again.code, again.stdout[0]]).to.deep.equal([0, 'Run spring is over.']);
    expect((await type(['status', ...flags])).envelope.data!.runs).to.deep.equal(envelope.data!.runs);
  });

  it('run pause lets it go no further, says whether it is paused already, and run resume goes on', async () => {
    const run = 'looked-at';
    const { planHash } = await consortium.propose({ run });
    const pause = ['run', 'pause', '--run', run, ...flags];
    const early = await type(pause);
    expect([early.code, early.envelope.error!.code]).to.deep.equal([1, 'protocol']);
    await type(['run', 'start', '--plan', Buffer.from(planHash).toString('hex'), '--run', run, ...flags]);
    const shown = async () => {
      const { envelope } = await type(['status', ...flags]);
      const { state, reason, possible } = envelope.data!.current as Readonly<Record<string, unknown>>;
      return { state, reason, possible };
    };
    const commands = (...verbs: readonly string[]) => verbs.map((verb) => `coordinator run ${verb} --run ${run}`);
    const refused = await type([...pause, '--reason', 'two\nlines']);
    expect([refused.code, refused.envelope.error!.code]).to.deep.equal([4, 'invalid-argument']);
    const reason = 'the model is looked at';
    for (const _ of ['once', 'again']) {
      const paused = await type([...pause, '--reason', reason]);
      expect(paused.envelope.data).to.deep.equal({ run, reason, paused: true });
      expect(await shown()).to.deep.equal({ state: 'paused', reason, possible: commands('resume', 'end') });
    }
    expect((await type(['run', 'resume', '--run', run, ...flags])).code).to.equal(0);
    expect(await shown()).to.deep.equal({ state: 'running', reason: '', possible: commands('pause', 'end') });
    await type(['run', 'end', '--run', run, ...flags]);
    await type(['run', 'watch', '--run', run, ...flags]);
    expect((await shown()).possible).to.deep.equal([]);
    const late = await type(pause);
    expect([late.code, late.envelope.error!.code]).to.deep.equal([1, 'protocol']);
  });

  it('status says who is awaited, until when, what happens then, and what the operator may do', async () => {
    const run = 'awaiting';
    const { planHash } = await consortium.propose({ run, deadlines: { selectMillis: 5_000, readyMillis: 600_000 } });
    await type(['run', 'start', '--plan', Buffer.from(planHash).toString('hex'), '--run', run, ...flags]);
    const { envelope } = await type(['status', ...flags]);
    const { standing } = envelope.data!.current as { standing: RunStanding };
    const { waiting, ...at } = standing;
    expect(at).to.deep.equal({ round: 1, phase: 'select' });
    expect(waiting!.awaited).to.deep.equal(['acme']);
    expect(waiting!.remainingMillis).to.be.within(1, 600_000);
    expect(waiting!.then).to.equal('the round is abandoned with 0 of at least 4 and tried again (1 of 3)');
    const prose = (await type(['status', ...flags.filter((flag) => flag !== '--json')])).stdout.join('\n');
    expect(prose).to.match(/^ {2}round 1, select: waiting for 1 of \d+ \(acme\), \d+ s; then the round is abandoned/m);
    expect(prose).to.contain(
      `  you may: concordat coordinator run pause --run ${run}; concordat coordinator run end --run ${run}`,
    );
    await type(['run', 'end', '--run', run, ...flags]);
    await type(['run', 'watch', '--run', run, ...flags]);
  });

  it('status says that a run is paused and why; run resume goes on with it, and with no other', async () => {
    const draft = {
      run: 'pausing',
      onShortfall: { action: 'pause' },
      deadlines: { selectMillis: 1, readyMillis: 1 },
    } as const;
    const { planHash } = await consortium.propose(draft);
    await type(['run', 'start', '--plan', Buffer.from(planHash).toString('hex'), '--run', 'pausing', ...flags]);
    /** Until it is paused for this many times. */
    const paused = async (times: number) => {
      const stop = new AbortController();
      let seen = 0;
      await type(['run', 'watch', '--run', 'pausing', ...flags], {
        signal: stop.signal,
        onLine(line) {
          if (JSON.parse(line).type === 'paused') seen += 1;
          if (seen === times) stop.abort();
        },
      });
    };
    await paused(1);
    const { envelope } = await type(['status', ...flags]);
    const runs = envelope.data!.runs as { run: string; state: string; reason: string }[];
    const reason = '0 participants checked in, 4 are needed';
    for (const shown of [envelope.data!.current, runs.find(({ run }) => run === 'pausing')]) {
      expect(shown).to.include({ run: 'pausing', state: 'paused', reason });
    }
    const prose = await type(['status', ...flags.filter((flag) => flag !== '--json')]);
    expect(prose.stdout.join('\n')).to.contain(`run pausing: paused, model version 0: ${reason}`);
    expect((await type(['run', 'resume', '--run', 'pausing', ...flags])).code).to.equal(0);
    await paused(2);
    await type(['run', 'end', '--run', 'pausing', '--reason', 'nobody comes', ...flags]);
    await type(['run', 'watch', '--run', 'pausing', ...flags]);
    const over = (await type(['status', ...flags])).envelope.data!.runs as typeof runs;
    expect(over.find(({ run }) => run === 'pausing')).to.include({
      state: 'aborted',
      reason: `nobody comes: ${reason}`,
    });
    const again = await type(['run', 'resume', '--run', 'pausing', ...flags]);
    expect([again.code, again.envelope.error!.code]).to.deep.equal([1, 'protocol']);
  });

  it('plan show says the same of a proposed plan, and what its groups mean', async () => {
    const { model, plan } = writeModelAndPlan(consortium.directory);
    const draft = JSON.parse(readFileSync(plan, 'utf8'));
    writeFileSync(plan, JSON.stringify({ ...draft, run: 'many', cohort: { min: 4, size: 20, max: 8 } }));
    const proposed = await type(['plan', 'propose', plan, '--model', model, ...flags]);
    const { planHash, groups } = proposed.envelope.data as { planHash: string; groups: string[] };
    expect(groups[0]).to.match(/^20 participants make 3 groups of 6 to 7; /);
    const shown = await type(['plan', 'show', '--plan', planHash, ...flags]);
    expect(shown.envelope.data).to.deep.equal({ operator: 'operator', ...proposed.envelope.data });
    const prose = await type(['plan', 'show', '--plan', planHash, ...flags.filter((flag) => flag !== '--json')]);
    expect(prose.stdout[0]).to.contain(`Plan ${planHash} for run many, proposed by operator: recognize digits`);
    expect(prose.stdout.join('\n')).to.contain('Tolerates: in each group, of 8: ').and.contain(groups.join('\n'));
  });

  it('plan show says of a plan that nobody proposed how to propose one', async () => {
    const { code, envelope } = await type(['plan', 'show', '--plan', 'ab'.repeat(32), ...flags]);
    expect([code, envelope.error!.code]).to.deep.equal([4, 'invalid-argument']);
    expect(envelope.error!.fix).to.contain('plan propose');
  });

  it('plan propose says what three organizations mean, and refuses thresholds that cannot hold', async () => {
    const { model, plan } = writeModelAndPlan(consortium.directory);
    const draft = JSON.parse(readFileSync(plan, 'utf8'));
    writeFileSync(
      plan,
      JSON.stringify({ ...draft, run: 'three', cohort: { min: 3, size: 3, max: 3 }, maxColluders: 1 }),
    );
    const three = await type(['plan', 'propose', plan, '--model', model, ...flags]);
    expect(three.envelope.data!.tolerance).to.contain('3 organizations: all must answer');
    writeFileSync(plan, JSON.stringify({ ...draft, minSurvivors: 5 }));
    const refused = await type(['plan', 'propose', plan, '--model', model, ...flags]);
    expect([refused.code, refused.envelope.error!.code]).to.deep.equal([1, 'refused']);
  });
});

function writeModelAndPlan(home: string): { readonly model: string; readonly plan: string } {
  const model = join(home, 'model');
  mkdirSync(model, { recursive: true });
  const weights = Float32Array.of(1, 2, 3, 4, 5, 6);
  const entries = [
    { name: 'dense/kernel', shape: [2, 2], dtype: 'float32' },
    { name: 'dense/bias', shape: [2], dtype: 'float32' },
  ];
  const document = {
    format: 'layers-model',
    modelTopology: { class_name: 'Sequential', config: { name: 'small', layers: [] } },
    weightsManifest: [{ paths: ['weights.bin'], weights: entries }],
  };
  writeFileSync(join(model, 'model.json'), JSON.stringify(document));
  writeFileSync(join(model, 'weights.bin'), new Uint8Array(weights.buffer));
  const plan = join(home, 'plan.json');
  const draft = {
    run: 'spring',
    purpose: 'recognize digits',
    task: {
      loss: 'categoricalCrossentropy',
      optimizer: { name: 'sgd', learningRate: 0.1 },
      batchSize: 32,
      epochs: 1,
      dataSchemaDigest: 'A'.repeat(43),
    },
    rounds: 1,
    cohort: { min: 4, size: 5, max: 5 },
    maxColluders: 1,
    expires: '2099-01-01T00:00:00Z',
    clippingNorm: 1,
  };
  writeFileSync(plan, JSON.stringify(draft));
  return { model, plan };
}
