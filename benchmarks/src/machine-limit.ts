import { createCipheriv } from 'node:crypto';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kernels, plainKernels } from '@concordat/core';
import { chooseKernels, Garbage, keepFreedMemory, minorCollection } from '@concordat/node';
import { median } from './measure.js';

/** What this machine needs at least for one byte, measured in this run: the best of five turns in time on a processor, so that a busy
 * machine hardly raises it; one thread. A turn is long enough to pay for the garbage it makes. */
export interface ByteCost {
  /** AES-256-CTR of node:crypto alone, in steps of 64 KiB. */
  readonly aesMillis: number;
  /** Adding a chunk of packed lanes to another one, by the fastest kernels there are. */
  readonly addMillis: number;
}

const turns = 5;
const stepBytes = 65_536;
const aesBytes = 64 * 1024 * 1024;
/** Else a turn ends with more new pages than the system lets a process keep, and the limit is none. */
const garbageBytesMax = 2 * 1024 * 1024;
const chunkBytes = 49_152;
const chunks = 1_366;

const known = new Map<number, ByteCost>();

/** @returns milliseconds for a byte; measured once for each width and process. */
export function costOfByte(bits: 16 | 24 | 32): ByteCost {
  const found = known.get(bits) ?? { aesMillis: aesMillis(), addMillis: addMillis(bits) };
  known.set(bits, found);
  return found;
}

/**
 * The least that adding keystreams can cost: making their bytes, and adding as many lanes.
 *
 * @param bytes.keystream to expand. @param bytes.added to add: the keystreams, and vectors beside them.
 */
export function maskingLimit(bits: 16 | 24 | 32, bytes: { readonly keystream: number; readonly added: number }) {
  const { aesMillis, addMillis } = costOfByte(bits);
  const terms = { limitAesMillis: bytes.keystream * aesMillis, limitAddMillis: bytes.added * addMillis };
  return { limit: terms.limitAesMillis + terms.limitAddMillis, terms };
}

/** Milliseconds of one durable append of 4 KiB beside the temporary files of a benchmark: the median of fifty. */
export function fsyncMillis(): number {
  const directory = mkdtempSync(join(tmpdir(), 'concordat-fsync-'));
  const file = openSync(join(directory, 'log'), 'w');
  try {
    const page = new Uint8Array(4096);
    const times = Array.from({ length: 50 }, () => {
      const before = performance.now();
      writeSync(file, page);
      fdatasyncSync(file);
      return performance.now() - before;
    });
    return median(times);
  } finally {
    closeSync(file);
    rmSync(directory, { recursive: true });
  }
}

function aesMillis(): number {
  // Else the system's pages would be measured, and the limit be no limit.
  keepFreedMemory();
  const garbage = new Garbage(garbageBytesMax, minorCollection());
  const zeros = new Uint8Array(stepBytes);
  const cipher = createCipheriv('aes-256-ctr', new Uint8Array(32).fill(7), new Uint8Array(16));
  return best(aesBytes, () => {
    for (let at = 0; at < aesBytes; at += stepBytes) {
      garbage.made(stepBytes);
      cipher.update(zeros);
    }
  });
}

function addMillis(bits: 16 | 24 | 32): number {
  const candidates = [chooseKernels('auto'), plainKernels].map((kernels) => addMillisOf(bits, kernels));
  return Math.min(...candidates);
}

function addMillisOf(bits: 16 | 24 | 32, kernels: Kernels): number {
  const target = new Uint8Array(chunkBytes);
  const addend = { lanes: new Uint8Array(chunkBytes).fill(9), sign: 1 } as const;
  const addends = Array.from({ length: chunks }, () => addend);
  return best(chunks * chunkBytes, () => kernels.addAll(bits, target, addends));
}

function best(bytes: number, work: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < turns; turn++) {
    const cpuBefore = process.cpuUsage();
    const wallBefore = performance.now();
    work();
    const wallMillis = performance.now() - wallBefore;
    const { user, system } = process.cpuUsage(cpuBefore);
    least = Math.min(least, wallMillis, (user + system) / 1000);
  }
  return least / bytes;
}
