const highBits = 0x80008000;
const lowBits = 0x7fff7fff;
const hostIsLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * target ± source, lane by lane mod 2^bits, in place.
 *
 * @param target little-endian lanes; length a multiple of 48 bytes; changed in place.
 * @param source as long as `target`; unchanged.
 */
export function addLanes(bits: 16 | 24 | 32, target: Uint8Array, source: Uint8Array, sign: 1 | -1): void {
  const flip = sign === 1 ? 0 : -1;
  const words = hostIsLittleEndian ? wordsOf(target) : undefined;
  // A keystream may arrive unaligned from a pool; one copy is cheaper than bytewise arithmetic.
  const addend = words === undefined ? undefined : (wordsOf(source) ?? wordsOf(source.slice()));
  if (words === undefined || addend === undefined) addLanesBytewise(bits, target, source, sign);
  else if (bits === 16) addWords16(words, addend, flip);
  else if (bits === 24) addWords24(words, addend, flip);
  else addWords32(words, addend, flip);
}

/** The same, one byte at a time with a carry: for unaligned vectors and big-endian hosts, and the twin the fast paths are tested against. */
export function addLanesBytewise(bits: 16 | 24 | 32, target: Uint8Array, source: Uint8Array, sign: 1 | -1): void {
  const laneBytes = bits / 8;
  for (let lane = 0; lane < target.length; lane += laneBytes) {
    let carry = 0;
    for (let i = lane; i < lane + laneBytes; i++) {
      const value = target[i]! + sign * source[i]! + carry;
      target[i] = value & 0xff;
      carry = value >> 8;
    }
  }
}

// In two's complement t − s = ~(~t + s), lane by lane: `flip` is all ones to subtract and 0 to add, and one loop does both.

// Two lanes of 16 bits at once: the top bit of each lane is added without its carry.
function addWords16(target: Uint32Array, source: Uint32Array, flip: number): void {
  for (let i = 0; i < target.length; i++) {
    const a = target[i]! ^ flip;
    const b = source[i]!;
    target[i] = ((a & lowBits) + (b & lowBits)) ^ ((a ^ b) & highBits) ^ flip;
  }
}

// Four lanes of 24 bits lie in three words. What overflows a lane is cut off only when the words are put together again.
function addWords24(target: Uint32Array, source: Uint32Array, flip: number): void {
  for (let i = 0; i < target.length; i += 3) {
    const a0 = target[i]! ^ flip;
    const a1 = target[i + 1]! ^ flip;
    const a2 = target[i + 2]! ^ flip;
    const b0 = source[i]!;
    const b1 = source[i + 1]!;
    const b2 = source[i + 2]!;
    const first = (a0 + b0) | 0;
    const second = (((a0 >>> 24) | (a1 << 8)) + ((b0 >>> 24) | (b1 << 8))) | 0;
    const third = (((a1 >>> 16) | (a2 << 16)) + ((b1 >>> 16) | (b2 << 16))) | 0;
    const fourth = ((a2 >>> 8) + (b2 >>> 8)) | 0;
    target[i] = ((first & 0xffffff) | (second << 24)) ^ flip;
    target[i + 1] = (((second >>> 8) & 0xffff) | (third << 16)) ^ flip;
    target[i + 2] = (((third >>> 16) & 0xff) | (fourth << 8)) ^ flip;
  }
}

function addWords32(target: Uint32Array, source: Uint32Array, flip: number): void {
  for (let i = 0; i < target.length; i++) target[i] = ((target[i]! ^ flip) + source[i]!) ^ flip;
}

function wordsOf(bytes: Uint8Array): Uint32Array | undefined {
  return bytes.byteOffset % 4 === 0 ? new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4) : undefined;
}
