import type { Kernel, WasmBackend } from './kernel.js';

/** Rows of equal number added up: the gradient of an embedding. A row whose number is no segment is left out, as on the other backends. */
export const segmentSum: Kernel = {
  kernelName: 'UnsortedSegmentSum',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs = {}, backend }) => {
    const wasm = backend as WasmBackend;
    const { x, segmentIds } = inputs;
    const { numSegments } = attrs as { numSegments: number };
    const rowShape = x!.shape.slice(segmentIds!.shape.length);
    const width = rowShape.reduce((product, size) => product * size, 1);
    const sums = wasm.makeOutput([numSegments, ...rowShape], 'float32');
    const [rows, numbers] = [wasm.typedArrayFromHeap(x!), wasm.typedArrayFromHeap(segmentIds!)];
    const added = wasm.typedArrayFromHeap(sums).fill(0);
    numbers.forEach((segment, row) => {
      if (segment < 0 || segment >= numSegments) return;
      for (let i = 0; i < width; i++) added[segment * width + i]! += rows[row * width + i]!;
    });
    return sums;
  },
};
