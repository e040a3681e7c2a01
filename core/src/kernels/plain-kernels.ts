import { addLanes } from '../secagg/ring.js';
import { rotate } from './hadamard.js';
import { packLanes, unpackLanes } from './lane-packing.js';
import type { Addend, Kernels, LaneBits } from './port.js';
import { round, scale } from './rounding.js';

/** The kernels in TypeScript: what every other implementation is held to, and what runs where there is no SIMD. */
export const plainKernels: Kernels = {
  name: 'plain',
  addAll,
  packLanes,
  unpackLanes,
  round,
  scale,
  rotate,
};

function addAll(bits: LaneBits, target: Uint8Array, addends: Iterable<Addend>): void {
  for (const { lanes, sign } of addends) addLanes(bits, target, lanes, sign);
}
