import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ClientEvent,
  FederatedClient,
  parsePolicy,
  recover,
  registerParticipantCommands,
  type Trainer,
} from '@concordat/client-sdk';
import type { RoundReport } from '@concordat/coordinator';
import {
  bounds,
  encodeSafetensors,
  FederatedError,
  type PlanDraft,
  type Signer,
  signBody,
  toBase64url,
  toHex,
} from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { assignmentToWire, sessionCodec, type wire } from '@concordat/proto';
import { expect } from 'chai';
import { TestConsortium } from '../coordinator/consortium.js';
import { typed } from '../support/typed.js';
import { enrolHere, invitationOf, TestAdmission } from './enrolled.js';
import {
  failureOf,
  type Handlers,
  TestConsortium as ScriptedConsortium,
  signerOf,
  virtualClock,
  wallMillis,
} from './transport/test-coordinator.js';

const names = ['acme', 'bluebird', 'cobalt', 'delta'];
const policy = parsePolicy(`
schema: concordat/policy/1
proposers: [operator]
purposes: [test]
cohort: {min: 4}
differentialPrivacy: optional
approval: automatic
`);

const stepping: Trainer = {
  describe: () => ({ engine: 'stepping 1', kernels: 'none', why: 'a test' }),
  fit: async ({ weights }) => ({
    weights: weights.map(({ values, ...tensor }) => ({ ...tensor, values: values.map((value) => value + 0.25) })),
    examples: 10,
  }),
  evaluate: async () => ({ metrics: {}, examples: 1 }),
  close: async () => undefined,
};

interface Seat {
  readonly client: FederatedClient;
  readonly events: ClientEvent[];
  readonly connected: Promise<void>;
  /** How it ended: a run's end or the error. */
  readonly ended: Promise<unknown>;
}

