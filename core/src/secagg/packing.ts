import { FederatedError } from '../errors.js';
import { type Layout, laneBytes, type PlacedSegment, requireLength } from './layout.js';

/**
 * Pack signed integers into little-endian lanes, two's complement mod 2^b, with guards of 1 and zero padding.
 *
 * @param lanes one array per segment, [length] each, every value in −2^(b−1) … 2^(b−1) − 1.
 * @returns a new vector of `layout.lengthBytes`, the caller's.
 * @throws `invalid-argument` for another shape or a value outside the ring.
 */
export function packLanes(layout: Layout, lanes: readonly Int32Array[]): Uint8Array {
  if (lanes.length !== layout.segments.length) throw wrongShape('segments', layout.segments.length, lanes.length);
  const vector = new Uint8Array(layout.lengthBytes);
  layout.segments.forEach((placed, index) => {
    const values = lanes[index]!;
    if (values.length !== placed.segment.length)
      throw wrongShape(placed.segment.name, placed.segment.length, values.length);
    packSegment(placed, values, vector);
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
export function unpackLanes(layout: Layout, vector: Uint8Array): readonly UnpackedSegment[] {
  requireLength(layout, vector);
  return layout.segments.map((placed) => unpackSegment(placed, vector));
}

function packSegment(placed: PlacedSegment, values: Int32Array, vector: Uint8Array): void {
  const width = laneBytes(placed.segment);
  const largest = 2 ** (placed.segment.bits - 1);
  let at = placed.offset;
  vector[at] = 1;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < -largest || value >= largest) {
      throw new FederatedError('invalid-argument', `a lane of segment ${placed.segment.name} does not fit its ring`, {
        detail: { segment: placed.segment.name, lane: i, bits: placed.segment.bits },
      });
    }
    at += width;
    vector[at] = value;
    vector[at + 1] = value >> 8;
    if (width > 2) vector[at + 2] = value >> 16;
    if (width > 3) vector[at + 3] = value >> 24;
  }
  vector[at + width] = 1;
}

function unpackSegment(placed: PlacedSegment, vector: Uint8Array): UnpackedSegment {
  const width = laneBytes(placed.segment);
  const lane = (index: number): number => laneAt(vector, placed.offset + index * width, width);
  const lanes = new Int32Array(placed.segment.length);
  for (let i = 0; i < lanes.length; i++) lanes[i] = lane(i + 1);
  const pad = vector.subarray(placed.offset + placed.lanes * width, placed.offset + placed.paddedBytes);
  return { lanes, guards: [lane(0), lane(placed.lanes - 1)], padZero: pad.every((byte) => byte === 0) };
}

function laneAt(vector: Uint8Array, at: number, width: 2 | 3 | 4): number {
  const low = vector[at]! | (vector[at + 1]! << 8);
  if (width === 2) return (low << 16) >> 16;
  const middle = low | (vector[at + 2]! << 16);
  return width === 3 ? (middle << 8) >> 8 : middle | (vector[at + 3]! << 24);
}

function wrongShape(what: string, required: number, offered: number): FederatedError {
  return new FederatedError('invalid-argument', 'an update has another shape than the segments', {
    detail: { what, required, offered },
  });
}
