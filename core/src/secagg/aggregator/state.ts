import type { FederatedError } from '../../errors.js';
import type { CertificateFrame, DealtBox, SessionFrame, ShareBody, Signed } from '../../wire/messages.js';
import type { CohortMember } from '../cohort.js';
import type { Layout } from '../layout.js';
import type { Thresholds } from '../thresholds.js';
import type { Abandonment, AggregatorEffect, AggregatorOptions, Dropout, SessionAnswer } from './contract.js';

/** Known in every phase. */
export interface SessionFacts {
  readonly options: AggregatorOptions;
  /** C, signed. */
  readonly config: Signed;
  readonly configHash: Uint8Array;
  readonly layout: Layout;
  /** Lost so far, oldest first. */
  readonly dropped: readonly Dropout[];
  /** Participants that will not answer again, with the reason. */
  readonly absent: ReadonlyMap<string, string>;
  /** `step/participant` → digest of the accepted content: a repeat is acknowledged again, other content is a conflict. */
  readonly answers: ReadonlyMap<string, Uint8Array>;
  /** What each participant was sent, in order: for one that reconnects. */
  readonly sent: ReadonlyMap<string, readonly SessionFrame[]>;
}

/** One advertisement that passed every check. */
export interface Advertised {
  readonly member: CohortMember;
  readonly advert: Signed;
}

/** After the cohort was frozen. */
export interface CohortFacts extends SessionFacts {
  readonly sid: Uint8Array;
  /** [n] in cohort order, as they were signed. */
  readonly adverts: readonly Signed[];
  readonly cohort: readonly CohortMember[];
  readonly numbers: Thresholds;
}

/** One dealer's share message; every leaf hash in `boxes` stands under the signed dealRoot. */
export interface Dealt {
  readonly share: Signed;
  readonly bodyHash: Uint8Array;
  readonly body: ShareBody;
  readonly boxes: readonly DealtBox[];
  /** [n] hashes of the boxes under the dealRoot, of which their paths are made. */
  readonly leaves: readonly Uint8Array[];
}

/** After the boxes were handed out. */
export interface DealtFacts extends CohortFacts {
  readonly deals: ReadonlyMap<number, Dealt>;
}

/** After U2 was frozen. */
export interface DealersFacts extends DealtFacts {
  readonly sid2: Uint8Array;
  /** U2, ascending. */
  readonly dealers: readonly number[];
  /** Dealers whose shares a participant confirmed, by its index. */
  readonly confirmations: ReadonlyMap<number, ReadonlySet<number>>;
}

/** One signed upload header; `complete` when the vector is durable. */
export interface UploadHeader {
  readonly upload: Signed;
  readonly bodyHash: Uint8Array;
  readonly lengthBytes: number;
  readonly merkleRoot: Uint8Array;
  readonly complete: boolean;
}

/** After U3 was frozen. */
export interface SurvivorsFacts extends DealersFacts {
  readonly uploads: ReadonlyMap<number, UploadHeader>;
  /** U3, ascending. */
  readonly survivors: readonly number[];
  readonly inputsHash: Uint8Array;
  /** The body every statement must repeat, byte for byte. */
  readonly statement: Uint8Array;
}

export type AdvertisePhase = SessionFacts & {
  readonly phase: 'advertise';
  readonly adverts: ReadonlyMap<string, Advertised>;
};
export type SharePhase = DealtFacts & { readonly phase: 'share' };
/** `confirmations`: confirmed dealers by participant index. */
export type ConfirmPhase = DealtFacts & {
  readonly phase: 'confirm';
  readonly confirmations: ReadonlyMap<number, ReadonlySet<number>>;
};
export type UploadPhase = DealersFacts & {
  readonly phase: 'upload';
  readonly uploads: ReadonlyMap<number, UploadHeader>;
};
/** `signatures`: on the statement, by survivor index. */
export type CertifyPhase = SurvivorsFacts & {
  readonly phase: 'certify';
  readonly signatures: ReadonlyMap<number, Uint8Array>;
};
/** `revealed`: revealer index → dealer index → share that matches its leaf. Secret until the sum is opened. */
export type RevealPhase = SurvivorsFacts & {
  readonly phase: 'reveal';
  readonly certificate: CertificateFrame;
  readonly revealed: ReadonlyMap<number, ReadonlyMap<number, Uint8Array>>;
};
export type OpenedPhase = SurvivorsFacts & { readonly phase: 'opened' };
/** Over without a certificate; nobody had anything bound to it, or nobody is left who could open it. */
export type AbandonedPhase = SessionFacts & { readonly phase: 'abandoned'; readonly abandonment: Abandonment };