describe('a participant whose state is older than what it did', function () {
  this.timeout(30_000);
  let consortium: TestConsortium;
  let directory: string;
  let seats: Seat[] = [];
  const at = (place: string, ...path: string[]) => join(directory, place, ...path);
  const copy = (from: string, to: string) =>
    cpSync(at(from), at(to), { recursive: true, filter: (path) => !path.endsWith('lock') });

  before(async () => {
    consortium = await TestConsortium.open();
    directory = mkdtempSync(join(tmpdir(), 'concordat-recover-'));
    for (const name of names) {
      await consortium.enrol(name, at(name));
    }
    copy('acme', 'never-started');
    await (await open('acme')).close();
    copy('acme', 'started-once');
    for (const name of names) await sit(name);
    await run('first', -1);
    await rise();
  });
  afterEach(() => rise());
  after(async () => {
    await consortium.close();
    rmSync(directory, { recursive: true });
  });

  const open = (place: string, onEvent: (event: ClientEvent) => void = () => undefined) =>
    FederatedClient.open({ directory: at(place), trainer: stepping, policy, onEvent });

  async function sit(place: string): Promise<Seat> {
    const events: ClientEvent[] = [];
    let welcome = (): void => undefined;
    const connected = new Promise<void>((resolve) => {
      welcome = resolve;
    });
    const client = await open(place, (event) => {
      events.push(event);
      if (event.type === 'connected') welcome();
    });
    const seat = { client, events, connected, ended: client.run({ once: true }).catch((error: unknown) => error) };
    seats.push(seat);
    return seat;
  }

  async function rise(): Promise<void> {
    await Promise.all(seats.map(({ client }) => client.close()));
    seats = [];
  }

  /** One round from a model filled with `value`. */
  async function run(runId: string, value: number, change: Partial<PlanDraft> = {}): Promise<RoundReport[]> {
    const { task } = await consortium.plan();
    const tensors = task.model.tensors.map(({ name, shape }) => {
      const values = new Float32Array(shape.reduce((size, dimension) => size * dimension, 1)).fill(value);
      return { name, shape, values };
    });
    const weightsDigest = toBase64url(await consortium.operator.put(encodeSafetensors(tensors)));
    const draft: Partial<PlanDraft> = {
      run: runId,
      rounds: 1,
      clippingNorm: 100,
      onShortfall: { action: 'abort' },
      ...change,
    };
    const { planHash } = await consortium.propose({
      ...draft,
      task: { ...task, model: { ...task.model, weightsDigest } },
    });
    await consortium.operator.startRun(planHash, runId);
    const rounds: RoundReport[] = [];
    await consortium.operator.watch(runId, 1, ({ event }) => event.type === 'round' && rounds.push(event));
    return rounds;
  }

  async function lost(place: string): Promise<{ rule: unknown; message: string; fix: string }> {
    const { ended, events } = await sit(place);
    const error = (await ended) as FederatedError;
    expect(error).to.be.instanceOf(FederatedError).with.property('code', 'state-lost');
    expect(events.map(({ type }) => type)).to.deep.equal(['engine']);
    const { detail, message, fix } = error;
    return { rule: detail.rule, message, fix };
  }

  it('is refused before it takes part in anything: a start that the coordinator has seen from another copy', async () => {
    const { rule, message, fix } = await lost('never-started');
    expect([rule, message]).to.deep.equal([
      'state.fenced',
      'the coordinator has seen a start of acme that this directory does not know of (this is start 1, the next is 3): another copy of it was used, or this one is older',
    ]);
    expect(fix).to.include(`concordat participant recover --directory ${at('never-started')}`);
    const egress = readFileSync(at('never-started', 'egress.jsonl'), 'utf8').trim().split('\n');
    expect(egress.map((line) => JSON.parse(line).kind)).to.deep.equal(['opened', 'refusal']);
  });

  it('is refused by what receipts prove when its number of starts would do', async () => {
    copy('started-once', 'counted-up');
    for (let start = 2; start <= 4; start++) await (await open('counted-up')).close();
    const { rule, message } = await lost('counted-up');
    expect(rule).to.equal('state.receipts');
    expect(message).to.equal(
      "the coordinator's receipts prove that acme answered step advertise of round 1 of run first; the journal here holds no round of that run: it is older than what was done",
    );
  });

  it('is told the maximum of what receipts prove, and made to hold it', async () => {
    const found = await recover({ directory: at('counted-up') });
    expect(found.reason?.detail.rule).to.equal('state.receipts');
    expect(found.rounds).to.deep.equal([{ runId: 'first', round: 1 }]);
    expect(found.bases.map(({ runId }) => runId)).to.deep.equal(['first']);
    expect(found.receipts).to.be.within(6, 8);
    expect(found.clientEpoch).to.be.at.least(5);
    expect(existsSync(at('counted-up', 'journal.log.lost'))).to.equal(true);
  });

  it('that recovered asks before it accepts members its roster did not name: it may have approved another one', async () => {
    const seat = await sit('counted-up');
    for (const name of names.slice(1)) await sit(name);
    await seat.connected;
    const deadlines = { selectMillis: 50, readyMillis: 200, stepMillis: 100, graceMillis: 50 };
    await run('more-members', -3, { deadlines });
    const refused = seat.events.flatMap((event) => (event.type === 'refused' ? [event.error.detail.rule] : []));
    expect(refused).to.deep.equal(['roster.additions']);
    cpSync(at('acme', 'roster.json'), at('counted-up', 'roster.json'));
  });

  it('takes part again after that, but never in a sum on a base model that receipts name', async () => {
    const seat = await sit('counted-up');
    for (const name of names.slice(1)) await sit(name);
    await seat.connected;
    expect((await run('same-base', -1)).map(({ outcome }) => outcome)).to.not.include('published');
    const refused = seat.events.flatMap((event) => (event.type === 'refused' ? [event.error.detail.rule] : []));
    expect(refused).to.deep.equal(['base.signed']);
    await rise();
    const again = await sit('counted-up');
    for (const name of names.slice(1)) await sit(name);
    const [round] = await run('other-base', -2);
    expect([round!.outcome, round!.survivors.includes('acme')]).to.deep.equal(['published', true]);
    expect(again.events.some(({ type }) => type === 'contributed')).to.equal(true);
  });

  it('that holds everything is left as it is', async () => {
    const files = () => ['journal.log', 'client-epoch'].map((name) => readFileSync(at('counted-up', name), 'hex'));
    const before = files();
    const found = await recover({ directory: at('counted-up') });
    expect([found.reason, found.destroyed]).to.deep.equal([undefined, { roots: 0, vectors: 0 }]);
    expect(files()).to.deep.equal(before);
  });

  it('is recovered by a command that prints one envelope', async () => {
    const type = async (...args: string[]) => {
      const said = await typed(registerParticipantCommands, ['participant', 'recover', '--directory', ...args]);
      expect(said.exitCode).to.equal(0);
      return said.stdout;
    };
    const { data } = JSON.parse(await type(at('never-started'), '--json'));
    expect([data.participant, data.recovered, data.rule]).to.deep.equal(['acme', true, 'state.receipts']);
    expect(data.runs).to.deep.include({ run: 'first', lastRound: 1 });
    expect(data.barredBaseModels).to.have.length(2);
    expect(await type(at('never-started'))).to.match(/^Nothing is lost: .* Nothing was changed\.\n$/);
  });

  for (const damage of ['is missing', 'was cut', 'has a flipped bit'] as const) {
    it(`is refused at its opening and recovered when the journal ${damage}`, async () => {
      const place = `journal ${damage}`;
      copy('counted-up', place);
      const journal = at(place, 'journal.log');
      const bytes = readFileSync(journal);
      if (damage === 'is missing') unlinkSync(journal);
      else if (damage === 'was cut') writeFileSync(journal, bytes.subarray(0, 0));
      else
        writeFileSync(
          journal,
          bytes.map((byte, index) => (index === 12 ? byte ^ 1 : byte)),
        );
      writeFileSync(at(place, 'sessions', 'first.1.sealed'), 'a secret of a session that was open');
      writeFileSync(at(place, 'spool', 'first.1.masked'), 'a vector');
      const { code, rule } = await failureOf(open(place));
      expect([code, rule]).to.deep.equal(['state-lost', 'state.journal']);
      const { rounds, destroyed } = await recover({ directory: at(place) });
      expect(rounds).to.deep.include.members([
        { runId: 'first', round: 1 },
        { runId: 'other-base', round: 1 },
      ]);
      expect(destroyed).to.deep.equal({ roots: 1, vectors: 1 });
      expect([...readdirSync(at(place, 'sessions')), ...readdirSync(at(place, 'spool'))]).to.deep.equal([]);
      const seat = await sit(place);
      await seat.connected;
    });
  }

  it('is fenced by a copy that starts later, which serves; the older one learns why and ends', async () => {
    const older = await sit('bluebird');
    await older.connected;
    copy('bluebird', 'bluebird-copy');
    const newer = await sit('bluebird-copy');
    await newer.connected;
    const error = (await older.ended) as FederatedError;
    expect([error.code, error.detail.rule]).to.deep.equal(['conflict', 'client.epoch']);
    const { participants } = await consortium.operator.status();
    expect(participants.find(({ participant }) => participant === 'bluebird')!.connected).to.equal(true);
  });

  it('is not recovered while a client uses its directory', async () => {
    await sit('cobalt');
    const { code, rule } = await failureOf(recover({ directory: at('cobalt') }));
    expect([code, rule]).to.deep.equal(['conflict', 'directory.held']);
  });
});

