import {
  type AggregatorEffect,
  type AggregatorEvent,
  type AggregatorPorts,
  type AggregatorRecord,
  type AggregatorState,
  addKeystreams,
  addVector,
  awaited,
  awaitedAborts,
  equalBytes,
  type FederatedError,
  isOver,
  openAggregator,
  openSum,
  type RosterView,
  type SessionConfig,
  type SessionFrame,
  type SessionReply,
  type SumOrder,
  stepAggregator,
  toHex,
  vectorRoot,
} from '@concordat/core';
import { nodeCrypto } from '@concordat/node';

export interface WorldOptions {
  readonly ports: AggregatorPorts;
  readonly config: SessionConfig;
  readonly roster: RosterView;
  /** Whose advertisements are in the cohort. */
  readonly invited: readonly string[];
  /** Who hears of this world and answers in it; the others are only claimed to be there. Everybody invited unless said. */
  readonly audience?: readonly string[];
  readonly send: (to: string, frame: SessionFrame, world: World) => void;
}

export interface Rejection {
  readonly from: string;
  readonly step: string;
  readonly error: FederatedError;
}

interface Expected {
  readonly contentDigest: Uint8Array;
  readonly lengthBytes: number;
  readonly merkleRoot: Uint8Array;
}

/**
 * One session as a hostile coordinator plays it toward some participants: the production machine, whose frames the harness changes
 * on the way out. Two worlds over one configuration are a split view.
 */
export class World {
  readonly options: WorldOptions;
  readonly audience: readonly string[];
  readonly rejections: Rejection[] = [];
  readonly records: AggregatorRecord[] = [];
  state: AggregatorState;
  /** Lanes of each segment, once a sum was opened here. */
  opened: readonly Int32Array[] | undefined;
  survivors: readonly string[] = [];
  /** What was opened: the order, and the packed sum. */
  order: SumOrder | undefined;
  sum: Uint8Array | undefined;
  /** Why nothing came of it. */
  failure: string | undefined;
  readonly #expected = new Map<string, Expected>();
  readonly #spool = new Map<string, Uint8Array>();
  readonly #gone = new Set<string>();

  constructor(options: WorldOptions) {
    this.options = options;
    this.audience = options.audience ?? options.invited;
    const { state, effects } = openAggregator(options.ports, options);
    this.state = state;
    this.#run(effects);
  }

  /** Nothing more will happen: opened, given up for good, or whoever is waited for has left. */
  get isOver(): boolean {
    if (this.failure !== undefined || isOver(this.state)) return true;
    if (this.state.phase === 'aborting') return awaitedAborts(this.state).every((name) => this.#gone.has(name));
    return this.state.phase === 'reveal' && awaited(this.state).length === 0;
  }

  get sid(): Uint8Array | undefined {
    return 'sid' in this.state ? this.state.sid : undefined;
  }

  take(from: string, frame: SessionReply): void {
    this.step({ type: 'reply', from, frame });
  }

  /** The vector behind a header that was taken. */
  takeVector(from: string, vector: Uint8Array): void {
    const expected = this.#expected.get(from);
    if (expected === undefined || vector.length !== expected.lengthBytes) return;
    if (!equalBytes(vectorRoot(nodeCrypto, vector), expected.merkleRoot)) return;
    this.#spool.set(toHex(expected.contentDigest), vector);
    this.step({ type: 'upload-complete', from, contentDigest: expected.contentDigest });
  }

  /** It refused, or it will not be asked. */
  leave(from: string, reason: string): void {
    this.#gone.add(from);
    this.step({ type: 'absent', from, reason });
  }

  /** The vectors in the sum, in cohort order, as they were uploaded. */
  get vectors(): readonly Uint8Array[] {
    return this.order?.survivors.map(({ contentDigest }) => this.#spool.get(toHex(contentDigest))!) ?? [];
  }

  step(event: AggregatorEvent): void {
    const { state, effects } = stepAggregator(this.options.ports, this.state, event);
    this.state = state;
    this.#run(effects);
    this.#dropGhosts();
  }

  // Claimed members advertised elsewhere; in this world they never answer.
  #dropGhosts(): void {
    if (this.state.phase !== 'share') return;
    for (const name of this.options.invited) {
      if (!this.audience.includes(name) && !this.state.absent.has(name)) this.leave(name, 'only claimed to be here');
    }
  }

  #run(effects: readonly AggregatorEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'send') this.options.send(effect.to, effect.frame, this);
      else if (effect.type === 'rejected') this.rejections.push(effect);
      else if (effect.type === 'expect-upload') this.#expected.set(effect.from, effect);
      else if (effect.type === 'journal') this.records.push(effect.record);
      else if (effect.type === 'open-sum') this.#open(effect.sum);
    }
  }

  #open(sum: SumOrder): void {
    this.survivors = sum.survivors.map(({ participant }) => participant);
    try {
      const vector = new Uint8Array(sum.layout.lengthBytes);
      for (const { contentDigest } of sum.survivors) {
        addVector(sum.layout, vector, this.#spool.get(toHex(contentDigest))!);
      }
      addKeystreams(nodeCrypto, sum.layout, vector, sum.maskKeys);
      this.order = sum;
      this.sum = vector;
      this.opened = openSum(sum.layout, vector, sum.survivors.length);
    } catch (error) {
      this.failure = error instanceof Error ? error.message : String(error);
    }
  }
}
