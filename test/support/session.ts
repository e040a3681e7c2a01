import {
  type AggregatorEffect,
  type AggregatorEvent,
  type AggregatorPorts,
  type AggregatorRecord,
  type AggregatorState,
  addKeystreams,
  addVector,
  awaited,
  type CryptoPort,
  type FederatedError,
  layoutOf,
  type MaskKey,
  openAggregator,
  openParticipant,
  openSum,
  type ParticipantEffect,
  type ParticipantOptions,
  type ParticipantPorts,
  type ParticipantRecord,
  type ParticipantState,
  packLanes,
  type Random,
  type RosterView,
  type Segment,
  type SessionAnswer,
  type SessionConfig,
  type SessionFrame,
  type SessionReply,
  type SessionStep,
  type Signer,
  type SumOrder,
  signBody,
  stepAggregator,
  stepParticipant,
  toHex,
  vectorRoot,
} from '@concordat/core';
import { sessionCodec } from '@concordat/proto';
import { seededRandom } from '@concordat/sim';
import { memoizedCrypto, memoizedIdentity } from './memoized-crypto.js';

/** node:crypto, each result computed once. */
export const crypto = memoizedCrypto;
export const codec = sessionCodec;

/** One segment of every lane width; their rings hold a cohort of 12. */
export const threeWidths: readonly Segment[] = [
  { name: 'narrow', length: 17, bits: 16, quantBits: 11, bound: 1, kind: 'model' },
  { name: 'middle', length: 31, bits: 24, quantBits: 16, bound: 1, kind: 'model' },
  { name: 'weight', length: 1, bits: 32, quantBits: 0, bound: 32_768, kind: 'weight' },
  { name: 'metrics', length: 5, bits: 32, quantBits: 0, bound: 32_768, kind: 'metrics' },
];

export interface SessionOptions {
  /** n; ids are "1" … "n" unless given. */
  readonly participants: number;
  readonly ids?: readonly string[];
  readonly seed?: number;
  readonly segments?: readonly Segment[];
  readonly maxColluders?: number;
  readonly minCohort?: number;
  readonly minSurvivors?: number;
  /** The step from which a participant is silent. At `upload` it sends its header and then its stream breaks. */
  readonly silentFrom?: ReadonlyMap<string, SessionStep>;
  /** Change or lose what the coordinator sends. */
  readonly onFrame?: (to: string, frame: SessionFrame, session: InMemorySession) => SessionFrame | undefined;
  /** Change or lose what a participant sends. */
  readonly onReply?: (from: string, reply: SessionReply, session: InMemorySession) => SessionReply | undefined;
  /** Change what one participant is opened with. */
  readonly onOpen?: (options: ParticipantOptions) => ParticipantOptions;
  /** Make an identity of its seed; OpenSSL's unless given. */
  readonly identityOf?: (owner: string, seed: Uint8Array) => Signer;
  /** The coordinator's primitives; node:crypto unless given. */
  readonly aggregatorCrypto?: CryptoPort;
  /** Give one participant other primitives: a machine that runs as written and lies where they do. */
  readonly onPorts?: (participant: string, ports: ParticipantPorts) => ParticipantPorts;
}

/** One step of one participant's machine. */
export interface PlayedStep {
  readonly participant: string;
  readonly before: ParticipantState;
  readonly after: ParticipantState;
  readonly effects: readonly ParticipantEffect[];
}

const steps: readonly SessionAnswer[] = ['advertise', 'share', 'confirm', 'upload', 'certify', 'reveal', 'abort'];

/** Both machines of one session over queues in memory: every frame is delivered, then the step's deadline fires. */
export class InMemorySession {
  readonly options: SessionOptions;
  readonly ids: readonly string[];
  readonly config: SessionConfig;
  readonly roster: RosterView;
  readonly signers: ReadonlyMap<string, Signer>;
  readonly coordinator: Signer;
  readonly aggregatorPorts: AggregatorPorts;
  /** Payload lanes of every participant's update, one array per segment. */
  readonly updates: ReadonlyMap<string, readonly Int32Array[]>;
  readonly participants = new Map<string, ParticipantState>();
  readonly participantRecords = new Map<string, ParticipantRecord[]>();
  readonly refusals: { readonly participant: string; readonly error: FederatedError }[] = [];
  /** Every step of every participant, in order. */
  readonly steps: PlayedStep[] = [];
  readonly rejections: { readonly from: string; readonly step: SessionAnswer; readonly error: FederatedError }[] = [];
  readonly records: AggregatorRecord[] = [];
  readonly replies: { readonly from: string; readonly frame: SessionReply }[] = [];
  /** Headers and vectors as they arrived, by digest of the header. */
  readonly spool = new Map<string, Uint8Array>();
  aggregator: AggregatorState;
  sum: SumOrder | undefined;
  opened: readonly Int32Array[] | undefined;

