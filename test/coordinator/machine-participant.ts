import {
  addKeystreams,
  type CryptoPort,
  decodePlan,
  decodeRoster,
  encodeEvaluation,
  encodeUpdate,
  type FederatedError,
  openParticipation,
  type ParticipantMessage,
  type ParticipationEffect,
  type ParticipationEvent,
  type ParticipationRecord,
  type ParticipationState,
  type Plan,
  packLanes,
  parameterCount,
  type Random,
  rosterView,
  signApproval,
  stepParticipation,
  vectorRoot,
} from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import {
  answerToWire,
  assignmentFromWire,
  chunkToWire,
  receiptFromWire,
  sessionCodec,
  type wire,
} from '@concordat/proto';
import type * as grpc from '@grpc/grpc-js';
import { call, federated, type Member } from './consortium.js';

/** What one participant does in a test; everything else is the production machine. */
export interface Behaviour {
  /** Its delta in every round, [d]. */
  readonly delta: (parameters: number, round: number) => Float32Array;
  readonly clientEpoch?: number;
  /** In this round the upload stops after this many bytes; `leave` ends it and the client for good. */
  /** Frames sent instead at first; the right ones follow, as an honest client would repeat a broken upload. */
  readonly firstUpload?: (frames: readonly wire.UploadFrame[]) => readonly wire.UploadFrame[];
  /** Sends its vector in another way. */
  readonly send?: (
    frames: readonly wire.UploadFrame[],
    member: Member,
    participant: MachineParticipant,
  ) => Promise<wire.Receipt__Output>;
  /** What it says in the place of one message; its machine believes it said what it meant. */
  readonly says?: (message: ParticipantMessage, participant: MachineParticipant) => readonly ParticipantMessage[];
  /** Primitives of its machine: one that runs as written and lies where they do. */
  readonly crypto?: CryptoPort;
  readonly stallInUploadOf?: { readonly round: number; readonly afterBytes: number };
}

type Unstamped<T> = T extends unknown ? Omit<T, 'now'> : never;

/** The production participation machine on real gRPC, with a fixed delta instead of a trainer and memory instead of a disk. */
export class MachineParticipant {
  readonly member: Member;
  readonly #behaviour: Behaviour;
  /** What it journalled. */
  readonly records: ParticipationRecord[] = [];
  readonly #timers = new Map<string, NodeJS.Timeout>();
  /** Receipts as they came, and the frames they were for. */
  readonly receipts: wire.Receipt__Output[] = [];
  readonly uploads: (readonly wire.UploadFrame[])[] = [];
  readonly refusals: FederatedError[] = [];
  /** What the coordinator answered to its lies instead of a receipt. */
  readonly rejections: FederatedError[] = [];
  /** Bytes of the masked vectors it sent, by round. */
  readonly vectors = new Map<number, Uint8Array>();
  /** Packed lanes before masking, by round: what nobody else may ever see. */
  readonly secrets = new Map<number, Uint8Array>();
  #state: ParticipationState;
  #stream: grpc.ClientReadableStream<wire.Assignment__Output> | undefined;
  #plan: Plan | undefined;
  #runId = '';
  #lanes: Int32Array[] = [];
  #alive = true;
  #cut: () => void = () => undefined;

  constructor(member: Member, behaviour: Behaviour) {
    this.member = member;
    this.#behaviour = behaviour;
    this.#state = openParticipation({ participantId: member.id });
  }

