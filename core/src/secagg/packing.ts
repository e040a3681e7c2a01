import { FederatedError } from '../errors.js';
import { plainKernels } from '../kernels/plain-kernels.js';
import type { Kernels } from '../kernels/port.js';
import { type Layout, laneBytes, type PlacedSegment, requireLength } from './layout.js';

/**
 * Pack signed integers into little-endian lanes, two's complement mod 2^b, with guards of 1 and zero padding.
 *
 * @param lanes one array per segment, [length] each, every value in −2^(b−1) … 2^(b−1) − 1.
 * @param vector [layout.lengthBytes] of zeros to write into; a new one unless given.
 * @returns `vector`, the caller's.
 * @throws `invalid-argument` for another shape or a value outside the ring.
 */
export function packLanes(
  layout: Layout,
  lanes: readonly Int32Array[],
  kernels: Kernels = plainKernels,
  vector: Uint8Array = new Uint8Array(layout.lengthBytes),
): Uint8Array {
  requireLength(layout, vector);
  if (lanes.length !== layout.segments.length) throw wrongShape('segments', layout.segments.length, lanes.length);
  layout.segments.forEach((placed, index) => {
    const values = lanes[index]!;
    if (values.length !== placed.segment.length)
      throw wrongShape(placed.segment.name, placed.segment.length, values.length);
    packSegment(kernels, placed, values, vector);
  });
  return vector;
}

/** One segment as it was found in a packed vector. */
export interface UnpackedSegment {
  /** [length] payload, decoded centred. */
  readonly lanes: Int32Array;
  /** First and last lane. */
  readonly guards: readonly [number, number];
  /** Whether every byte of padding is zero. */
  readonly padZero: boolean;
}

/** Decode every lane, centred: residues from 2^(b−1) up are negative. */
export function unpackLanes(
  layout: Layout,
  vector: Uint8Array,
  kernels: Kernels = plainKernels,
): readonly UnpackedSegment[] {
  requireLength(layout, vector);
  return layout.segments.map((placed) => unpackSegment(kernels, placed, vector));
}

function packSegment(kernels: Kernels, placed: PlacedSegment, values: Int32Array, vector: Uint8Array): void {
  const { segment } = placed;
  const { front, payload, behind } = partsOf(placed, vector);
  const strange = kernels.packLanes(segment.bits, values, payload);
  if (strange !== -1) {
    throw new FederatedError('invalid-argument', `a lane of segment ${segment.name} does not fit its ring`, {
      detail: { segment: segment.name, lane: strange, bits: segment.bits },
    });
  }
  front[0] = 1;
  behind[0] = 1;
}

function unpackSegment(kernels: Kernels, placed: PlacedSegment, vector: Uint8Array): UnpackedSegment {
  const { bits, length } = placed.segment;
  const { front, payload, behind, padding } = partsOf(placed, vector);
  const lanes = new Int32Array(length);
  kernels.unpackLanes(bits, payload, lanes);
  const guards = new Int32Array(2);
  plainKernels.unpackLanes(bits, front, guards.subarray(0, 1));
  plainKernels.unpackLanes(bits, behind, guards.subarray(1));
  return { lanes, guards: [guards[0]!, guards[1]!], padZero: padding.every((byte) => byte === 0) };
}

/** A segment's guard lane in front, its payload, its guard lane behind, and what fills it up. */
function partsOf({ segment, offset, lanes, paddedBytes }: PlacedSegment, vector: Uint8Array) {
  const width = laneBytes(segment);
  const bytes = vector.subarray(offset, offset + paddedBytes);
  const end = lanes * width;
  return {
    front: bytes.subarray(0, width),
    payload: bytes.subarray(width, end - width),
    behind: bytes.subarray(end - width, end),
    padding: bytes.subarray(end),
  };
}

function wrongShape(what: string, required: number, offered: number): FederatedError {
  return new FederatedError('invalid-argument', 'an update has another shape than the segments', {
    detail: { what, required, offered },
  });
}
