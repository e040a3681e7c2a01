const highBits = 0x80008000;
const lowBits = 0x7fff7fff;
const lane24 = 0xffffff;
const hostIsLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * target ± source, lane by lane mod 2^bits, in place.
 *
 * @param target little-endian lanes; length a multiple of 48 bytes; changed in place.
 * @param source as long as `target`; unchanged.
 */
export function addLanes(bits: 16 | 24 | 32, target: Uint8Array, source: Uint8Array, sign: 1 | -1): void {
  const words = hostIsLittleEndian ? wordsOf(target) : undefined;
  // A keystream may arrive unaligned from a pool; one copy is cheaper than bytewise arithmetic.
  const addend = words === undefined ? undefined : (wordsOf(source) ?? wordsOf(source.slice()));
  if (words === undefined || addend === undefined) addLanesBytewise(bits, target, source, sign);
  else if (bits === 16) addWords16(words, addend, sign);
  else if (bits === 24) addWords24(words, addend, sign);
  else addWords32(words, addend, sign);
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

// Two lanes of 16 bits at once: the top bit of each lane is added without its carry.
function addWords16(target: Uint32Array, source: Uint32Array, sign: 1 | -1): void {
  if (sign === 1) {
    for (let i = 0; i < target.length; i++) {
      const a = target[i]!;
      const b = source[i]!;
      target[i] = ((a & lowBits) + (b & lowBits)) ^ ((a ^ b) & highBits);
    }
    return;
  }
  for (let i = 0; i < target.length; i++) {
    const a = target[i]!;
    const b = source[i]!;
    target[i] = ((a | highBits) - (b & lowBits)) ^ ((a ^ ~b) & highBits);
  }
}

// Four lanes of 24 bits lie in three words.
function addWords24(target: Uint32Array, source: Uint32Array, sign: 1 | -1): void {
  for (let i = 0; i < target.length; i += 3) {
    const a0 = target[i]!;
    const a1 = target[i + 1]!;
    const a2 = target[i + 2]!;
    const b0 = source[i]!;
    const b1 = source[i + 1]!;
    const b2 = source[i + 2]!;
    const first = ((a0 & lane24) + sign * (b0 & lane24)) & lane24;
    const second = (((a0 >>> 24) | ((a1 & 0xffff) << 8)) + sign * ((b0 >>> 24) | ((b1 & 0xffff) << 8))) & lane24;
    const third = (((a1 >>> 16) | ((a2 & 0xff) << 16)) + sign * ((b1 >>> 16) | ((b2 & 0xff) << 16))) & lane24;
    const fourth = ((a2 >>> 8) + sign * (b2 >>> 8)) & lane24;
    target[i] = first | (second << 24);
    target[i + 1] = (second >>> 8) | (third << 16);
    target[i + 2] = (third >>> 16) | (fourth << 8);
  }
}

function addWords32(target: Uint32Array, source: Uint32Array, sign: 1 | -1): void {
  if (sign === 1) for (let i = 0; i < target.length; i++) target[i] = target[i]! + source[i]!;
  else for (let i = 0; i < target.length; i++) target[i] = target[i]! - source[i]!;
}

function wordsOf(bytes: Uint8Array): Uint32Array | undefined {
  return bytes.byteOffset % 4 === 0 ? new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4) : undefined;
}