  readonly #queue: (() => void)[] = [];
  readonly #expected = new Map<string, Uint8Array>();
  readonly #vectors = new Map<string, Uint8Array>();

  constructor(options: SessionOptions) {
    this.options = options;
    const random = seededRandom(crypto, options.seed ?? 1, 'session');
    this.ids = options.ids ?? Array.from({ length: options.participants }, (_, i) => String(i + 1));
    const identityOf = options.identityOf ?? ((_owner, seed) => memoizedIdentity(seed));
    this.coordinator = identityOf('coordinator', random.bytes(32));
    this.signers = new Map(this.ids.map((id) => [id, identityOf(id, random.bytes(32))]));
    this.roster = new Map(
      this.ids.map((id) => [id, { organization: `org-${id}`, publicKey: this.signers.get(id)!.publicKey }]),
    );
    this.config = sessionConfig(options, random);
    this.updates = new Map(this.ids.map((id) => [id, randomUpdate(this.config.segments, random)]));
    this.aggregatorPorts = { crypto: options.aggregatorCrypto ?? crypto, codec, signer: this.coordinator };
    for (const id of this.ids) this.#openParticipant(id, random.bytes(32));
    const opening = openAggregator(this.aggregatorPorts, {
      config: this.config,
      roster: this.roster,
      invited: this.ids,
    });
    this.aggregator = opening.state;
    this.#runAggregator(opening.effects);
  }

  /** Deliver everything; whenever nothing moves any more, fire the deadline of the step, until the session is over. */
  run(): this {
    for (;;) {
      for (let deliver = this.#queue.shift(); deliver !== undefined; deliver = this.#queue.shift()) deliver();
      const { phase } = this.aggregator;
      if (phase === 'opened' || phase === 'abandoned' || phase === 'aborting' || phase === 'aborted') return this;
      // A certified sum has no deadline.
      if (phase === 'reveal') return this;
      if (awaited(this.aggregator).length === 0) throw new Error(`stuck in ${phase}`);
      this.toAggregator({ type: 'close-step', step: phase });
      if (this.aggregator.phase === phase) throw new Error(`its deadline does not end ${phase}`);
    }
  }

  ports(participant: string): ParticipantPorts {
    const ports = { crypto, codec, signer: this.signers.get(participant)! };
    return this.options.onPorts?.(participant, ports) ?? ports;
  }

  /** Step one participant, as its runner would. */
  toParticipant(to: string, frame: SessionFrame): void {
    this.#stepParticipant(to, { type: 'frame', frame });
  }

  toAggregator(event: AggregatorEvent): readonly AggregatorEffect[] {
    const { state, effects } = stepAggregator(this.aggregatorPorts, this.aggregator, event);
    this.aggregator = state;
    this.#runAggregator(effects);
    return effects;
  }

  /** The integer sum of some updates, lane by lane. */
  sumOf(participants: readonly string[]): readonly (readonly number[])[] {
    return this.config.segments.map((segment, index) =>
      Array.from({ length: segment.length }, (_, lane) =>
        participants.reduce((sum, id) => sum + this.updates.get(id)![index]![lane]!, 0),
      ),
    );
  }

  #openParticipant(id: string, root: Uint8Array): void {
    const options: ParticipantOptions = {
      participantId: id,
      roster: this.roster,
      coordinatorKey: this.coordinator.publicKey,
      terms: this.config,
      root,
    };
    this.participants.set(id, openParticipant(this.options.onOpen?.(options) ?? options));
    this.participantRecords.set(id, []);
  }

