import { link, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { openSpooledSum, Spool, type SpooledOrder } from '@concordat/coordinator';
import { type Layout, vectorRoot } from '@concordat/core';
import { chooseKernels, LaneThreads, nodeCrypto } from '@concordat/node';
import { maskingLimit } from './machine-limit.js';
import { maskKeysOf, modelLayout } from './masking.js';
import { measureCost } from './measure.js';
import type { Measurement, Question } from './measurement.js';

const place = { run: 'benchmark', round: 1 };

/**
 * What a coordinator spends to open a sum in threads: the survivors' spooled vectors added, then a self mask for each survivor and one
 * mask for each pair of a survivor and a dropout taken out. Beside it the longest time that its event loop was not reached.
 */
export async function measureServerUnmask(question: Question, count: number): Promise<Measurement> {
  const layout = modelLayout(question);
  const dropouts = Math.floor(question.participants * question.drop);
  const survivors = Array.from({ length: question.participants - dropouts }, (_, i) => `participant-${i + 1}`);
  const keystreams = survivors.length * (1 + dropouts);
  const directory = await mkdtemp(join(tmpdir(), 'concordat-bench-'));
  const threads = new LaneThreads({ threads: count, kernels: question.kernels });
  const delay = monitorEventLoopDelay({ resolution: 5 });
  try {
    const spool = new Spool(directory);
    await spoolVectors(spool, layout, survivors);
    const kernels = chooseKernels(question.kernels);
    const open = async () => {
      const order = orderOf(layout, survivors, keystreams);
      await openSpooledSum({ ...place, crypto: nodeCrypto, kernels, spool, order, threads });
    };
    // The first turn, which is not counted, starts the threads.
    await open();
    delay.enable();
    const { wallMillis, cpuMillis } = await measureCost(open, question.repeats);
    delay.disable();
    const keystreamBytes = keystreams * layout.lengthBytes;
    const added = keystreamBytes + survivors.length * layout.lengthBytes;
    const { limit, terms } = maskingLimit(question.bits, { keystream: keystreamBytes, added });
    return {
      value: wallMillis,
      unit: 'ms',
      limit: limit / count,
      detail: {
        ...terms,
        cpuMillis,
        cpuRatio: cpuMillis / limit,
        threads: count,
        keystreams,
        keystreamBytes,
        loopDelayMaxMillis: delay.max / 1e6,
        kernels: kernels.name,
      },
    };
  } finally {
    await threads.close();
    await rm(directory, { recursive: true });
  }
}

function orderOf(layout: Layout, survivors: readonly string[], keystreams: number): SpooledOrder {
  return {
    layout,
    survivors: survivors.map((participant) => ({ participant })),
    maskKeys: maskKeysOf(keystreams),
  };
}

/** One vector under all names: what is read is the same, and disks stay small. */
async function spoolVectors(spool: Spool, layout: Layout, survivors: readonly string[]): Promise<void> {
  const [first, ...others] = survivors;
  const vector = nodeCrypto.keystream(new Uint8Array(32), 0, layout.lengthBytes);
  const { length: lengthBytes } = vector;
  const announced = { ...place, participant: first!, lengthBytes, merkleRoot: vectorRoot(nodeCrypto, vector) };
  const partial = await spool.resume(announced);
  if (partial !== 'complete') {
    await partial.append(vector);
    await partial.commit();
  }
  const path = spool.path({ ...place, participant: first! });
  for (const participant of others) await link(path, spool.path({ ...place, participant }));
}
