import type { KeptEntry } from './egress-log.js';
import type { ReadEgress } from './egress-reading.js';

/** Messages of one kind, together. */
export interface KindTotal {
  readonly kind: string;
  readonly count: number;
  /** What they say, without framing. */
  readonly bytes: number;
  readonly masked: boolean;
}

/** What left in one round of a run; round 0 is the run's plan: approval or refusal. */
export interface RoundTotal {
  readonly runId: string;
  readonly round: number;
  /** RFC 3339: of the first entry and of the last. */
  readonly from: string;
  readonly to: string;
  readonly kinds: readonly KindTotal[];
  /** Rule and reason of each refusal. */
  readonly refusals: readonly string[];
}

/** What left a participant, for whoever answers for its records. */
export interface EgressReport {
  /** Only this run; all of them when undefined. */
  readonly run: string | undefined;
  /** RFC 3339; undefined without entries. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly kinds: readonly KindTotal[];
  readonly rounds: readonly RoundTotal[];
  /** Of all runs, as the network saw it: messages, requests, framing, TLS. */
  readonly socketBytes: number;
  /** Times that a process ended without closing the log: what its sockets carried behind its last entry is not counted. */
  readonly unclosed: number;
  readonly log: Pick<ReadEgress, 'mark' | 'unchained'>;
}

/** Add up what a log says. @param options.run only what belongs to it. */
export function reportEgress(
  { entries, mark, unchained }: ReadEgress,
  options: { readonly run?: string | undefined } = {},
): EgressReport {
  const { run } = options;
  const wanted = entries.filter(({ runId }) => (run === undefined ? runId !== '' : runId === run));
  return {
    run,
    from: wanted[0]?.time,
    to: wanted.at(-1)?.time,
    kinds: kindsOf(wanted),
    rounds: roundsOf(wanted),
    socketBytes: entries.reduce((sum, { socketBytes }) => sum + socketBytes, 0),
    unclosed: unclosedOf(entries),
    log: { mark, unchained },
  };
}

function kindsOf(entries: readonly KeptEntry[]): KindTotal[] {
  const totals = new Map<string, { kind: string; count: number; bytes: number; masked: boolean }>();
  for (const { kind, bytes, masked } of entries) {
    if (kind === 'refusal') continue;
    const total = totals.get(kind) ?? { kind, count: 0, bytes: 0, masked };
    total.count += 1;
    total.bytes += bytes;
    totals.set(kind, total);
  }
  return [...totals.values()].sort((a, b) => b.bytes - a.bytes);
}

function roundsOf(entries: readonly KeptEntry[]): RoundTotal[] {
  const rounds = new Map<string, KeptEntry[]>();
  for (const entry of entries) {
    const name = `${entry.runId}/${entry.round}`;
    const of = rounds.get(name) ?? [];
    of.push(entry);
    rounds.set(name, of);
  }
  return [...rounds.values()].map((of) => ({
    runId: of[0]!.runId,
    round: of[0]!.round,
    from: of[0]!.time,
    to: of.at(-1)!.time,
    kinds: kindsOf(of),
    refusals: of.flatMap(({ kind, note }) => (kind === 'refusal' ? [note ?? ''] : [])),
  }));
}

function unclosedOf(entries: readonly KeptEntry[]): number {
  const ends = entries.filter(({ kind }) => kind === 'opened' || kind === 'closed');
  return ends.filter(({ kind }, at) => kind === 'opened' && ends[at + 1]?.kind === 'opened').length;
}
