import { deltaSteps, splitTensors, type TensorShape, type Weights } from '@concordat/core';

/** `deltaSteps` to its end; both arguments stay as they are. */
export function deltaOf(initial: Weights, trained: Weights, shapes: readonly TensorShape[]): Float32Array<ArrayBuffer> {
  const steps = deltaSteps(new Float32Array(initial), splitTensors(trained, shapes), shapes, 2);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
