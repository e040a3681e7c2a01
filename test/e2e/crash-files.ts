import { createHash } from 'node:crypto';
import { DurableWriter } from '@concordat/coordinator';
import { readU32 } from '@concordat/core';
import { AppendLog, writeDurably } from '@concordat/node';
import { seeded } from '../coordinator/machine-participant.js';
import { type Draw, ForgetfulFiles, PowerCut } from '../support/forgetful-files.js';

const livesPerSeed = 4;
const recordBytesMax = 4_096;
const paths = { log: '/state/journal.log', file: '/state/roster.json', blobs: '/blobs' };

/** What came of one seed. */
export interface CrashedFiles {
  readonly crashes: number;
  readonly acknowledged: number;
  readonly violations: readonly string[];
}

/** What was promised over all lives, and what was begun. */
interface Promised {
  /** Records in order; those behind `acknowledged` were begun in the life that ended, and may be there or not. */
  readonly records: string[];
  acknowledged: number;
  /** Contents of the replaced file, oldest first. */
  readonly contents: string[];
  acknowledgedContent: number;
}

/**
 * Several lives over the same files: records are appended, a file is replaced, blobs are written and then named in a record, and the power
 * is cut at a call that the seed draws. Acknowledged means durable: nothing of it is lost, doubled or moved, and a blob that a record
 * names is whole.
 */
export async function crashFiles(seed: string): Promise<CrashedFiles> {
  const random = seeded(seed);
  const draw: Draw = (below) => readU32(random.bytes(4)) % below;
  const files = new ForgetfulFiles(draw);
  const promised: Promised = { records: [], acknowledged: 0, contents: [], acknowledgedContent: 0 };
  const violations: string[] = [];
  let crashes = 0;
  for (let life = 0; life < livesPerSeed; life++) {
    files.cutAfter(draw(70));
    try {
      await live(files, draw, promised, `${seed} ${life}`, violations);
      files.cutAfter(0);
    } catch (error) {
      if (!isPowerCut(error)) violations.push(`${seed}, life ${life}: ${String(error)}`);
    }
    crashes += 1;
    files.powerBack();
  }
  await requireAll(files, promised, violations, seed).catch((error: unknown) => {
    violations.push(`${seed}, at the end: ${String(error)}`);
  });
  return { crashes, acknowledged: promised.acknowledged + promised.acknowledgedContent, violations };
}

async function live(
  files: ForgetfulFiles,
  draw: Draw,
  promised: Promised,
  name: string,
  violations: string[],
): Promise<void> {
  const log = await requireAll(files, promised, violations, name);
  for (let step = 0; step < 24; step++) {
    const content = `${name} ${step} `.padEnd(1 + draw(recordBytesMax - 64), 'x');
    switch (draw(3)) {
      case 0:
        await appendSome(log, promised, content, 1 + draw(3));
        break;
      case 1:
        await replaceFile(files, promised, content);
        break;
      case 2:
        await appendBlob(files, log, promised, content);
        break;
    }
  }
}

/** Several at once: they are queued, and each is acknowledged by itself. */
async function appendSome(log: AppendLog, promised: Promised, content: string, count: number): Promise<void> {
  const appends = Array.from({ length: count }, (_, i) => {
    promised.records.push(`${i} ${content}`);
    const place = promised.records.length;
    return log.append(Buffer.from(`${i} ${content}`)).then(() => {
      promised.acknowledged = place;
    });
  });
  for (const append of await Promise.allSettled(appends)) if (append.status === 'rejected') throw append.reason;
}

async function replaceFile(files: ForgetfulFiles, promised: Promised, content: string): Promise<void> {
  promised.contents.push(content);
  await writeDurably(paths.file, piecesOf(content), { files });
  promised.acknowledgedContent = promised.contents.length;
}

async function* piecesOf(content: string): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += 1_500) yield Buffer.from(content.slice(at, at + 1_500));
}

/** As the coordinator's journal does it: first the blob, then the row that names it. */
async function appendBlob(files: ForgetfulFiles, log: AppendLog, promised: Promised, content: string): Promise<void> {
  const digest = digestOf(Buffer.from(content));
  const writer = await DurableWriter.create(`${paths.blobs}/${digest}.part`, files);
  for await (const piece of piecesOf(content)) await writer.append(piece);
  await writer.commit(`${paths.blobs}/${digest}`);
  await appendSome(log, promised, `blob ${digest}`, 1);
}

/** Open what is there after a crash, and hold it against what was promised. What was begun and is there counts from now on. */
async function requireAll(
  files: ForgetfulFiles,
  promised: Promised,
  violations: string[],
  name: string,
): Promise<AppendLog> {
  const { log, records } = await AppendLog.open(paths.log, { recordBytesMax, files });
  const found = records.map((record) => Buffer.from(record).toString());
  if (found.length < promised.acknowledged)
    violations.push(`${name}: ${promised.acknowledged - found.length} records lost`);
  if (found.some((record, at) => record !== promised.records[at])) violations.push(`${name}: other records`);
  promised.records.length = 0;
  promised.records.push(...found);
  promised.acknowledged = found.length;
  for (const record of found) {
    const digest = /^0 blob ([0-9a-f]{64})/.exec(record)?.[1];
    if (digest === undefined) continue;
    const blob = files.read(`${paths.blobs}/${digest}`);
    if (blob === undefined || digestOf(blob) !== digest)
      violations.push(`${name}: a blob that a record names is not whole`);
  }
  requireContent(files, promised, violations, name);
  return log;
}

function requireContent(files: ForgetfulFiles, promised: Promised, violations: string[], name: string): void {
  const bytes = files.read(paths.file);
  const content = bytes === undefined ? undefined : Buffer.from(bytes).toString();
  const at = content === undefined ? -1 : promised.contents.indexOf(content);
  if (at + 1 < promised.acknowledgedContent)
    violations.push(`${name}: the file is older than was acknowledged, or torn`);
  if (content !== undefined && at < 0) violations.push(`${name}: the file is torn`);
  promised.contents.length = at + 1;
  promised.acknowledgedContent = at + 1;
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** An error of ours may be around it. */
function isPowerCut(error: unknown): boolean {
  for (let one = error; one instanceof Error; one = one.cause) if (one instanceof PowerCut) return true;
  return false;
}
