import { createReadStream } from 'node:fs';
import { FederatedError } from '@concordat/core';
import { z } from 'zod';
import { chainStart, type EgressMark, nextChain, readChained } from './egress-chain.js';
import { egressPath, type KeptEntry } from './egress-log.js';

/** The first place where a log is not what was written. */
export interface EgressDamage {
  /** 1 for the first line of the file. */
  readonly line: number;
  readonly problem: string;
}

/** No line of a version that did not chain them has these. */
const wasChained = /"seq":|"chain":|"socketBytes":/;

/** A log that was read to its end. */
export interface ReadEgress {
  /** What the chained lines say, in order, up to the damage. */
  readonly entries: readonly KeptEntry[];
  /** Lines before the first chained one: an earlier version wrote them, and nothing vouches for them one by one. */
  readonly unchained: number;
  readonly mark: EgressMark;
  readonly damage: EgressDamage | undefined;
}

const shape = z.object({
  seq: z.number().int().min(1),
  time: z.string().datetime(),
  runId: z.string().max(63),
  round: z.number().int().min(0),
  kind: z.string().min(1).max(64),
  bytes: z.number().int().min(0),
  digest: z.string().regex(/^([0-9a-f]{64})?$/),
  masked: z.boolean(),
  note: z.string().optional(),
  socketBytes: z.number().int(),
});

/**
 * Read an egress log and follow its chain. Nothing is changed, and no lock is needed: a client may be writing to it.
 *
 * @param noted marks that were kept elsewhere, of which the log must have every one: at the last start or end of the client, on paper.
 * @throws `invalid-argument` when there is no log.
 */
export async function readEgress(directory: string, noted: readonly EgressMark[] = []): Promise<ReadEgress> {
  const entries: KeptEntry[] = [];
  const due = new Map(noted.map(({ entries: count, chain }) => [count, chain]));
  let [mark, line, unchained]: [EgressMark | undefined, number, number] = [undefined, 0, 0];
  let before: string[] = [];
  let damage: EgressDamage | undefined;
  for await (const { text, isWhole } of linesOf(directory)) {
    line += 1;
    const found = readChained(text);
    if (!isWhole) {
      damage = { line, problem: 'it has no end: its last byte was changed, or a write was interrupted' };
      break;
    }
    if (found === undefined && mark === undefined && !wasChained.test(text)) {
      before.push(`${text}\n`);
      continue;
    }
    if (mark === undefined) {
      // The first that is chained: what stands before it is vouched for as a whole.
      unchained = before.length;
      mark = { entries: unchained, chain: chainStart(Buffer.from(before.join(''))) };
      before = [];
    }
    const entry = found === undefined ? undefined : entryOf(found.said);
    const problem = problemOf(found, entry, mark);
    if (problem !== undefined) {
      damage = { line, problem };
      break;
    }
    mark = { entries: found!.seq, chain: found!.chain };
    const kept = due.get(mark.entries);
    due.delete(mark.entries);
    if (kept !== undefined && kept !== mark.chain) {
      damage = { line, problem: `the log has ${mark.chain} here, and ${kept} was noted` };
      break;
    }
    entries.push(entry!);
  }
  mark ??= { entries: before.length, chain: chainStart(Buffer.from(before.join(''))) };
  const missing = Math.max(0, ...due.keys());
  if (damage === undefined && missing > mark.entries) {
    damage = { line: line + 1, problem: `the log ends with entry ${mark.entries}, and entry ${missing} was noted` };
  }
  return { entries, unchained: unchained || before.length, mark, damage };
}

/** When masked updates left, milliseconds since 1970, as far as the log can be read; none without a log. */
export async function maskedTimes(directory: string): Promise<number[]> {
  const read = await readEgress(directory).catch((error: unknown) => {
    if (error instanceof FederatedError && error.code === 'invalid-argument') return undefined;
    throw error;
  });
  return (read?.entries ?? []).filter(({ masked }) => masked).map(({ time }) => Date.parse(time));
}

/** @throws `verification` naming the line. */
export function requireUndamaged({ damage }: ReadEgress, directory: string): void {
  if (damage === undefined) return;
  throw new FederatedError('verification', `line ${damage.line} of ${egressPath(directory)}: ${damage.problem}`, {
    detail: { rule: 'egress.chain', line: damage.line },
    fix: 'Someone or something changed the log after it was written. Compare it with a copy; keep both for whoever investigates.',
  });
}

function problemOf(
  found: ReturnType<typeof readChained>,
  entry: KeptEntry | undefined,
  before: EgressMark,
): string | undefined {
  if (found === undefined) return 'it does not end with a chain value';
  if (found.seq !== before.entries + 1)
    return `it says it is entry ${found.seq}, and entry ${before.entries + 1} is due`;
  if (nextChain(before.chain, found.said) !== found.chain)
    return 'it does not fit its chain value: it, or the line before, was changed';
  return entry === undefined ? 'it is not an entry of this version' : undefined;
}

function entryOf(said: string): KeptEntry | undefined {
  try {
    return shape.parse(JSON.parse(said)) as KeptEntry;
  } catch {
    return undefined;
  }
}

/** Lines without their breaks. Only a line feed is one: what a peer said may hold other separators. */
async function* linesOf(directory: string): AsyncGenerator<{ readonly text: string; readonly isWhole: boolean }> {
  const input = createReadStream(egressPath(directory), 'utf8');
  let rest = '';
  try {
    for await (const piece of input as AsyncIterable<string>) {
      const lines = (rest + piece).split('\n');
      rest = lines.pop()!;
      for (const text of lines) yield { text, isWhole: true };
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new FederatedError('invalid-argument', `there is no ${egressPath(directory)}`, {
      fix: 'Name the participant directory; nothing has left it when no client ever ran there.',
    });
  }
  if (rest !== '') yield { text: rest, isWhole: false };
}
