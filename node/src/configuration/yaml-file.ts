import { type FileHandle, open } from 'node:fs/promises';
import { bounds } from '@concordat/core';
import {
  CORE_SCHEMA,
  constructFromEvents,
  EVENT_ID,
  type Event,
  getScalarValue,
  parseEvents,
  YAMLException,
} from 'js-yaml';
import type { Problem } from './problem.js';

/** A YAML file for people: one mapping, and the line on which each of its entries begins. */
export interface YamlFile {
  readonly path: string;
  readonly document: Readonly<Record<string, unknown>>;
  /** Dotted path (`listen.port`, `proposers.0`) → line, from 1. */
  readonly lines: ReadonlyMap<string, number>;
}

export type YamlReading =
  | { readonly type: 'absent' }
  | { readonly type: 'unusable'; readonly problem: Problem }
  | { readonly type: 'read'; readonly file: YamlFile };

const depthMax = 16;

/** Read and parse a file of at most 64 KiB. Never throws: what is wrong comes back as a problem. */
export async function readYamlFile(path: string): Promise<YamlReading> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? { type: 'absent' } : unreadable(path, error);
  }
  try {
    const { size } = await handle.stat();
    if (size > bounds.configurationBytesMax) return tooLong(path, size);
    return parseYaml(await handle.readFile('utf8'), path);
  } catch (error) {
    return unreadable(path, error);
  } finally {
    await handle.close();
  }
}

/**
 * Parse text as {@link readYamlFile} does. An empty file is an empty mapping; aliases and more than one document are refused.
 *
 * @param path for the messages.
 */
export function parseYaml(text: string, path: string): Exclude<YamlReading, { type: 'absent' }> {
  let events: Event[];
  let documents: unknown[];
  try {
    events = parseEvents(text, { maxDepth: depthMax });
    documents = constructFromEvents(events, { source: text, schema: CORE_SCHEMA, maxAliases: 0 });
  } catch (error) {
    const { reason, mark } =
      error instanceof YAMLException ? error : { reason: 'not readable as text', mark: undefined };
    const where = mark === undefined ? path : `${path}:${mark.line + 1}`;
    return unusable({ where, required: 'YAML', offered: reason, fix: 'Correct that line.' });
  }
  const document = documents[0] ?? {};
  if (documents.length > 1 || typeof document !== 'object' || Array.isArray(document)) {
    const offered = documents.length > 1 ? `${documents.length} documents` : 'a list or a single value';
    return unusable({
      where: `${path}:1`,
      required: 'one mapping of names to values',
      offered,
      fix: 'Write it as name: value, one on a line.',
    });
  }
  return {
    type: 'read',
    file: { path, document: document as Record<string, unknown>, lines: linesOf(events, text) },
  };
}

/** A collection that is being walked: its dotted path, and for a mapping the key whose value comes next. */
interface Frame {
  readonly path: string;
  readonly mapping: boolean;
  key: string | undefined;
  items: number;
}

/** js-yaml's events carry offsets, its values do not: walk the events once more, in order. */
function linesOf(events: readonly Event[], text: string): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  const lineAt = lineCounter(text);
  const frames: Frame[] = [];
  for (const event of events) {
    if (event.type === EVENT_ID.POP) frames.pop();
    if (event.type === EVENT_ID.POP || event.type === EVENT_ID.DOCUMENT || event.type === EVENT_ID.ALIAS) {
      if (event.type === EVENT_ID.DOCUMENT) frames.push({ path: '', mapping: false, key: undefined, items: -1 });
      continue;
    }
    const frame = frames.at(-1)!;
    const scalar = event.type === EVENT_ID.SCALAR;
    const line = lineAt(scalar ? event.valueStart : event.start);
    if (frame.mapping && frame.key === undefined && scalar) {
      frame.key = getScalarValue(text, event);
      lines.set(joined(frame.path, frame.key), line);
      continue;
    }
    const path = valuePath(frame, lines, line);
    if (!scalar) frames.push({ path, mapping: event.type === EVENT_ID.MAPPING, key: undefined, items: 0 });
  }
  return lines;
}

function valuePath(frame: Frame, lines: Map<string, number>, line: number): string {
  if (frame.mapping) {
    const path = joined(frame.path, frame.key!);
    frame.key = undefined;
    return path;
  }
  if (frame.items < 0) return '';
  const path = joined(frame.path, String(frame.items++));
  lines.set(path, line);
  return path;
}

function joined(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

/** Line of an offset, from 1. Offsets come in rising order, so every character is looked at once. */
function lineCounter(text: string): (offset: number) => number {
  let [line, at] = [1, 0];
  return (offset) => {
    for (; at < offset; at++) if (text[at] === '\n') line++;
    return line;
  };
}

function unreadable(path: string, error: unknown): YamlReading {
  const fix = 'Give this user read permission, or name another file.';
  return unusable({ where: path, required: 'a file that can be read', offered: codeOf(error) ?? 'unknown', fix });
}

function tooLong(path: string, size: number): YamlReading {
  const required = `at most ${bounds.configurationBytesMax} bytes`;
  return unusable({ where: path, required, offered: `${size} bytes`, fix: 'Name the file that was meant.' });
}

function unusable(problem: Pick<Problem, 'where' | 'required' | 'offered' | 'fix'>): {
  readonly type: 'unusable';
  readonly problem: Problem;
} {
  return { type: 'unusable', problem: { severity: 'error', setting: 'file', ...problem } };
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