/** `signatures`: aborts, by cohort index. */
export interface AbortFacts extends CohortFacts {
  readonly abandonment: Abandonment;
  readonly signatures: ReadonlyMap<number, Uint8Array>;
  /** The statement that survivors were asked to sign, when it came to that: one that was under way is acknowledged. */
  readonly proposed: Pick<SurvivorsFacts, 'survivors' | 'statement'> | undefined;
}

/** Given up while an update may be bound to it: A aborts are awaited, for ever if need be. */
export type AbortingPhase = AbortFacts & { readonly phase: 'aborting' };
/** A members signed abort: never opened, every update in it is free. */
export type AbortedPhase = AbortFacts & { readonly phase: 'aborted' };

/** The coordinator's side of one session. Immutable data; read it through the functions of `aggregator.ts`. */
export type AggregatorState =
  | AdvertisePhase
  | SharePhase
  | ConfirmPhase
  | UploadPhase
  | CertifyPhase
  | RevealPhase
  | OpenedPhase
  | AbandonedPhase
  | AbortingPhase
  | AbortedPhase;

/** A session that may still be opened. */
export type LivePhase = Exclude<AggregatorState, OpenedPhase | AbandonedPhase | AbortingPhase | AbortedPhase>;

export function isLive(state: AggregatorState): state is LivePhase {
  return !['opened', 'abandoned', 'aborting', 'aborted'].includes(state.phase);
}

export interface AggregatorStep {
  readonly state: AggregatorState;
  readonly effects: readonly AggregatorEffect[];
}

/** Nothing to do: an event that is late, repeated or foreign. */
export function unchanged(state: AggregatorState): AggregatorStep {
  return { state, effects: [] };
}

/** Ids of the frozen cohort, in its order. */
export function namesOf({ cohort }: CohortFacts): readonly string[] {
  return cohort.map((member) => member.participantId);
}

/** Take one answer as counted. */
export function accept<State extends SessionFacts>(
  state: State,
  answer: { readonly from: string; readonly step: SessionAnswer; readonly contentDigest: Uint8Array },
): { readonly state: State; readonly effects: readonly AggregatorEffect[] } {
  const answers = withEntry(state.answers, answerKey(answer.step, answer.from), answer.contentDigest);
  return { state: { ...state, answers }, effects: [{ type: 'accepted', ...answer }] };
}

/** Answer with an error; nothing changes. */
export function reject(
  state: AggregatorState,
  answer: { readonly from: string; readonly step: SessionAnswer; readonly error: FederatedError },
): AggregatorStep {
  return { state, effects: [{ type: 'rejected', ...answer }] };
}

/** Send frames and remember them for a reconnect. */
export function sendAll<State extends SessionFacts>(
  state: State,
  frames: readonly { readonly to: string; readonly frame: SessionFrame }[],
): { readonly state: State; readonly effects: readonly AggregatorEffect[] } {
  const sent = new Map(state.sent);
  for (const { to, frame } of frames) sent.set(to, [...(sent.get(to) ?? []), frame]);
  return { state: { ...state, sent }, effects: frames.map(({ to, frame }) => ({ type: 'send', to, frame })) };
}

/** End the session; nothing was or will be unmasked, and nothing is asked of anybody. */
export function abandon(state: SessionFacts, abandonment: Abandonment): AggregatorStep {
  const { options, config, configHash, layout, dropped, absent, answers, sent } = state;
  return {
    state: { phase: 'abandoned', abandonment, options, config, configHash, layout, dropped, absent, answers, sent },
    effects: [
      { type: 'journal', record: { type: 'abandoned', abandonment } },
      { type: 'abandoned', abandonment },
    ],
  };
}

/** Somebody will not answer again. The step in which it is missed counts as the one it dropped out at. */
export function withAbsent<State extends AggregatorState>(state: State, participant: string, reason: string): State {
  return { ...state, absent: withEntry(state.absent, participant, reason) };
}

/** Record who was lost, each participant once. */
export function withDropped<State extends SessionFacts>(
  state: State,
  lost: readonly Dropout[],
): { readonly state: State; readonly effects: readonly AggregatorEffect[] } {
  const known = new Set(state.dropped.map((dropout) => dropout.participant));
  const added = lost.filter((dropout) => !known.has(dropout.participant));
  return {
    state: { ...state, dropped: [...state.dropped, ...added] },
    effects: added.map((dropout) => ({ type: 'journal', record: { type: 'dropped', dropout } })),
  };
}

export function answerKey(step: SessionAnswer, participant: string): string {
  return `${step}/${participant}`;
}

/** A copy of a map with one entry more. */
export function withEntry<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key, value: Value): ReadonlyMap<Key, Value> {
  return new Map(map).set(key, value);
}
