import { createHash } from 'node:crypto';

/** How far an egress log was at some time: a later one begins with the same lines. */
export interface EgressMark {
  /** Lines up to there; the first is number 1. */
  readonly entries: number;
  /** Chain value behind them, lower-case hex. */
  readonly chain: string;
}

/** A line that ends with its chain value; group 1 is what it says, without the closing brace. */
const chained = /^(\{"seq":([1-9][0-9]{0,14}),.*),"chain":"([0-9a-f]{64})"\}$/s;

/** What stands before the first chained line: nothing, or the lines of a version that did not chain them. */
export function chainStart(before: Uint8Array): string {
  return createHash('sha256').update(before).digest('hex');
}

/** The value behind a line: SHA-256 of the value before it (32 bytes) and what the line says (UTF-8 JSON without its `chain`). */
export function nextChain(before: string, said: string): string {
  return createHash('sha256').update(Buffer.from(before, 'hex')).update(said).digest('hex');
}

/** A line as it stands in the file, without its line break. @param said a JSON object that begins with `seq`. */
export function chainedLine(said: string, chain: string): string {
  return `${said.slice(0, -1)},"chain":"${chain}"}`;
}

/** The parts of a chained line; undefined for any other text. */
export function readChained(
  line: string,
): { readonly seq: number; readonly said: string; readonly chain: string } | undefined {
  const found = chained.exec(line);
  return found === null ? undefined : { seq: Number(found[2]), said: `${found[1]}}`, chain: found[3]! };
}