describe('a participant whose coordinator lies about receipts', () => {
  let consortium: ScriptedConsortium;
  let directory: string;
  let running: { address: string; stop(): Promise<void> } | undefined;
  const base = new Uint8Array(32).fill(7);

  before(async () => {
    consortium = await ScriptedConsortium.make();
  });
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-lies-'));
  });
  afterEach(async () => {
    await running?.stop();
    running = undefined;
    rmSync(directory, { recursive: true });
  });

  async function enrolled(handlers: Handlers): Promise<void> {
    const admission = new TestAdmission(consortium);
    running = await consortium.serve({ Membership: admission.handlers, ...handlers });
    await enrolHere(directory, invitationOf(consortium, running.address));
  }

  function shown(step: string, round = 1, change: { participantId?: string; runId?: string; signer?: Signer } = {}) {
    const { participantId = 'acme', runId = 'spring', signer = consortium.coordinator } = change;
    const contentDigest = step === 'ready' ? nodeCrypto.sha256(base) : new Uint8Array(32);
    const body = sessionCodec.receipt.encode({ runId, round, step, participantId, contentDigest });
    const receipt = signBody(nodeCrypto, signer, 'CSA1/receipt', body);
    return { receipt, ...(step === 'ready' ? { baseModelHash: base } : {}) };
  }

  const lies = [
    'a forged one',
    "another participant's",
    'one of ready without its base model',
    'one of ready with another base model',
  ] as const;
  const lieOf = (name: (typeof lies)[number]) => {
    switch (name) {
      case 'a forged one':
        return shown('advertise', 1, { signer: signerOf(9) });
      case "another participant's":
        return shown('advertise', 1, { participantId: 'beta' });
      case 'one of ready without its base model':
        return { receipt: shown('ready').receipt };
      default:
        return { ...shown('ready'), baseModelHash: new Uint8Array(32) };
    }
  };

  for (const name of lies) {
    it(`is fooled neither in a welcome nor in a recovery by ${name}`, async () => {
      const lie = lieOf(name);
      await enrolled({
        Rounds: {
          CheckIn(call) {
            const message = { type: 'welcome', wireVersion: 1, software: 'x', consortium: 'north' } as const;
            call.write(assignmentToWire({ sequence: 0, runId: '', message: { ...message, receipts: [lie] } }));
          },
          Receipts: (_call, reply) => reply(null, { receipts: [lie], more: false, clientEpoch: 9 }),
        },
      });
      const client = await FederatedClient.open({
        directory,
        trainer: stepping,
        policy,
        wallMillis: () => wallMillis,
      });
      const welcomed = await failureOf(client.run());
      await client.close();
      expect([welcomed.code, welcomed.rule]).to.deep.equal(['verification', 'receipt']);
      const before = readFileSync(join(directory, 'journal.log'), 'hex');
      const { code, rule } = await failureOf(recover({ directory, wallMillis: () => wallMillis }));
      expect([code, rule]).to.deep.equal(['verification', 'receipt']);
      expect(readFileSync(join(directory, 'journal.log'), 'hex')).to.equal(before);
    });
  }

  const recovering = async (pages: (request: wire.ReceiptsRequest__Output) => wire.ReceiptsReply) => {
    const asked: string[] = [];
    await enrolled({
      Rounds: {
        Receipts(call, reply) {
          const { runId, round, step } = call.request;
          asked.push(`${runId} ${round} ${step}`);
          reply(null, pages(call.request));
        },
      },
    });
    const recovered = recover({ directory, wallMillis: () => wallMillis, clock: virtualClock() });
    return { recovered, asked };
  };

  it('reads pages to the end, each after the last receipt of the one before', async () => {
    const { recovered, asked } = await recovering(({ round }) => ({
      receipts: round === 3 ? [] : [shown('advertise', round + 1), shown('ready', round + 1)],
      more: round < 3,
      clientEpoch: 9,
    }));
    const { rounds, bases, clientEpoch, reason } = await recovered;
    expect(asked).to.deep.equal([' 0 ', 'spring 1 ready', 'spring 2 ready', 'spring 3 ready']);
    expect([rounds, bases.map(({ baseModelHash }) => toHex(baseModelHash)), clientEpoch]).to.deep.equal([
      [{ runId: 'spring', round: 3 }],
      [toHex(base)],
      9,
    ]);
    expect(reason?.detail.rule).to.equal('state.receipts');
    expect(JSON.parse(readFileSync(join(directory, 'client-epoch'), 'utf8')).epoch).to.equal(9);
  });

  it('is not kept busy by pages that do not end, go back, or repeat', async () => {
    const endless = [
      () => ({ receipts: [], more: true, clientEpoch: 9 }),
      () => ({ receipts: [shown('advertise'), shown('ready')], more: true, clientEpoch: 9 }),
      () => ({ receipts: [shown('ready', 2), shown('ready', 1)], more: false, clientEpoch: 9 }),
      () => ({ receipts: [shown('ready'), shown('advertise')], more: false, clientEpoch: 9 }),
      () => ({ receipts: [shown('ready')], more: false, clientEpoch: bounds.clientEpochMax + 1 }),
    ];
    for (const page of endless) {
      const { recovered, asked } = await recovering(page);
      expect((await failureOf(recovered)).code).to.equal('malformed');
      expect(asked.length).to.be.below(3);
      expect(existsSync(join(directory, 'journal.log'))).to.equal(false);
      await running!.stop();
      rmSync(directory, { recursive: true });
      directory = mkdtempSync(join(tmpdir(), 'concordat-lies-'));
    }
  });

  it('does not recover a session whose base model nothing names', async () => {
    const { recovered } = await recovering(() => ({ receipts: [shown('advertise')], more: false, clientEpoch: 9 }));
    const { code, rule } = await failureOf(recovered);
    expect([code, rule]).to.deep.equal(['verification', 'receipt']);
  });

  it('says so when no coordinator answers, and changes nothing', async () => {
    await enrolled({});
    await running!.stop();
    const failed = await failureOf(recover({ directory, wallMillis: () => wallMillis, clock: virtualClock() }));
    expect(failed.code).to.equal('unavailable');
    expect(failed.error.message).to.include(`no coordinator answers at ${running!.address}`);
    running = undefined;
    expect([existsSync(join(directory, 'journal.log')), existsSync(join(directory, 'lock'))]).to.deep.equal([
      false,
      false,
    ]);
  });
});