  #stepParticipant(id: string, event: Parameters<typeof stepParticipant>[2]): void {
    const before = this.participants.get(id)!;
    const { state, effects } = stepParticipant(this.ports(id), before, event);
    this.participants.set(id, state);
    this.steps.push({ participant: id, before, after: state, effects });
    for (const effect of effects) this.#runParticipant(id, effect);
  }

  #runParticipant(id: string, effect: ParticipantEffect): void {
    if (effect.type === 'journal') this.participantRecords.get(id)!.push(effect.record);
    else if (effect.type === 'send') this.#reply(id, effect.frame);
    else if (effect.type === 'mask') this.#mask(id, effect.maskKeys);
    else if (effect.type === 'refuse') this.#leave(id, effect.error);
  }

  #leave(id: string, error: FederatedError): void {
    this.refusals.push({ participant: id, error });
    this.#queue.push(() => this.toAggregator({ type: 'absent', from: id, reason: error.message }));
  }

  #mask(id: string, maskKeys: readonly MaskKey[]): void {
    const { crypto } = this.ports(id);
    const layout = layoutOf(this.config.segments);
    const vector = packLanes(layout, this.updates.get(id)!);
    addKeystreams(crypto, layout, vector, maskKeys);
    this.#vectors.set(id, vector);
    this.#stepParticipant(id, { type: 'masked', lengthBytes: vector.length, merkleRoot: vectorRoot(crypto, vector) });
  }

  #reply(from: string, honest: SessionReply): void {
    const frame = this.options.onReply === undefined ? honest : this.options.onReply(from, honest, this);
    const silent = this.options.silentFrom?.get(from);
    const isSilent = silent !== undefined && steps.indexOf(frame?.type ?? 'advertise') >= steps.indexOf(silent);
    if (frame === undefined || (isSilent && frame.type !== 'upload')) return;
    if (isSilent && silent !== 'upload') return;
    this.replies.push({ from, frame });
    this.#queue.push(() => {
      this.toAggregator({ type: 'reply', from, frame });
      if (frame.type === 'upload') this.#stream(from, isSilent);
    });
  }

  #stream(from: string, breaks: boolean): void {
    const contentDigest = this.#expected.get(from);
    const vector = this.#vectors.get(from);
    if (contentDigest === undefined || vector === undefined) return;
    if (breaks) {
      this.toAggregator({ type: 'absent', from, reason: 'its upload broke' });
      return;
    }
    this.spool.set(toHex(contentDigest), vector);
    this.toAggregator({ type: 'upload-complete', from, contentDigest });
  }

  #runAggregator(effects: readonly AggregatorEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'journal') this.records.push(effect.record);
      else if (effect.type === 'send') this.#send(effect.to, effect.frame);
      else if (effect.type === 'rejected') this.rejections.push(effect);
      else if (effect.type === 'expect-upload') this.#expected.set(effect.from, effect.contentDigest);
      else if (effect.type === 'accepted' && effect.step === 'upload') this.#receipt(effect.from, effect.contentDigest);
      else if (effect.type === 'open-sum') this.#open(effect.sum);
    }
  }

  #send(to: string, honest: SessionFrame): void {
    this.#queue.push(() => {
      const frame = this.options.onFrame === undefined ? honest : this.options.onFrame(to, honest, this);
      if (frame !== undefined) this.toParticipant(to, frame);
    });
  }

  #receipt(participantId: string, contentDigest: Uint8Array): void {
    const { runId, round } = this.config;
    const body = codec.receipt.encode({ runId, round, step: 'upload', participantId, contentDigest });
    const receipt = signBody(crypto, this.coordinator, 'CSA1/receipt', body);
    this.#queue.push(() => this.#stepParticipant(participantId, { type: 'uploaded', receipt }));
  }

  #open(sum: SumOrder): void {
    this.sum = sum;
    const vector = new Uint8Array(sum.layout.lengthBytes);
    for (const { contentDigest } of sum.survivors) addVector(sum.layout, vector, this.spool.get(toHex(contentDigest))!);
    addKeystreams(this.aggregatorPorts.crypto, sum.layout, vector, sum.maskKeys);
    this.opened = openSum(sum.layout, vector, sum.survivors.length);
  }
}

function sessionConfig(options: SessionOptions, random: Random): SessionConfig {
  const n = options.ids?.length ?? options.participants;
  return {
    suite: 'CSA1',
    runId: 'run-1',
    round: 1,
    kind: 'train',
    sessionNonce: random.bytes(32),
    rosterHash: random.bytes(32),
    baseModelHash: random.bytes(32),
    planHash: random.bytes(32),
    parameters: 48,
    segments: options.segments ?? threeWidths,
    clippingNorm: 1,
    maxWeight: 100,
    minCohort: options.minCohort ?? 3,
    maxCohort: Math.max(n, 3),
    minSurvivors: options.minSurvivors ?? 3,
    maxColluders: options.maxColluders ?? 1,
    privacy: 'none',
    stepMillis: 10_000,
  };
}

/** More than one draw gives. */
function drawn(random: Random, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) bytes.set(random.bytes(Math.min(65_536, length - at)), at);
  return bytes;
}

/** Uniform over everything an honest client may put into each lane, both signs. */
export function randomUpdate(segments: readonly Segment[], random: Random): readonly Int32Array[] {
  return segments.map((segment) => {
    const reach = segment.kind === 'model' ? 2 ** (segment.quantBits - 1) - 1 : segment.bound;
    const view = new DataView(drawn(random, segment.length * 4).buffer);
    return Int32Array.from({ length: segment.length }, (_, i) => (view.getUint32(i * 4) % (2 * reach + 1)) - reach);
  });
}
