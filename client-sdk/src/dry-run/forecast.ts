import {
  type CryptoPort,
  layoutOf,
  type ParticipantMessage,
  type Plan,
  type Roster,
  rosterView,
  roundSegments,
  type SessionReply,
  type Signed,
  signApproval,
} from '@concordat/core';
import { sessionCodec } from '@concordat/proto';
import { payloadOf } from '../run/payload.js';

/** One message that a client would send, and how large it is at most. */
export interface ForecastMessage {
  /** As the egress log names it. */
  readonly kind: string;
  /** Once a run, once in each round that trains, or once in the one at the end that measures the last model. */
  readonly per: 'run' | 'round' | 'evaluation';
  /** What it says, without its framing: what the egress log would say of it, or a few bytes more. */
  readonly bytes: number;
  /** Whether it is the update under masks. */
  readonly masked: boolean;
}

/** Whose messages, of which plan. */
export interface ForecastOptions {
  readonly plan: Plan;
  readonly participantId: string;
  /** Members of the session; see {@link membersOf}. */
  readonly members: number;
  readonly crypto: CryptoPort;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The most members that a session of this plan can have with the participants of a roster. */
export function membersOf({ cohort }: Plan, roster: Roster, now: number): number {
  return Math.max(cohort.min, Math.min(cohort.max, rosterView(roster, now).size));
}

/**
 * What a client would send in a run whose rounds are all completed, in order: each message is made of zeros, in the one encoding that it
 * has, and measured. Nothing is signed.
 */
export function forecastRun(options: ForecastOptions): ForecastMessage[] {
  const { metrics } = options.plan;
  const evaluation = metrics.length === 0 ? [] : forecastRound(options, 'evaluation');
  return [forecastApproval(options), ...forecastRound(options, 'round'), ...evaluation];
}

function forecastRound(options: ForecastOptions, per: 'round' | 'evaluation'): ForecastMessage[] {
  const { plan } = options;
  const { lengthBytes } = layoutOf(roundSegments(plan, per === 'round' ? 'train' : 'evaluate'));
  const session = sessionReplies(options).map((frame) => once(per, { type: 'session', round: 1, frame }));
  const at = session.findIndex(({ kind }) => kind === 'certify');
  return [
    once(per, { type: 'ready', round: 1, baseModelHash: hash }),
    ...session.slice(0, at),
    { kind: 'masked-update', per, bytes: lengthBytes, masked: true },
    ...session.slice(at),
    ...(plan.secureAggregation.aggregateCheck === 'on' ? [verdict(per)] : []),
  ];
}

/** What a client would send instead: that it does not take part. */
export function forecastDecline(message: Extract<ParticipantMessage, { type: 'decline' }>): ForecastMessage {
  return once(message.step === 'approve' ? 'run' : 'round', message);
}

/** That the plan is agreed to. */
export function forecastApproval(options: ForecastOptions): ForecastMessage {
  return once('run', approvedMessage(options));
}

const hash = new Uint8Array(32);
const signature = new Uint8Array(64);
const blankSigner = { publicKey: hash, sign: () => signature };

function once(per: ForecastMessage['per'], message: ParticipantMessage): ForecastMessage {
  const { kind, bytes } = payloadOf(message);
  return { kind, per, bytes, masked: false };
}

function approvedMessage({ plan, participantId, crypto, now }: ForecastOptions): ParticipantMessage {
  const expires = Date.parse(plan.approval.expires);
  const terms = { planHash: hash, rosterHash: hash };
  const approval = signApproval(crypto, blankSigner, { ...terms, participantId, issuedAt: now, expires });
  return { type: 'approved', ...terms, approval };
}

function sessionReplies({ participantId, members }: ForecastOptions): SessionReply[] {
  // Of the last member: no number of another one is longer.
  const participant = members - 1;
  const bitmap = new Uint8Array(Math.ceil(members / 8)).fill(0xff);
  const [sid, sid2, inputsHash] = [hash, hash, hash];
  const all = Array.from({ length: members }, (_, index) => index);
  const boxOf = (index: number) => new Uint8Array(index === participant ? 0 : 80);
  const keys = { sealingKey: hash, maskKey: hash };
  const deal = { dealRoot: hash, selfSecretHash: hash };
  const shares = all.map((dealer) => ({ dealer, kind: 'mask', share: hash }) as const);
  const { advert, share, confirm, survivors, reveal } = sessionCodec;
  return [
    { type: 'advertise', advert: blank(advert.encode({ participantId, configHash: hash, ...keys })) },
    {
      type: 'share',
      share: blank(share.encode({ sid, dealer: participant, ...deal })),
      boxes: all.map((index) => ({ box: boxOf(index), selfShareHash: hash, maskShareHash: hash })),
    },
    { type: 'confirm', confirm: blank(confirm.encode({ sid, participant, confirmed: bitmap })) },
    { type: 'certify', statement: blank(survivors.encode({ sid2, survivors: bitmap, inputsHash })) },
    { type: 'reveal', reveal: blank(reveal.encode({ sid2, inputsHash, participant, shares })) },
  ];
}

function verdict(per: ForecastMessage['per']): ForecastMessage {
  const { body } = blank(sessionCodec.result.encode({ sid2: hash, resultHash: hash, aggregateHash: hash }));
  return { kind: 'result', per, bytes: body.length + signature.length, masked: false };
}

function blank(body: Uint8Array): Signed {
  return { body, signature };
}
