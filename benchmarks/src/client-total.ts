import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeDelta, type MaskingPorts, maskUpdate, SealedRoots, Spool } from '@concordat/client-sdk';
import {
  openParticipant,
  type ParticipantEffect,
  type ParticipantEvent,
  type ParticipantOptions,
  type ParticipantState,
  type Plan,
  type SessionName,
  stepParticipant,
} from '@concordat/core';
import { chooseKernels, LaneThreads, nodeCrypto, systemRandom } from '@concordat/node';
import { sessionCodec } from '@concordat/proto';
import { maskingLimit } from './machine-limit.js';
import { type Cost, median } from './measure.js';
import type { Measurement, Question } from './measurement.js';
import { DistantSession } from './stage/distant-session.js';
import { measuredSigner } from './stage/driven-session.js';
import { planOf } from './stage/terms.js';

const runId = 'measured';

/**
 * Everything a client does in one session but training and sending: its sealed root, keys, agreements, boxes and signatures by the
 * participant machine, its update encoded, masked, hashed and spooled on the disk by the SDK's own functions. The n − 1 others and the
 * coordinator's machine run between its turns, uncounted.
 */
export async function measureClientTotal(question: Question): Promise<Measurement> {
  const directory = await mkdtemp(join(tmpdir(), 'concordat-bench-'));
  const threads = new LaneThreads({ threads: 1, kernels: question.kernels });
  const session = new DistantSession();
  try {
    const random = { source: systemRandom, isSystem: true };
    const ports = { crypto: nodeCrypto, kernels: chooseKernels(question.kernels), threads, random };
    const costs: MeasuredCost[] = [];
    for (let round = 1; round <= question.repeats + 1; round++) {
      const client = await MeasuredClient.open(question, { directory, ports, round, session });
      const cost = await client.takePart();
      if (round > 1) costs.push(cost);
    }
    const keystreamBytes = question.participants * costs[0]!.lengthBytes;
    const { limit, terms } = maskingLimit(question.bits, { keystream: keystreamBytes, added: keystreamBytes });
    const middle = (pick: (cost: MeasuredCost) => number): number => median(costs.map(pick));
    const cpuMillis = middle((cost) => cost.cpuMillis);
    return {
      value: middle((cost) => cost.wallMillis),
      unit: 'ms',
      limit,
      detail: {
        ...terms,
        cpuMillis,
        cpuRatio: cpuMillis / limit,
        machineCpuMillis: middle((cost) => cost.machineCpuMillis),
        encodeCpuMillis: middle((cost) => cost.encodeCpuMillis),
        maskCpuMillis: middle((cost) => cost.maskCpuMillis),
        keystreamBytes,
        kernels: ports.kernels.name,
      },
    };
  } finally {
    await session.close();
    await threads.close();
    await rm(directory, { recursive: true });
  }
}

interface MeasuredCost extends Cost {
  readonly machineCpuMillis: number;
  readonly encodeCpuMillis: number;
  readonly maskCpuMillis: number;
  readonly lengthBytes: number;
}

type Part = 'machine' | 'encode' | 'mask' | 'files';