  /** Resolves when the coordinator has welcomed this client. */
  connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      const request = { wireVersions: [1], software: 'test', clientEpoch: this.#behaviour.clientEpoch ?? 1 };
      const stream = this.member.stubs.Rounds.CheckIn(request);
      this.#stream = stream;
      stream.on('data', (assignment: wire.Assignment__Output) => {
        const { message, runId } = assignmentFromWire(assignment);
        if (runId !== '') this.#runId = runId;
        if (message.type === 'welcome') {
          this.#take({ type: 'connected' });
          resolve();
        } else this.#take({ type: 'message', message });
      });
      stream.on('error', (error: grpc.ServiceError) => reject(federated(error)));
    });
  }

  /** Something that the coordinator has to refuse. */
  async lie(said: Promise<unknown>): Promise<void> {
    await said.catch((error: FederatedError) => this.rejections.push(error));
  }

  leave(): void {
    this.#alive = false;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#cut();
    this.#stream?.cancel();
  }

  #take(event: Unstamped<ParticipationEvent>): void {
    if (!this.#alive) return;
    const ports = { crypto: this.#behaviour.crypto ?? nodeCrypto, codec: sessionCodec, signer: this.member.signer };
    const stamped = { ...event, now: performance.now() } as ParticipationEvent;
    const { state, effects } = stepParticipation(ports, this.#state, stamped);
    this.#state = state;
    for (const effect of effects) void this.#run(effect);
  }

  async #run(effect: ParticipationEffect): Promise<void> {
    switch (effect.type) {
      case 'journal':
        this.records.push(effect.record);
        break;
      case 'send':
        return this.#send(effect);
      case 'consider-plan':
        return this.#approve(effect);
      case 'train':
        this.#take({ type: 'trained', round: effect.round });
        break;
      case 'prepare-update':
        this.#prepare(effect);
        break;
      case 'seal-root': {
        const root = nodeCrypto.sha256(Buffer.from(`${this.member.id} ${effect.round} ${this.#runId}`));
        this.#take({ type: 'root-sealed', round: effect.round, root });
        break;
      }
      case 'mask':
        this.#mask(effect);
        break;
      case 'upload':
        return this.#upload(effect);
      case 'refuse':
        this.refusals.push(effect.error);
        break;
      case 'set-timer':
        clearTimeout(this.#timers.get(effect.name));
        this.#timers.set(
          effect.name,
          setTimeout(() => this.#take({ type: 'timer', name: effect.name }), effect.afterMillis),
        );
        break;
      case 'cancel-timer':
        clearTimeout(this.#timers.get(effect.name));
        break;
      case 'stop-training':
      case 'erase':
      case 'discard-update':
      case 'report':
        break;
    }
  }

  async #send({ message }: Extract<ParticipationEffect, { type: 'send' }>): Promise<void> {
    const said = this.#behaviour.says?.(message, this) ?? [message];
    for (const one of said) await this.#say(one, one !== message);
  }

  async #say(message: ParticipantMessage, isLie: boolean): Promise<void> {
    const { method, request } = answerToWire({ runId: this.#runId, message });
    await call(this.member.stubs.Rounds, method, request).catch((error: FederatedError) => {
      this.refusals.push(error);
      if (isLie) this.rejections.push(error);
      const round = 'round' in message ? message.round : 0;
      this.#take({ type: 'rejected', round, error });
    });
  }

  async #approve({
    runId,
    planHash,
    rosterHash,
  }: Extract<ParticipationEffect, { type: 'consider-plan' }>): Promise<void> {
    const { stubs, id, signer } = this.member;
    const found = await call<wire.GetPlanReply__Output>(stubs.Plans, 'Get', { planHash });
    const { roster: signed } = await call<wire.RosterReply__Output>(stubs.Membership, 'Roster', {});
    const plan = decodePlan(new Uint8Array(found.plan!.body));
    const roster = decodeRoster(new Uint8Array(signed!.document!.body));
    this.#plan = plan;
    const approval = signApproval(nodeCrypto, signer, {
      participantId: id,
      planHash,
      rosterHash,
      issuedAt: Date.now(),
      expires: Date.now() + 3_600_000,
    });
    const view = rosterView(roster, Date.now());
    const run = { runId, plan, planHash, rosterHash, roster: view, coordinatorKey: roster.coordinatorKey, approval };
    this.#take({ type: 'plan-approved', run });
  }

  #prepare({ round, kind, baseModelHash, metrics }: Extract<ParticipationEffect, { type: 'prepare-update' }>): void {
    const plan = this.#plan!;
    const measured = Object.fromEntries(plan.metrics.map(({ name }) => [name, 0.5]));
    if (kind === 'evaluate') {
      this.#lanes = encodeEvaluation(plan, metrics ? measured : undefined);
      this.#take({ type: 'prepared', round });
      return;
    }
    this.#lanes = encodeUpdate({
      crypto: nodeCrypto,
      plan,
      baseModelHash,
      delta: this.#behaviour.delta(parameterCount(plan.task.model.tensors), round),
      examples: 100,
      ...(metrics ? { metrics: measured } : {}),
      random: seeded(this.member.id),
    });
    this.#take({ type: 'prepared', round });
  }

  #mask({ round, layout, maskKeys }: Extract<ParticipationEffect, { type: 'mask' }>): void {
    const vector = packLanes(layout, this.#lanes);
    this.secrets.set(round, vector.slice());
    addKeystreams(nodeCrypto, layout, vector, maskKeys);
    this.vectors.set(round, vector);
    this.#take({ type: 'masked', round, lengthBytes: vector.length, merkleRoot: vectorRoot(nodeCrypto, vector) });
  }

  async #upload({ round, header }: Extract<ParticipationEffect, { type: 'upload' }>): Promise<void> {
    const vector = this.vectors.get(round)!;
    const stalls = this.#behaviour.stallInUploadOf;
    const end = stalls?.round === round ? stalls.afterBytes : vector.length;
    const message: ParticipantMessage = { type: 'session', round, frame: { type: 'upload', upload: header } };
    const [said = message] = this.#behaviour.says?.(message, this) ?? [];
    const { request } = answerToWire({ runId: this.#runId, message: said });
    const frames = [request as wire.UploadFrame];
    for (let at = 0; at < end; at += 49_152)
      frames.push({ chunk: chunkToWire(at, vector.subarray(at, Math.min(end, at + 49_152))) });
    if (this.#behaviour.firstUpload !== undefined) {
      const altered = this.#behaviour.firstUpload(frames);
      await sendUpload(this.member, altered).sent.catch((error: FederatedError) => {
        this.refusals.push(error);
        this.rejections.push(error);
      });
    }
    this.uploads.push(frames);
    const send = this.#behaviour.send;
    const upload =
      send === undefined
        ? sendUpload(this.member, frames, { open: end < vector.length })
        : { sent: send(frames, this.member, this), cut: () => undefined };
    this.#cut = upload.cut;
    const receipt = await upload.sent.catch((error: FederatedError) => {
      if (said !== message) this.rejections.push(error);
      return undefined;
    });
    if (receipt === undefined) return;
    this.receipts.push(receipt);
    this.#take({ type: 'uploaded', round, receipt: receiptFromWire(receipt) });
  }
}

