import type { Segment } from '../wire/messages.js';

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
