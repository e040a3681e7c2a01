import { createHash } from 'node:crypto';
import { type Layout, layoutOf, type MaskKey } from '@concordat/core';
import { chooseKernels, LaneThreads } from '@concordat/node';
import { maskingLimit } from './machine-limit.js';
import { measureCost } from './measure.js';
import type { Measurement, Question } from './measurement.js';

/** What a client spends to mask one update: n keystreams, its own included, expanded and added in a thread, where the SDK does it. */
export async function measureClientMask(question: Question): Promise<Measurement> {
  const keystreams = question.participants;
  const layout = modelLayout(question);
  const vector = new Uint8Array(new SharedArrayBuffer(layout.lengthBytes));
  const kernels = chooseKernels(question.kernels);
  const bytes = keystreams * vector.length;
  const { limit, terms } = maskingLimit(question.bits, { keystream: bytes, added: bytes });
  const threads = new LaneThreads({ threads: 1, kernels: question.kernels });
  const { wallMillis, cpuMillis } = await measureCost(
    () => threads.add(layout, vector, { maskKeys: maskKeysOf(keystreams) }),
    question.repeats,
  ).finally(() => threads.close());
  return {
    value: wallMillis,
    unit: 'ms',
    limit,
    detail: {
      ...terms,
      cpuMillis,
      cpuRatio: cpuMillis / limit,
      keystreams,
      keystreamBytes: bytes,
      kernels: kernels.name,
    },
  };
}

/** One model segment of d lanes. */
export function modelLayout({ parameters, bits }: Question): Layout {
  return layoutOf([{ name: 'model', length: parameters, bits, quantBits: 8, bound: 1, kind: 'model' }]);
}

/** Keys that differ, with alternating signs. */
export function maskKeysOf(count: number): MaskKey[] {
  return Array.from({ length: count }, (_, v) => ({
    key: new Uint8Array(createHash('sha256').update(`benchmark mask ${v}`).digest()),
    sign: v % 2 === 0 ? 1 : -1,
  }));
}