/** The participant with index 0 of a driven session, with what it needs measured part by part. */
class MeasuredClient {
  readonly #session: DistantSession;
  readonly #signer = measuredSigner();
  readonly #plan: Plan;
  readonly #ports: MaskingPorts;
  readonly #name: SessionName;
  readonly #spool: Spool;
  readonly #costs: Record<Part, { wall: number; cpu: number }> = {
    machine: { wall: 0, cpu: 0 },
    encode: { wall: 0, cpu: 0 },
    mask: { wall: 0, cpu: 0 },
    files: { wall: 0, cpu: 0 },
  };
  #state: ParticipantState;
  #lanes: readonly Int32Array[] = [];
  #lengthBytes = 0;

  private constructor(
    options: ParticipantOptions,
    parts: { session: DistantSession; plan: Plan; ports: MaskingPorts; name: SessionName; spool: Spool },
  ) {
    this.#session = parts.session;
    this.#plan = parts.plan;
    this.#ports = parts.ports;
    this.#name = parts.name;
    this.#spool = parts.spool;
    this.#state = openParticipant(options);
  }

  static async open(
    question: Question,
    {
      directory,
      ports,
      round,
      session,
    }: { directory: string; ports: MaskingPorts; round: number; session: DistantSession },
  ): Promise<MeasuredClient> {
    const digest = Buffer.alloc(32).toString('base64url');
    const plan = planOf(question, { topologyDigest: digest, weightsDigest: digest, rounds: 1 });
    const options = await session.open({ participants: question.participants, plan, round });
    const name = { runId, round };
    const client = new MeasuredClient(options, { session, plan, ports, name, spool: await Spool.open(directory, []) });
    const roots = new SealedRoots({
      directory: join(directory, 'roots'),
      deviceKey: new Uint8Array(32).fill(1),
      crypto: nodeCrypto,
      random: systemRandom,
    });
    const root = await client.#counted('files', () => roots.sealRoot(runId, round));
    client.#state = openParticipant({ ...options, root });
    return client;
  }

  /** The whole session, to the reveal. */
  async takePart(): Promise<MeasuredCost> {
    const delta = new Float32Array(this.#plan.secureAggregation.segments[0]!.length).fill(1 / 16);
    this.#lanes = await this.#counted('encode', () =>
      encodeDelta(this.#ports, { plan: this.#plan, baseModelHash: new Uint8Array(32), delta, examples: 1 }),
    );
    for (let frame = await this.#session.next(); frame !== undefined; frame = await this.#session.next()) {
      await this.#take({ type: 'frame', frame });
    }
    if (this.#state.phase !== 'revealed') throw new Error(`the measured client ended in ${this.#state.phase}`);
    const parts = Object.values(this.#costs);
    return {
      wallMillis: parts.reduce((sum, { wall }) => sum + wall, 0),
      cpuMillis: parts.reduce((sum, { cpu }) => sum + cpu, 0),
      machineCpuMillis: this.#costs.machine.cpu,
      encodeCpuMillis: this.#costs.encode.cpu,
      maskCpuMillis: this.#costs.mask.cpu,
      lengthBytes: this.#lengthBytes,
    };
  }

  async #take(event: ParticipantEvent): Promise<void> {
    const ports = { crypto: nodeCrypto, codec: sessionCodec, signer: this.#signer };
    const { state, effects } = await this.#counted('machine', () => stepParticipant(ports, this.#state, event));
    this.#state = state;
    for (const effect of effects) await this.#run(effect);
  }

  async #run(effect: ParticipantEffect): Promise<void> {
    if (effect.type === 'refuse') throw effect.error;
    if (effect.type === 'mask') await this.#mask(effect);
    if (effect.type !== 'send') return;
    const receipt = await this.#session.reply(effect.frame);
    if (receipt !== undefined) await this.#take({ type: 'uploaded', receipt });
  }

  async #mask({ layout, maskKeys }: Extract<ParticipantEffect, { type: 'mask' }>): Promise<void> {
    const { vector, merkleRoot } = await this.#counted('mask', () =>
      maskUpdate(this.#ports, { layout, lanes: this.#lanes, maskKeys }),
    );
    await this.#counted('files', () => this.#spool.write(this.#name, vector));
    this.#lengthBytes = vector.length;
    await this.#take({ type: 'masked', lengthBytes: vector.length, merkleRoot });
  }

  async #counted<Result>(part: Part, work: () => Result | Promise<Result>): Promise<Result> {
    const cpuBefore = process.cpuUsage();
    const wallBefore = performance.now();
    const result = await work();
    const cpu = process.cpuUsage(cpuBefore);
    this.#costs[part].wall += performance.now() - wallBefore;
    this.#costs[part].cpu += (cpu.user + cpu.system) / 1000;
    return result;
  }
}
