import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import {
  type CoordinatorOptions,
  configurationOf,
  OperatorClient,
  type ProgressEvent,
  type RoundReport,
  readSettings,
} from '@concordat/coordinator';
import {
  type CryptoPort,
  decodeSafetensors,
  fromBase64url,
  fromHex,
  plainKernels,
  rotateBack,
  rotationSigns,
} from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { expect } from 'chai';
import { type Member, refusalOf, TestConsortium } from './consortium.js';
import { type Behaviour, MachineParticipant, seeded } from './machine-participant.js';

const names = ['acme', 'bluebird', 'cobalt', 'delta', 'echo'];
const quarter: Behaviour = { delta: (parameters) => new Float32Array(parameters).fill(0.004) };

/** Watch a run to its end over the wire. */
async function watchToEnd(
  consortium: TestConsortium,
  onEvent: (event: ProgressEvent) => void = () => undefined,
): Promise<ProgressEvent[]> {
  const events: ProgressEvent[] = [];
  await consortium.operator.watch('spring', 1, ({ sequence, event }) => {
    expect(sequence).to.equal(events.length + 1);
    events.push(event);
    onEvent(event);
  });
  return events;
}

function roundsOf(events: readonly ProgressEvent[]): RoundReport[] {
  return events.flatMap((event) => (event.type === 'round' ? [event] : []));
}

/**
 * node:crypto that remembers the very buffers in which a coordinator holds what a session rebuilt, and the keys it derives of them.
 *
 * @param spoils the first byte of its first keystream is wrong: a guard lane does not count the survivors.
 */
function watchedCrypto(spoils: boolean) {
  const secrets: Uint8Array[] = [];
  const maskKeys: Uint8Array[] = [];
  let isHonest = !spoils;
  const crypto: CryptoPort = {
    ...nodeCrypto,
    x25519PublicKey(secret) {
      secrets.push(secret);
      return nodeCrypto.x25519PublicKey(secret);
    },
    hkdf(...of) {
      const key = nodeCrypto.hkdf(...of);
      const [secret, , info] = of;
      const tag = Buffer.from(info).toString('latin1', 0, 9);
      if (tag === 'CSA1/self') secrets.push(secret);
      if (tag === 'CSA1/self' || tag === 'CSA1/mask') maskKeys.push(key);
      return key;
    },
    openKeystream(key, fromByte) {
      const stream = nodeCrypto.openKeystream(key, fromByte);
      let next = fromByte;
      return {
        next(length) {
          const bytes = stream.next(length);
          const at = next;
          next += length;
          if (isHonest || at !== 0 || length === 0) return bytes;
          isHonest = true;
          bytes[0]! ^= 1;
          return bytes;
        },
      };
    },
  };
  return { crypto, secrets, maskKeys };
}

