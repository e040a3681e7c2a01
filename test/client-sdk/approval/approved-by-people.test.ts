import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ClientEvent,
  FederatedClient,
  readEgress,
  readPolicy,
  runParticipantCommand,
  type Trainer,
  withdrawPlan,
} from '@concordat/client-sdk';
import type { RoundReport } from '@concordat/coordinator';
import { encodeSafetensors, type PlanDraft, toBase64url, toHex } from '@concordat/core';
import { expect } from 'chai';
import { TestConsortium } from '../../coordinator/consortium.js';
import { automaticPolicy, stepping } from '../../support/stepping.js';

const names = ['acme', 'bluebird', 'cobalt', 'delta', 'echo'];
const people = ['dpo', 'data-owner'] as const;
/** All five are waited for; four are enough. */
const terms: Partial<PlanDraft> = {
  cohort: { min: 4, size: 5, max: 5 },
  deadlines: { selectMillis: 40_000, readyMillis: 40_000, stepMillis: 10_000, graceMillis: 40_000 },
  rounds: 1,
  clippingNorm: 100,
};
const hour = 3_600_000;

describe('a plan that two people of one organization have to approve', function () {
  this.timeout(60_000);
  let consortium: TestConsortium;
  let home: string;
  const clients: FederatedClient[] = [];
  const at = (name: string) => join(home, name);
  const keys = new Map<string, string>();

  before(async () => {
    consortium = await TestConsortium.open();
    home = mkdtempSync(join(tmpdir(), 'concordat-people-'));
    for (const name of names) {
      await consortium.enrol(name, at(name));
    }
    writeFileSync(at('passphrase'), 'correct horse battery staple\n', { mode: 0o600 });
    for (const role of people) {
      const { publicKey } = await said(
        'approver',
        'init',
        '--file',
        at(`${role}.key`),
        '--passphrase-file',
        at('passphrase'),
      );
      keys.set(role, String(publicKey));
    }
    writeFileSync(
      join(at('acme'), 'policy.yaml'),
      `schema: concordat/policy/1
proposers: [operator]
purposes: [test]
cohort: {min: 4}
differentialPrivacy: optional
approval: manual
approvers:
${people.map((role) => `  ${role}: [${keys.get(role)!}]`).join('\n')}
metrics: [accuracy]
`,
    );
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });
  after(async () => {
    await consortium.close();
    rmSync(home, { recursive: true });
  });

  async function typed(...args: string[]) {
    let stdout = '';
    let stderr = '';
    const exitCode = await runParticipantCommand(args, {
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text) },
      environment: {},
      signal: new AbortController().signal,
    });
    return { exitCode, stdout, stderr };
  }

  /** What a command answers with; it has to succeed. */
  async function said(...args: string[]): Promise<Record<string, unknown>> {
    const { stdout, stderr } = await typed(...args, '--json');
    const { status, data, error } = JSON.parse(stdout) as {
      status: string;
      data: Record<string, unknown>;
      error: unknown;
    };
    expect(status, `${args.join(' ')}: ${JSON.stringify(error)} ${stderr}`).to.equal('ok');
    return data;
  }

  const exportTo = (planHash: Uint8Array) =>
    said('plan', 'export', '--plan', toHex(planHash), '--out', at('plan.json'), '--directory', at('acme'));

  async function signAs(role: string, ...more: string[]): Promise<string> {
    const key = ['--key', at(`${role}.key`), '--passphrase-file', at('passphrase'), '--role', role];
    return String((await said('approver', 'sign', at('plan.json'), ...key, '--yes', ...more)).out);
  }

  const approve = (...files: string[]) => said('plan', 'approve', '--directory', at('acme'), '--signature', ...files);

  async function approveAll(planHash: Uint8Array, ...more: string[]): Promise<void> {
    await exportTo(planHash);
    await approve(...(await Promise.all(people.map((role) => signAs(role, ...more)))));
  }

  interface Seating {
    readonly trainer?: Trainer;
    readonly wallMillis?: () => number;
    readonly onEvent?: (event: ClientEvent) => void;
  }

  async function sit(name: string, { trainer = stepping(0.25), wallMillis = Date.now, onEvent }: Seating = {}) {
    const events: ClientEvent[] = [];
    const policy = name === 'acme' ? await readPolicy(join(at('acme'), 'policy.yaml')) : automaticPolicy;
    const client = await FederatedClient.open({
      directory: at(name),
      trainer,
      policy: policy!,
      wallMillis,
      onEvent: (event) => {
        events.push(event);
        onEvent?.(event);
      },
    });
    clients.push(client);
    const ended = client.run({ once: true }).catch((error: unknown) => error);
    return { client, events, ended };
  }

  const others = () => Promise.all(names.slice(1).map((name) => sit(name)));

  let begun = 0;
  async function propose(run: string, change: Partial<PlanDraft> = {}): Promise<Uint8Array> {
    const { task } = await consortium.plan();
    begun += 1;
    const tensors = task.model.tensors.map(({ name, shape }) => {
      const values = new Float32Array(shape.reduce((size, dimension) => size * dimension, 1)).fill(begun);
      return { name, shape, values };
    });
    const weightsDigest = toBase64url(await consortium.operator.put(encodeSafetensors(tensors)));
    const draft = { run, ...terms, ...change, task: { ...task, model: { ...task.model, weightsDigest } } };
    return (await consortium.propose(draft)).planHash;
  }

  async function roundsOf(run: string): Promise<RoundReport[]> {
    const rounds: RoundReport[] = [];
    await consortium.operator.watch(run, 1, ({ event }) => event.type === 'round' && rounds.push(event));
    return rounds;
  }

  const refusalsOf = (events: readonly ClientEvent[]) =>
    events.flatMap((event) => (event.type === 'refused' ? [String(event.error.detail.rule)] : []));

  it('is held until both have signed, one after the other, and then this organization is in the sum', async () => {
    const planHash = await propose('held');
    const awaited: (readonly string[])[] = [];
    let told: () => void = () => undefined;
    const next = () => new Promise<void>((resolve) => (told = resolve));
    const first = next();
    const onEvent = (event: ClientEvent): void => {
      if (event.type !== 'awaiting-approval') return;
      expect(event.planHash).to.equal(toHex(planHash));
      awaited.push(event.awaited);
      told();
    };
    const acme = await sit('acme', { onEvent });
    const rest = await others();
    await consortium.operator.startRun(planHash, 'held');
    await first;
    await exportTo(planHash);
    const [dpo, owner] = await Promise.all(people.map((role) => signAs(role)));
    const second = next();
    await approve(dpo!);
    await second;
    await approve(owner!);
    expect((await roundsOf('held')).map(({ survivors }) => survivors)).to.deep.equal([names]);
    expect(awaited).to.deep.equal([
      ['dpo: has not approved', 'data-owner: has not approved'],
      ['data-owner: has not approved'],
    ]);
    await Promise.all([acme, ...rest].map(({ ended }) => ended));
    expect(refusalsOf(acme.events)).to.deep.equal([]);
  });

  it('is compared with the one that was approved before, and says who is awaited', async () => {
    const planHash = await propose('compared', { rounds: 3 });
    const show = ['plan', 'show', '--directory', at('acme'), '--plan', toHex(planHash)];
    const { stdout } = await typed(...show, '--against', 'last');
    expect(stdout).to.include('  run: "held" → "compared"\n').and.to.include('  rounds: 1 → 3\n');
    expect(stdout).to.include('Your policy allows it').and.to.include('  dpo: has not approved');
    const { changes, approvals } = await said(...show, '--against', toHex(planHash));
    expect(changes).to.deep.equal([`It does not differ from plan ${toHex(planHash)}.`]);
    expect(approvals).to.deep.equal(people.map((role) => ({ role, state: 'missing' })));
    expect((await exportTo(planHash)).lines).to.include('  run: "held" → "compared"');
  });

  it('says who refused it where the plan makes that visible: the rule, and never a sentence', async () => {
    const approval = { rule: 'all' } as const;
    for (const refusals of ['visible', 'hidden'] as const) {
      const run = `refused-${refusals}`;
      const planHash = await propose(run, { approval: { ...approval, refusals } });
      const refuser = names[1]!;
      const policy = { ...automaticPolicy, purposes: ['another purpose'] };
      const client = await FederatedClient.open({ directory: at(refuser), trainer: stepping(0.25), policy });
      clients.push(client);
      const ended = client.run({ once: true }).catch((error: unknown) => error);
      await consortium.operator.startRun(planHash, run);
      const ends: string[] = [];
      await consortium.operator.watch(run, 1, ({ event }) => event.type === 'finished' && ends.push(event.reason));
      const { stdout } = await typed('plan', 'show', '--directory', at('acme'), '--plan', toHex(planHash));
      const said = `Refused, as the coordinator says, by:\n  ${refuser}: purposes\n`;
      expect(stdout.includes(said), stdout).to.equal(refusals === 'visible');
      expect(ends.map((reason) => reason.includes(`${refuser}: purposes`))).to.deep.equal([refusals === 'visible']);
      await client.close();
      await ended;
    }
  });

  it('is approved from disk after a restart: nobody is asked again', async () => {
    const planHash = await propose('again');
    await approveAll(planHash);
    await consortium.operator.startRun(planHash, 'again');
    for (const _ of ['first', 'second']) {
      const approved = new Promise<void>((resolve) => {
        const onEvent = (event: ClientEvent): void => {
          if (event.type === 'plan' && event.decision === 'approved') resolve();
        };
        void sit('acme', { onEvent });
      });
      await approved;
      const [acme] = clients.splice(0);
      await acme!.close();
    }
    const acme = await sit('acme');
    await others();
    expect((await roundsOf('again'))[0]!.survivors).to.deep.equal(names);
    expect(acme.events.filter(({ type }) => type === 'awaiting-approval')).to.deep.equal([]);
  });

  it('is left at the next round when it is withdrawn in the middle of one, which is finished', async () => {
    const planHash = await propose('withdrawn', { rounds: 2 });
    await approveAll(planHash);
    const plain = stepping(0.25);
    const trainer: Trainer = {
      ...plain,
      fit: async (request) => {
        await withdrawPlan({ directory: at('acme'), planHash, reason: 'consent was withdrawn' });
        return plain.fit(request);
      },
    };
    const acme = await sit('acme', { trainer });
    await others();
    await consortium.operator.startRun(planHash, 'withdrawn');
    const rounds = await roundsOf('withdrawn');
    expect(rounds.map(({ survivors }) => survivors)).to.deep.equal([names, names.slice(1)]);
    expect(refusalsOf(acme.events)).to.include('approval.withdrawn');
    await Promise.all(clients.map((client) => client.close()));
    const later = (await readEgress(at('acme'))).entries.filter((one) => one.runId === 'withdrawn' && one.round === 2);
    expect(later.map(({ kind }) => kind).filter((kind) => kind !== 'refusal' && kind !== 'decline')).to.deep.equal([]);
  });

  it('is refused after all when it is withdrawn while others are waited for, which ends a run of all', async () => {
    const run = 'waited-for';
    const planHash = await propose(run, { approval: { rule: 'all' } });
    await approveAll(planHash);
    const acme = await sit('acme');
    await Promise.all(names.slice(1, -1).map((name) => sit(name)));
    await consortium.operator.startRun(planHash, run);
    const said: string[] = [];
    const rounds: RoundReport[] = [];
    await consortium.operator.watch(run, 1, ({ event }) => {
      if (event.type === 'round') rounds.push(event);
      if (event.type === 'finished') said.push(`${event.outcome} ${event.rule}`);
      if (event.type !== 'approved' && event.type !== 'declined') return;
      if (event.participant !== 'acme') return;
      said.push(`acme ${event.type === 'declined' ? event.rule : event.type}`);
      if (event.type === 'approved') {
        void typed('plan', 'withdraw', '--plan', toHex(planHash), '--directory', at('acme'));
      }
    });
    expect(said).to.deep.equal(['acme approved', 'acme approval.withdrawn', 'aborted approval.refused']);
    expect(rounds).to.deep.equal([]);
    expect(refusalsOf(acme.events)).to.deep.equal([]);
  });

  it('is chosen for no other round once it declined one, until its people approve again', async () => {
    const run = 'back-again';
    const planHash = await propose(run, { rounds: 4 });
    await approveAll(planHash);
    const plain = stepping(0.25);
    let times = 0;
    const trainer: Trainer = {
      ...plain,
      fit: async (request) => {
        times += 1;
        if (times === 1) await withdrawPlan({ directory: at('acme'), planHash, reason: 'consent was withdrawn' });
        return plain.fit(request);
      },
    };
    await sit('acme', { trainer });
    let comeBack: () => void = () => undefined;
    const back = new Promise<void>((resolve) => (comeBack = resolve));
    // The others' third round lasts until acme has approved again: it is chosen for the fourth.
    const patient = (): Trainer => {
      let fits = 0;
      return {
        ...plain,
        fit: async (request) => {
          fits += 1;
          if (fits === 3) await back;
          return plain.fit(request);
        },
      };
    };
    await Promise.all(names.slice(1).map((name) => sit(name, { trainer: patient() })));
    await consortium.operator.startRun(planHash, run);
    const rounds: RoundReport[] = [];
    let declined = 0;
    await consortium.operator.watch(run, 1, ({ event }) => {
      if (event.type === 'round') rounds.push(event);
      if (event.type === 'declined') declined += 1;
      if (event.type === 'phase' && event.phase === 'train' && event.round === 3) void approveAll(planHash);
      if (event.type === 'approved' && event.participant === 'acme' && declined > 0) comeBack();
    });
    expect(rounds.map(({ survivors }) => survivors)).to.deep.equal([names, names.slice(1), names.slice(1), names]);
    expect(rounds.map(({ cohort }) => cohort.includes('acme'))).to.deep.equal([true, true, false, true]);
    expect(declined).to.equal(1);
  });

  it('is left also where an update of an abandoned round would be ready without any training', async () => {
    const planHash = await propose('left-over');
    await approveAll(planHash);
    const plain = stepping(0.25);
    let trained = 0;
    const trainer: Trainer = {
      ...plain,
      fit: async (request) => {
        trained += 1;
        await withdrawPlan({ directory: at('acme'), planHash, reason: 'consent was withdrawn' });
        return plain.fit(request);
      },
    };
    let told: () => void = () => undefined;
    const ready = new Promise<void>((resolve) => (told = resolve));
    const acme = await sit('acme', { trainer, onEvent: ({ type }) => type === 'ready' && told() });
    const failing = (): Trainer => {
      let times = 0;
      return {
        ...plain,
        fit: async (request) => {
          await ready;
          times += 1;
          if (times === 1) throw new Error('not this time');
          return plain.fit(request);
        },
      };
    };
    await Promise.all(names.slice(1).map((name) => sit(name, { trainer: failing() })));
    await consortium.operator.startRun(planHash, 'left-over');
    const rounds = await roundsOf('left-over');
    expect(rounds.map(({ outcome }) => outcome)).to.deep.equal(['abandoned', 'published']);
    expect(rounds.at(-1)!.survivors).to.deep.equal(names.slice(1));
    expect([trained, refusalsOf(acme.events)]).to.deep.equal([1, ['approval.withdrawn']]);
  });

  it('is left at the next round when an approval runs out', async () => {
    const planHash = await propose('lapsed', { rounds: 2 });
    await approveAll(planHash, '--expires', new Date(Date.now() + hour).toISOString());
    let late = 0;
    const plain = stepping(0.25);
    const trainer: Trainer = {
      ...plain,
      fit: async (request) => {
        late = 2 * hour;
        return plain.fit(request);
      },
    };
    const acme = await sit('acme', { trainer, wallMillis: () => Date.now() + late });
    await others();
    await consortium.operator.startRun(planHash, 'lapsed');
    expect((await roundsOf('lapsed')).map(({ survivors }) => survivors)).to.deep.equal([names, names.slice(1)]);
    expect(refusalsOf(acme.events)).to.include('approval.expired');
  });

  it('is refused at once when it was withdrawn before it was offered, and the others go on', async () => {
    const planHash = await propose('left');
    await approveAll(planHash);
    const withdrawn = await typed('plan', 'withdraw', '--plan', toHex(planHash), '--directory', at('acme'));
    expect(withdrawn.stdout).to.include('is withdrawn as participant');
    const acme = await sit('acme');
    await others();
    await consortium.operator.startRun(planHash, 'left');
    expect((await roundsOf('left'))[0]!.survivors).to.deep.equal(names.slice(1));
    expect(refusalsOf(acme.events)).to.deep.equal(['approval.withdrawn']);
  });

  it('is not approved with the participant’s own key, which is none of theirs', async () => {
    const planHash = await propose('alone');
    const { exitCode, stdout } = await typed(
      'plan',
      'approve',
      '--plan',
      toHex(planHash),
      '--directory',
      at('acme'),
      '--json',
    );
    const { rule, required } = (JSON.parse(stdout) as { error: { detail: { rule: string; required: string } } }).error
      .detail;
    expect([exitCode, rule, required]).to.deep.equal([1, 'approval.key', 'dpo, data-owner']);
  });

  it('is approved with that key where the policy is manual and names nobody', async () => {
    const planHash = await propose('own');
    const policyFile = at('manual.yaml');
    writeFileSync(
      policyFile,
      'schema: concordat/policy/1\nproposers: [operator]\npurposes: [test]\ncohort: {min: 4}\ndifferentialPrivacy: optional\nmetrics: [accuracy]\n',
    );
    const args = ['--directory', at('bluebird'), '--policy', policyFile, '--plan', toHex(planHash)];
    const before = await said('plan', 'show', ...args);
    expect(before.approvals).to.deep.equal([{ role: 'participant', state: 'missing' }]);
    await said('plan', 'approve', ...args, '--expires', '2098-01-01');
    const after = (await said('plan', 'show', ...args)).approvals as readonly { state: string; until: number }[];
    expect(after.map(({ state, until }) => [state, new Date(until).getUTCFullYear()])).to.deep.equal([
      ['approved', 2098],
    ]);
  });
});
