import type { EngineName } from '@concordat/client-sdk';
import type { Cost } from '../measure.js';
import { residentBytes } from '../stage/memory.js';
import { OtherProcess } from '../stage/other-process.js';
import type { Answer, EngineQuestion } from './engine-program.js';
import type { NetworkName } from './networks.js';

/** Somebody who trains a network, in a process of its own. */
export interface Rival {
  /** With its version: `onnxruntime 1.30.0`. */
  readonly name: string;
  /** What one pass trains on: each thread of ours has its own participant, so two train twice as many. */
  readonly examples: number;
  /** One pass over the examples. */
  turn(): Promise<Cost>;
  /** The most that its process had in memory until now; undefined where nobody says. */
  bytes(): number | undefined;
  close(): Promise<void>;
}

/** What a rival is asked to train. */
export interface Contest {
  readonly network: NetworkName;
  readonly examples: number;
  readonly threads: number;
}

/** An engine of ours. @returns why not, where it does not load or does not train this. */
export function openEngine(engine: EngineName, contest: Contest): Promise<Rival | { readonly reason: string }> {
  return openProgram('./engine-program.js', { engine, ...contest });
}

/** tfjs on wasm as it comes from npm, in one thread. @returns why not, where it does not train this. */
export function openStockWasm(contest: Contest): Promise<Rival | { readonly reason: string }> {
  return openProgram('./stock-program.js', { engine: 'tfjs-wasm', ...contest, threads: 1 });
}

async function openProgram(
  file: string,
  contest: Extract<EngineQuestion, { open: object }>['open'],
): Promise<Rival | { readonly reason: string }> {
  const process = new OtherProcess<EngineQuestion>(new URL(file, import.meta.url).pathname);
  const answer = await process.ask<Answer>({ open: contest });
  if ('reason' in answer) {
    await process.close();
    return answer;
  }
  return {
    name: answer.engine,
    examples: contest.examples * contest.threads,
    turn: () => process.ask<Cost>({ turn: true }),
    bytes: () => residentBytes(process.pid).peak,
    close: () => process.close(),
  };
}
