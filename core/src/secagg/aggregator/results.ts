import { equalBytes } from '../../bytes.js';
import { FederatedError, refusal } from '../../errors.js';
import type { Signed, Verdict } from '../../wire/messages.js';
import { checkVerdict } from '../result.js';
import { decodeBody } from '../signing.js';
import type { AggregatorPorts } from './contract.js';

/** The sum of one session and what its survivors said about it. Immutable data. */
export interface SessionResult {
  readonly sid2: Uint8Array;
  readonly resultHash: Uint8Array;
  /** The coordinator's signature on this sum and every other of its round. */
  readonly aggregate: Signed;
  /** T. */
  readonly threshold: number;
  /** U3 in cohort order. */
  readonly survivors: readonly { readonly participant: string; readonly publicKey: Uint8Array }[];
  /** One for each survivor that spoke. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
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
  const { sid2, resultHash, aggregate } = result;
  const aggregateHash = ports.crypto.sha256(aggregate.body);
  checkVerdict(ports, verdict, { sid2, resultHash, aggregateHash, publicKey });
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

/** What a survivor does not accept. */
interface Dispute {
  readonly participant: string;
  readonly rule: string;
  readonly chunk: number;
  readonly lane: number;
}

/** How many survivors of one session spoke, and what they said. */
export interface ResultTally {
  /** Survivors that found the sum right, sorted. */
  readonly signed: readonly string[];
  /** Survivors that do not accept it, sorted, each with what it found first; `group` as in its statement. */
  readonly disputed: readonly (Dispute & { readonly group: number })[];
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
      const { group, rule, chunk, lane } = decodeBody(ports.codec.dispute, statement.body);
      return { participant, group, rule, chunk, lane };
    });
  return { signed, disputed, of: survivors.length, threshold, released: signed.length >= threshold };
}

/** Where a release stands: over all secure groups whose sums are in it. */
export interface ReleaseTally {
  /** Sorted. */
  readonly signed: readonly string[];
  /** Sorted; of several groups each with the number of the group that it is about, as people count: from 1. */
  readonly disputed: readonly (Dispute & { readonly group?: number })[];
  /** Survivors of all groups. */
  readonly of: number;
  /** T of all groups added up. */
  readonly threshold: number;
  /** T signed in every group: the model stands on all of their sums. */
  readonly released: boolean;
  /** Where there are several: each with its number, from 1. */
  readonly groups?: readonly {
    readonly group: number;
    readonly signed: readonly string[];
    readonly of: number;
    readonly threshold: number;
  }[];
}

/** Count a release from the tallies of its sums, at least one. */
export function releaseOf(sums: readonly { readonly group: number; readonly tally: ResultTally }[]): ReleaseTally {
  const tallies = sums.map(({ tally }) => tally);
  const total = (count: (tally: ResultTally) => number) => tallies.reduce((sum, tally) => sum + count(tally), 0);
  const disputed = tallies.flatMap((tally) => tally.disputed);
  const release = {
    signed: tallies.flatMap(({ signed }) => signed).sort(),
    disputed: disputed.sort((a, b) => (a.participant < b.participant ? -1 : 1)),
    of: total((tally) => tally.of),
    threshold: total((tally) => tally.threshold),
    released: tallies.every(({ released }) => released),
  };
  if (sums.length === 1) return { ...release, disputed: disputed.map(({ group: _, ...dispute }) => dispute) };
  return {
    ...release,
    disputed: release.disputed.map((dispute) => ({ ...dispute, group: dispute.group + 1 })),
    groups: sums.map(({ group, tally: { signed, of, threshold } }) => ({ group: group + 1, signed, of, threshold })),
  };
}
