import { rotate, rotationSigns } from '@concordat/core';
import { chooseKernels, nodeCrypto } from '@concordat/node';
import { measureCost } from './measure.js';
import type { Measurement, Question } from './measurement.js';

const turns = 15;

/** What a client spends to rotate one update, signs included; beside copying it once, since every value is read and written. */
export async function measureRotate({ parameters, kernels: choice, repeats }: Question): Promise<Measurement> {
  const kernels = chooseKernels(choice);
  const values = Float32Array.from({ length: parameters }, (_, i) => Math.sin(i));
  const seed = { planHash: new Uint8Array(32).fill(1), baseModelHash: new Uint8Array(32).fill(2) };
  const { wallMillis, cpuMillis } = await measureCost(
    () => rotate(values, rotationSigns(nodeCrypto, seed), kernels),
    repeats,
  );
  const limit = copyMillis(values);
  const nanos = 1e6 / parameters;
  return {
    value: wallMillis,
    unit: 'ms',
    limit,
    detail: {
      cpuMillis,
      nanosPerValue: wallMillis * nanos,
      cpuNanosPerValue: cpuMillis * nanos,
      limitCopyNanosPerValue: limit * nanos,
      kernels: kernels.name,
    },
  };
}

/** The best of many turns, so that a busy machine does not raise it. */
function copyMillis(values: Float32Array): number {
  const copy = values.slice();
  let least = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < turns; turn++) {
    const before = performance.now();
    copy.set(values);
    least = Math.min(least, performance.now() - before);
  }
  return least;
}