/**
 * Write frames of a masked upload as they are, each after the one before has been taken.
 *
 * @param options.open leave the stream open behind the last frame; `cut` breaks it.
 */
export function sendUpload(
  member: Member,
  frames: readonly wire.UploadFrame[],
  options: { readonly open?: boolean } = {},
): { readonly sent: Promise<wire.Receipt__Output>; readonly cut: () => void } {
  let cut: () => void = () => undefined;
  const sent = new Promise<wire.Receipt__Output>((resolve, reject) => {
    const stream = member.stubs.Blobs.UploadMaskedUpdate((error, receipt) => {
      if (error === null || error === undefined) resolve(receipt!);
      else reject(federated(error));
    });
    cut = () => stream.cancel();
    stream.on('error', () => undefined);
    const write = (index: number): void => {
      if (index < frames.length) stream.write(frames[index]!, () => write(index + 1));
      else if (options.open !== true) stream.end();
    };
    write(0);
  });
  return { sent, cut };
}

/** Ask how much of a vector the coordinator holds. @param frames the header first. */
export function beginUpload(member: Member, [first]: readonly wire.UploadFrame[]): Promise<wire.UploadBegun__Output> {
  return call<wire.UploadBegun__Output>(member.stubs.Blobs, 'BeginMaskedUpdate', first!.header!);
}

/** A stream of bytes that depends on the seed only. */
export function seeded(seed: string): Random {
  let drawn = 0;
  const key = nodeCrypto.sha256(Buffer.from(seed));
  return {
    bytes(length) {
      const stream = nodeCrypto.keystream(key, drawn, length);
      drawn += Math.ceil(length / 16) * 16;
      return stream;
    },
  };
}