describe('a run over real mutual TLS', function () {
  this.timeout(30_000);
  let consortium: TestConsortium;
  let members: Member[];
  let participants: MachineParticipant[];

  beforeEach(() => open());

  async function open(options: Partial<CoordinatorOptions> = {}): Promise<void> {
    participants = [];
    consortium = await TestConsortium.open(options);
    members = [];
    for (const name of names) members.push(await consortium.join(name));
  }

  afterEach(async () => {
    for (const participant of participants) participant.leave();
    await consortium.close();
  });

  async function send(count: number, behaviour: (index: number) => Behaviour = () => quarter): Promise<void> {
    participants = members.slice(0, count).map((member, index) => new MachineParticipant(member, behaviour(index)));
    for (const participant of participants) await participant.connect();
  }

  it('publishes the model plus the mean of the deltas, round after round', async () => {
    const evaluated: number[] = [];
    await consortium.restart({
      evaluator: {
        evaluate: async ({ modelVersion, weights }) => {
          evaluated.push(decodeSafetensors(weights)[0]!.values.length);
          return { accuracy: modelVersion / 10 };
        },
      },
    });
    for (const [index, member] of members.entries()) members[index] = await reconnected(consortium, member);
    const { planHash } = await consortium.propose();
    await send(4);
    await consortium.operator.startRun(planHash, 'spring');
    const events = await watchToEnd(consortium);
    const rounds = roundsOf(events);
    expect(rounds.map(({ outcome, modelVersion }) => [outcome, modelVersion])).to.deep.equal([
      ['published', 1],
      ['published', 2],
    ]);
    expect(rounds[0]!.survivors).to.deep.equal(names.slice(0, 4));
    expect(rounds[0]!.uploadBytes).to.be.greaterThan(4 * 120_000);
    const finished = events.at(-1)!;
    if (finished.type !== 'finished') throw new Error(`the last event is ${finished.type}`);
    expect(finished.outcome).to.equal('completed');
    const [kernel] = decodeSafetensors(await consortium.operator.get(fromHex(finished.modelHash))).filter(
      ({ name }) => name === 'dense/kernel',
    );
    for (const value of kernel!.values.subarray(0, 100)) expect(value).to.be.closeTo(0.508, 1e-3);
    expect(evaluated).to.have.length(2);
    const measured = events.flatMap((event) =>
      event.type === 'evaluated' ? [[event.modelVersion, event.metrics.accuracy]] : [],
    );
    expect(measured).to.deep.equal([
      [1, 0.1],
      [2, 0.2],
    ]);
    expect(readdirSync(join(consortium.directory, 'coordinator/store/spool'))).to.deep.equal([]);
  });

  it('rotates the mean back, and says how many rotated lanes were clipped', async () => {
    const { plan, planHash } = await consortium.propose({
      rounds: 1,
      rotation: 'hadamard',
      lanes: { bits: 16, quantBits: 8 },
      weighting: 'equal',
    });
    const baseModelHash = fromBase64url(plan.task.model.weightsDigest);
    // One of them sends what the rotation gathers in a single lane.
    const gathered: Behaviour = {
      delta: (parameters) => {
        const delta = new Float32Array(parameters);
        delta[7] = plan.clippingNorm;
        rotateBack(delta, rotationSigns(nodeCrypto, { planHash, baseModelHash }), plainKernels);
        return delta;
      },
    };
    await send(4, (index) => (index === 0 ? gathered : quarter));
    await consortium.operator.startRun(planHash, 'spring');
    const events = await watchToEnd(consortium);
    expect(roundsOf(events).map(({ outcome, excess }) => [outcome, excess])).to.deep.equal([['published', 1]]);
    const finished = events.at(-1)!;
    if (finished.type !== 'finished') throw new Error(`the last event is ${finished.type}`);
    const model = await consortium.operator.get(fromHex(finished.modelHash));
    const values = decodeSafetensors(model).flatMap(({ name, values }) => (name === 'dense/kernel' ? [...values] : []));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean).to.be.closeTo(0.503, 2e-4);
  });

  /** Five take part in the run `spring`; the last one dies within its first upload. */
  async function runWithoutEcho(planHash: Uint8Array): Promise<ProgressEvent[]> {
    await send(5, (index) =>
      index === 4 ? { ...quarter, stallInUploadOf: { round: 1, afterBytes: 49_152 } } : quarter,
    );
    await consortium.operator.startRun(planHash, 'spring');
    return watchToEnd(consortium, (event) => {
      if (event.type === 'upload' && event.participant === 'echo' && event.bytesReceived >= 49_152)
        participants[4]!.leave();
    });
  }

  it('completes without one that dies while uploading, and says how far it came', async () => {
    const { planHash } = await consortium.propose({ rounds: 1, cohort: { min: 4, size: 5, max: 5 } });
    const events = await runWithoutEcho(planHash);
    const [round] = roundsOf(events);
    expect(round!.outcome).to.equal('published');
    expect(round!.survivors).to.deep.equal(names.slice(0, 4));
    expect(round!.recovered).to.deep.equal(['echo']);
    const [lost] = round!.dropped;
    expect([lost!.participant, lost!.step]).to.deep.equal(['echo', 'upload']);
    expect(lost!.bytesReceived).to.equal(49_152);
    expect(lost!.bytesExpected).to.be.greaterThan(100_000);
  });

  for (const [title, spoils] of [
    ['once a sum is open', false],
    ['when a sum was of no use', true],
  ] as const) {
    it(`wipes the secrets that it rebuilt, and the keys of the masks that it took out, ${title}`, async () => {
      const { crypto, secrets, maskKeys } = watchedCrypto(spoils);
      await consortium.close();
      await open({ crypto });
      const { planHash } = await consortium.propose({
        rounds: 1,
        cohort: { min: 4, size: 5, max: 5 },
        onShortfall: { action: 'abort' },
        aggregateCheck: 'on',
        transcriptRetention: 2,
      });
      const events = await runWithoutEcho(planHash);
      const [round] = roundsOf(events);
      expect([round!.outcome, round!.phases.aggregate === undefined]).to.deep.equal([
        spoils ? 'abandoned' : 'published',
        false,
      ]);
      // b of four survivors and s of the fifth; four self masks, and what each shared with the fifth.
      expect([secrets.length, maskKeys.length]).to.deep.equal([5, 8]);
      for (const bytes of [...secrets, ...maskKeys]) expect([...new Set(bytes)]).to.deep.equal([0]);
    });
  }

  it('keeps no 16-byte window of anybody’s update in store, spool or blobs', async () => {
    const dense = (index: number): Behaviour => ({
      delta: (parameters) => {
        const random = seeded(`delta ${index}`);
        return Float32Array.from({ length: parameters }, () => (random.bytes(1)[0]! / 255 - 0.5) * 0.01 + 1e-5);
      },
    });
    const { planHash } = await consortium.propose({ rounds: 1, transcriptRetention: 2 });
    await send(4, dense);
    let spooled: Buffer[] = [];
    await consortium.operator.startRun(planHash, 'spring');
    await watchToEnd(consortium, (event) => {
      if (event.type === 'phase' && event.phase === 'certify')
        spooled = filesBelow(join(consortium.directory, 'coordinator/store'));
    });
    expect(spooled.some((file) => file.length > 100_000)).to.equal(true);
    const haystack = [...spooled, ...filesBelow(join(consortium.directory, 'coordinator/store'))];
    for (const participant of participants) {
      const secret = Buffer.from(participant.secrets.get(1)!);
      for (let at = 48; at + 16 <= 4_800; at += 480) {
        const found = haystack.some((file) => file.includes(secret.subarray(at, at + 16)));
        expect(found, `window at ${at}`).to.equal(false);
      }
    }
  });

  it('waits by name while too few are there', async () => {
    const { planHash } = await consortium.propose({ rounds: 1 });
    await send(3);
    await consortium.operator.startRun(planHash, 'spring');
    const stop = new AbortController();
    let waiting: Extract<ProgressEvent, { type: 'waiting' }> | undefined;
    await consortium.operator.watch(
      'spring',
      1,
      ({ event }) => {
        if (event.type !== 'waiting' || event.awaited.length !== 2) return;
        waiting = event;
        stop.abort();
      },
      stop.signal,
    );
    expect(waiting!.awaited).to.deep.equal(['delta', 'echo']);
    expect(waiting!.then).to.not.equal('');
  });

  it('takes no approval that has expired', async () => {
    const { planHash } = await consortium.propose();
    await consortium.operator.startRun(planHash, 'spring');
    // Approvals of these participants hold for an hour.
    consortium.skewMillis = 2 * 3_600_000;
    await send(1);
    const [participant] = participants;
    while (participant!.refusals.length === 0) await setImmediate();
    const [refused] = participant!.refusals;
    expect([refused!.code, refused!.message]).to.deep.equal(['verification', 'the approval has expired']);
  });

  it('goes on with the run of an earlier process, and with no second one', async () => {
    const { planHash } = await consortium.propose();
    await send(3);
    await consortium.operator.startRun(planHash, 'spring');
    for (const participant of participants) participant.leave();
    await consortium.restart();
    expect(consortium.coordinator.resumed).to.include({ run: 'spring', modelVersion: 0 });
    const { runs } = await consortium.operator.status();
    expect(runs.map(({ run, state }) => [run, state])).to.deep.equal([['spring', 'running']]);
    expect(await consortium.operator.startRun(planHash, 'spring')).to.equal('spring');
    const next = await consortium.propose({ run: 'summer' });
    expect(await refusalOf(consortium.operator.startRun(next.planHash, 'summer'))).to.equal('conflict');
  });

  it('refuses a second run, an unknown plan and a plan of other keys by name', async () => {
    const { planHash } = await consortium.propose();
    const other = await consortium.propose({ run: 'summer' });
    const old = await consortium.propose({ run: 'winter', expires: '2020-01-01T00:00:00Z' });
    expect(await refusalOf(consortium.operator.startRun(old.planHash, 'winter'))).to.equal('refused approval.expires');
    await consortium.operator.startRun(planHash, 'spring');
    expect(await refusalOf(consortium.operator.startRun(other.planHash, 'summer'))).to.equal('conflict');
    expect(await refusalOf(consortium.operator.startRun(new Uint8Array(32), 'x'))).to.equal('invalid-argument');
    expect(await refusalOf(consortium.operator.startRun(other.planHash, 'spring'))).to.equal('invalid-argument');
  });

  it('takes as many connections from one address as the settings say', async () => {
    const { directory } = consortium;
    const flags = { directory, connectionsPerAddress: '1' };
    await consortium.restart({ configuration: configurationOf(await readSettings({ flags })) });
    await consortium.operator.status();
    const second = new OperatorClient({ ...consortium.operatorKeys, address: consortium.coordinator.address });
    expect(await refusalOf(second.status())).to.equal('unavailable');
    second.close();
  });

  it('refuses to start on a port that is in use, and on a store that is held', async () => {
    const { port } = consortium.coordinator;
    expect(
      await refusalOf(
        TestConsortium.open({
          configuration: { address: `127.0.0.1:${port}`, listen: { host: '127.0.0.1', port }, logLevel: 'silent' },
        }),
      ),
    ).to.equal('unavailable');
    expect(await refusalOf(consortium.start())).to.equal('conflict directory.held');
  });
});

async function reconnected(consortium: TestConsortium, member: Member): Promise<Member> {
  const { connect, disconnect } = await import('./consortium.js');
  disconnect(member.stubs);
  return { ...member, stubs: connect(consortium.coordinator.address, member.tls) };
}

function filesBelow(directory: string): Buffer[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
}

describe('an operator', () => {
  it('talks to no server whose certificate is not for the address it dialled', async () => {
    const consortium = await TestConsortium.open({}, ['elsewhere.example']);
    expect(await refusalOf(consortium.operator.status())).to.equal('verification');
    await consortium.close();
  });
});
