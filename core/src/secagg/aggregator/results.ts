import { equalBytes } from '../../bytes.js';
import { FederatedError, refusal } from '../../errors.js';
import type { Signed, Verdict } from '../../wire/messages.js';
import { checkVerdict, signAggregate } from '../result.js';
import { decodeBody } from '../signing.js';
import type { AggregatorPorts } from './contract.js';

/** The sum of one session and what its survivors said about it. Immutable data. */
export interface SessionResult {
  readonly sid2: Uint8Array;
  readonly resultHash: Uint8Array;
  /** The coordinator's signature on both. */
  readonly aggregate: Signed;
  /** T. */
  readonly threshold: number;
  /** U3 in cohort order. */
  readonly survivors: readonly { readonly participant: string; readonly publicKey: Uint8Array }[];
  /** One for each survivor that spoke. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
}

/** Sign which sum was opened. No verdict is here yet. */
export function openResult(
  ports: AggregatorPorts,
  opened: Pick<SessionResult, 'sid2' | 'resultHash' | 'threshold' | 'survivors'>,
): SessionResult {
  const { sid2, resultHash, threshold, survivors } = opened;
  const aggregate = signAggregate(ports, { sid2, resultHash });
  return { sid2, resultHash, aggregate, threshold, survivors, verdicts: new Map() };
}

/**
 * Take one survivor's verdict. The same again changes nothing; a survivor has one word.
 *
 * @returns the result with the verdict; the very same object when it was here already.
 * @throws `refused` `result.survivor`; `conflict` for a second verdict; `verification` `result.…`; `malformed`.
 */
export function takeVerdict(
  ports: Pick<AggregatorPorts, 'crypto' | 'codec'>,
  result: SessionResult,
  from: string,
  verdict: Verdict,
): SessionResult {
  const { publicKey } = survivorOf(result, from);
  checkVerdict(ports, verdict, { ...result, publicKey });
  const before = result.verdicts.get(from);
  if (before === undefined) return { ...result, verdicts: new Map(result.verdicts).set(from, verdict) };
  if (before.kind === verdict.kind && equalBytes(before.statement.body, verdict.statement.body)) return result;
  throw new FederatedError('conflict', `${from} gave its verdict on this sum before`, {
    detail: { participant: from, required: before.kind, offered: verdict.kind },
    fix: 'Send the same bytes again; a verdict never changes.',
  });
}

/**
 * The entry of a participant whose update is in the sum.
 *
 * @throws `refused` `result.survivor`.
 */
export function survivorOf(
  { survivors }: Pick<SessionResult, 'survivors'>,
  participant: string,
): SessionResult['survivors'][number] {
  const found = survivors.find((survivor) => survivor.participant === participant);
  if (found !== undefined) return found;
  throw refusal('result.survivor', `${participant} has no update in this sum`, {
    required: 'a survivor of this session',
    offered: participant,
  });
}

/** Where a release stands. */
export interface ResultTally {
  /** Survivors that found the sum right, sorted. */
  readonly signed: readonly string[];
  /** Survivors that do not accept it, sorted, each with what it found first. */
  readonly disputed: readonly {
    readonly participant: string;
    readonly rule: string;
    readonly chunk: number;
    readonly lane: number;
  }[];
  /** |U3|. */
  readonly of: number;
  readonly threshold: number;
  /** T of U3 signed. A dispute beside it stays visible, for people to look at. */
  readonly released: boolean;
}

/** Count the verdicts. */
export function tallyOf(ports: Pick<AggregatorPorts, 'codec'>, result: SessionResult): ResultTally {
  const { threshold, survivors } = result;
  const spoken = [...result.verdicts].sort(([a], [b]) => (a < b ? -1 : 1));
  const signed = spoken.filter(([, { kind }]) => kind === 'result').map(([participant]) => participant);
  const disputed = spoken
    .filter(([, { kind }]) => kind === 'disputed')
    .map(([participant, { statement }]) => {
      const { rule, chunk, lane } = decodeBody(ports.codec.dispute, statement.body);
      return { participant, rule, chunk, lane };
    });
  return { signed, disputed, of: survivors.length, threshold, released: signed.length >= threshold };
}
