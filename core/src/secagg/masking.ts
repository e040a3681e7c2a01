/** One keystream to add to a packed vector (sign 1) or to take from it (sign −1). The key is secret. */
export interface MaskKey {
  /** AES-256 key, 32 bytes. */
  readonly key: Uint8Array;
  readonly sign: 1 | -1;
}
