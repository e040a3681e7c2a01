import {
  type AggregatorEffect,
  type AggregatorEvent,
  type AggregatorState,
  type CryptoPort,
  openAggregator,
  openParticipant,
  type ParticipantEffect,
  type ParticipantEvent,
  type ParticipantOptions,
  type ParticipantState,
  type Plan,
  type RosterView,
  type SessionConfig,
  type SessionFrame,
  type SessionReply,
  type Signed,
  type Signer,
  signBody,
  stepAggregator,
  stepParticipant,
} from '@concordat/core';
import { identityFromSeed, nodeCrypto } from '@concordat/node';
import { sessionCodec } from '@concordat/proto';

export interface DrivenSessionOptions {
  /** n; one of them is measured, the others are driven here. */
  readonly participants: number;
  readonly plan: Plan;
  readonly round: number;
}

const measuredParticipant = 'p1';

/** Who signs for the participant that is measured. */
export function measuredSigner(): Signer {
  return identityOf(measuredParticipant);
}

/**
 * A session as one participant sees it: the coordinator's machine, and the machines of all others, who answer everything at once and
 * upload headers of vectors that they never made. The sum is not opened.
 */
export class DrivenSession {
  /** The participant whose frames and replies go through `next` and `reply`. */
  readonly measured = measuredParticipant;
  readonly #signers: ReadonlyMap<string, Signer>;
  readonly #coordinator = identityOf('coordinator');
  readonly #roster: RosterView;
  readonly #config: SessionConfig;
  readonly #others = new Map<string, ParticipantState>();
  readonly #toOthers: (() => void)[] = [];
  readonly #toMeasured: SessionFrame[] = [];
  readonly #expected = new Map<string, Uint8Array>();
  #aggregator: AggregatorState;
  #receipt: Signed | undefined;

  constructor(options: DrivenSessionOptions) {
    const ids = Array.from({ length: options.participants }, (_, i) => `p${i + 1}`);
    this.#signers = new Map(ids.map((id) => [id, identityOf(id)]));
    this.#roster = new Map(
      ids.map((id) => [id, { organization: `organization-${id}`, publicKey: this.#signers.get(id)!.publicKey }]),
    );
    this.#config = sessionConfig(options);
    for (const id of ids) {
      if (id === this.measured) continue;
      const root = nodeCrypto.sha256(Buffer.from(`root ${id} ${options.round}`));
      this.#others.set(id, openParticipant({ ...this.optionsOf(id), root }));
    }
    const ports = this.#aggregatorPorts();
    const opening = openAggregator(ports, { config: this.#config, roster: this.#roster, invited: ids });
    this.#aggregator = opening.state;
    this.#runAggregator(opening.effects);
  }

  /** What a participant is opened with, without its root. */
  optionsOf(participantId: string): Omit<ParticipantOptions, 'root'> {
    const coordinatorKey = this.#coordinator.publicKey;
    return { participantId, roster: this.#roster, coordinatorKey, terms: this.#config };
  }

  /** Let the others answer until there is something for the measured one. @returns undefined when nothing comes any more. */
  next(): SessionFrame | undefined {
    while (this.#toMeasured.length === 0) {
      const deliver = this.#toOthers.shift();
      if (deliver === undefined) return undefined;
      deliver();
    }
    return this.#toMeasured.shift();
  }

  /** An answer of the measured one; its vector counts as arrived with its header. @returns the receipt of an upload. */
  reply(from: string, frame: SessionReply): Signed | undefined {
    this.#receipt = undefined;
    this.#toAggregator({ type: 'reply', from, frame });
    return this.#receipt;
  }

  #toAggregator(event: AggregatorEvent): void {
    const { state, effects } = stepAggregator(this.#aggregatorPorts(), this.#aggregator, event);
    this.#aggregator = state;
    this.#runAggregator(effects);
    if (event.type !== 'reply' || event.frame.type !== 'upload') return;
    const contentDigest = this.#expected.get(event.from);
    if (contentDigest !== undefined) this.#toAggregator({ type: 'upload-complete', from: event.from, contentDigest });
  }

  #runAggregator(effects: readonly AggregatorEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'send') this.#send(effect.to, effect.frame);
      else if (effect.type === 'expect-upload') this.#expected.set(effect.from, effect.contentDigest);
      else if (effect.type === 'accepted' && effect.step === 'upload')
        this.#acknowledge(effect.from, effect.contentDigest);
      else if (effect.type === 'rejected') throw effect.error;
    }
  }

  #send(to: string, frame: SessionFrame): void {
    if (to === this.measured) this.#toMeasured.push(frame);
    else this.#toOthers.push(() => this.#step(to, { type: 'frame', frame }));
  }

  #acknowledge(participantId: string, contentDigest: Uint8Array): void {
    const { runId, round } = this.#config;
    const body = sessionCodec.receipt.encode({ runId, round, step: 'upload', participantId, contentDigest });
    const receipt = signBody(nodeCrypto, this.#coordinator, 'CSA1/receipt', body);
    if (participantId === this.measured) this.#receipt = receipt;
    else this.#toOthers.push(() => this.#step(participantId, { type: 'uploaded', receipt }));
  }

  #step(id: string, event: ParticipantEvent): void {
    const ports = { crypto: trusting, codec: sessionCodec, signer: this.#signers.get(id)! };
    const { state, effects } = stepParticipant(ports, this.#others.get(id)!, event);
    this.#others.set(id, state);
    for (const effect of effects) this.#runOther(id, effect);
  }

  #runOther(id: string, effect: ParticipantEffect): void {
    if (effect.type === 'refuse') throw effect.error;
    if (effect.type === 'send') this.#toAggregator({ type: 'reply', from: id, frame: effect.frame });
    if (effect.type !== 'mask') return;
    const merkleRoot = nodeCrypto.sha256(Buffer.from(`vector of ${id}`));
    this.#step(id, { type: 'masked', lengthBytes: effect.layout.lengthBytes, merkleRoot });
  }

  #aggregatorPorts() {
    return { crypto: trusting, codec: sessionCodec, signer: this.#coordinator };
  }
}

/** For those who are not measured: everybody here is honest, and n² signatures take minutes to check. */
const trusting: CryptoPort = { ...nodeCrypto, ed25519Verify: () => true };

function identityOf(owner: string): Signer {
  return identityFromSeed(nodeCrypto.sha256(Buffer.from(`benchmark identity of ${owner}`)));
}

function sessionConfig({ plan, round }: DrivenSessionOptions): SessionConfig {
  const { secureAggregation, cohort, clippingNorm } = plan;
  const { segments, maxWeight, minSurvivors, maxColluders } = secureAggregation;
  const digest = nodeCrypto.sha256(Buffer.from(`benchmark session ${round}`));
  return {
    suite: 'CSA1',
    runId: plan.run,
    round,
    kind: 'train',
    sessionNonce: digest,
    rosterHash: digest,
    baseModelHash: digest,
    planHash: digest,
    parameters: segments[0]!.length,
    segments,
    clippingNorm,
    maxWeight,
    minCohort: cohort.min,
    maxCohort: cohort.max,
    minSurvivors,
    maxColluders,
    privacy: 'none',
    stepMillis: 10_000,
  };
}
