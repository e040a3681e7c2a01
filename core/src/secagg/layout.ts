import { FederatedError, refusal } from '../errors.js';
import { bounds } from '../wire/bounds.js';
import type { Segment } from '../wire/messages.js';

/** Segments start at multiples of this: whole lanes of every width, whole AES blocks, and it divides a chunk. */
export const segmentAlignment = 48;
/** One lane of value 1 in front of a segment's payload and one behind it. */
export const guardLanes = 2;

/** One segment placed in the packed vector. Offsets and lengths are bytes. */
export interface PlacedSegment {
  readonly segment: Segment;
  /** First byte of the first guard lane; a multiple of 48. */
  readonly offset: number;
  /** Lanes including the two guards. */
  readonly lanes: number;
  /** Bytes to the next segment or to the end, padding included; a multiple of 48. */
  readonly paddedBytes: number;
}

/** Where every lane of a masked vector lies. */
export interface Layout {
  readonly segments: readonly PlacedSegment[];
  /** Bytes of the packed vector; a multiple of 48. */
  readonly lengthBytes: number;
}

/**
 * Place segments one behind the other.
 *
 * @throws `refused` `segments.…` when a width, a length or the whole leaves its bounds.
 */
export function layoutOf(segments: readonly Segment[]): Layout {
  if (segments.length < 1 || segments.length > bounds.segmentsMax) {
    throw refusal('segments.count', 'a session has at least one segment and not too many', {
      required: bounds.segmentsMax,
      offered: segments.length,
    });
  }
  const placed: PlacedSegment[] = [];
  let offset = 0;
  for (const segment of segments) {
    requireSegment(segment);
    const lanes = segment.length + guardLanes;
    const paddedBytes = Math.ceil((lanes * laneBytes(segment)) / segmentAlignment) * segmentAlignment;
    placed.push({ segment, offset, lanes, paddedBytes });
    offset += paddedBytes;
  }
  if (offset > bounds.maskedVectorBytesMax) {
    throw refusal('segments.bytes', 'the masked vector would be too long', {
      required: bounds.maskedVectorBytesMax,
      offered: offset,
    });
  }
  return { segments: placed, lengthBytes: offset };
}

/** Bytes of one lane: 2, 3 or 4. */
export function laneBytes(segment: Segment): 2 | 3 | 4 {
  return segment.bits === 16 ? 2 : segment.bits === 24 ? 3 : 4;
}

/**
 * The largest magnitude one participant may put into a lane: 2^(q−1) − 1 for model lanes (a weight never exceeds 2^15/2^15), else the bound.
 */
export function laneMagnitude(segment: Segment): number {
  return Math.max(1, segment.kind === 'model' ? 2 ** (segment.quantBits - 1) - 1 : segment.bound);
}

/**
 * Refuse a segment whose sum could leave its ring: required is 2·(maxCohort·L + 6σ·√maxCohort) < 2^b.
 *
 * @param options.noise σ, one client's noise in lane units; 0 without a mechanism.
 * @throws `refused` `segments.ring`.
 */
export function requireRing(
  segments: readonly Segment[],
  options: { readonly maxCohort: number; readonly noise?: number },
): void {
  for (const segment of segments) {
    const reach = options.maxCohort * laneMagnitude(segment) + 6 * (options.noise ?? 0) * Math.sqrt(options.maxCohort);
    if (2 * reach < 2 ** segment.bits) continue;
    throw refusal('segments.ring', `segment ${segment.name} could overflow its ring of ${segment.bits} bits`, {
      required: 2 ** segment.bits - 1,
      offered: 2 * reach,
      fix: 'use wider lanes, fewer quantization bits, or a smaller largest cohort',
    });
  }
}

function requireSegment(segment: Segment): void {
  if (segment.bits !== 16 && segment.bits !== 24 && segment.bits !== 32) {
    throw refusal('segments.bits', 'lanes are 16, 24 or 32 bits wide', {
      required: '16 | 24 | 32',
      offered: String(segment.bits),
    });
  }
  if (!Number.isInteger(segment.length) || segment.length < 1 || segment.length > bounds.lanesMax) {
    throw refusal('segments.length', 'a segment has at least one lane and not too many', {
      required: bounds.lanesMax,
      offered: segment.length,
    });
  }
  const badQuantization = segment.kind === 'model' && !(segment.quantBits >= 2 && segment.quantBits <= segment.bits);
  if (badQuantization || !Number.isInteger(segment.quantBits)) {
    throw refusal('segments.quantBits', 'model lanes are quantized to at least 2 bits', {
      required: segment.bits,
      offered: segment.quantBits,
    });
  }
  if (!(Number.isFinite(segment.bound) && segment.bound > 0)) {
    throw refusal('segments.bound', 'a segment has a finite bound above 0', {
      required: '> 0',
      offered: String(segment.bound),
    });
  }
}

/**
 * A wrong vector length, as an error.
 *
 * @throws `invalid-argument` unless `vector` has the layout's length.
 */
export function requireLength(layout: Layout, vector: Uint8Array): void {
  if (vector.length === layout.lengthBytes) return;
  throw new FederatedError('invalid-argument', 'a packed vector has another length than its layout', {
    detail: { required: layout.lengthBytes, offered: vector.length },
  });
}
