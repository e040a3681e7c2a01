import { readFileSync } from 'node:fs';
import { type Addend, bounds, FederatedError, type Kernels, type LaneBits } from '@concordat/core';
import { type RotationModule, rotateOver } from './wasm-rotation.js';

/** What node/assembly/kernels.ts exports. Pointers and counts are bytes and items of its memory. */
interface Module extends RotationModule {
  add16(target: number, source: number, bytes: number): void;
  subtract16(target: number, source: number, bytes: number): void;
  add24(target: number, source: number, bytes: number): void;
  subtract24(target: number, source: number, bytes: number): void;
  add32(target: number, source: number, bytes: number): void;
  subtract32(target: number, source: number, bytes: number): void;
  widen24(target: number, source: number, bytes: number): void;
  narrow24(target: number, source: number, bytes: number): void;
  pack16(target: number, source: number, lanes: number): void;
  unpack16(target: number, source: number, lanes: number): void;
  unpack24(target: number, source: number, lanes: number): void;
  fit(source: number, lanes: number, bits: number): number;
  round(target: number, values: number, random: number, count: number, scale: number, magnitudeMax: number): number;
  scale(target: number, lanes: number, count: number, unit: number): void;
}

/** What is used of WebAssembly; Node's types leave it to those of browsers. */
interface WebAssemblyGlobal {
  readonly Module: new (binary: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
  validate(binary: Uint8Array): boolean;
}

const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyGlobal };

// Three areas of the module's memory, each for 16,384 lanes of 32 bits and the few bytes that a last step reaches behind them.
const areaBytes = 65_536 + 64;
const [first, second, third] = [1_024, 1_024 + areaBytes, 1_024 + 2 * areaBytes];
const lanesMax = 16_384;

/**
 * The kernels in WebAssembly with 128-bit SIMD; the same bits as `plainKernels`.
 *
 * @returns undefined where they cannot run: no SIMD, a big-endian machine, or a copy of this package without `kernels.wasm`.
 */
export function loadWasmKernels(): Kernels | undefined {
  const hostIsLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
  const binary = hostIsLittleEndian ? readModule() : undefined;
  if (binary === undefined || !WebAssembly.validate(binary)) return undefined;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(binary));
  return kernelsOver(exports as Module);
}

function readModule(): Uint8Array | undefined {
  try {
    return new Uint8Array(readFileSync(new URL('./kernels.wasm', import.meta.url)));
  } catch {
    return undefined;
  }
}

function kernelsOver(module: Module): Kernels {
  const bytes = new Uint8Array(module.memory.buffer);
  const integers = new Int32Array(module.memory.buffer);
  const floats = new Float32Array(module.memory.buffer);

  /** Copy in, with zeros up to whole steps of 16 items, whose results are not read. */
  const load = (area: number, values: Int32Array | Float32Array): number => {
    const memory = values instanceof Int32Array ? integers : floats;
    const count = Math.ceil(values.length / 16) * 16;
    memory.set(values, area / 4);
    memory.fill(0, area / 4 + values.length, area / 4 + count);
    return count;
  };
  const wipe = (...areas: readonly number[]): void => {
    for (const area of areas) bytes.fill(0, area, area + areaBytes);
  };

  // 24 bits are summed in lanes of 32: `second` holds the sum then, and `first` in place of it otherwise.
  function addAll(bits: LaneBits, target: Uint8Array, addends: Iterable<Addend>): void {
    requirePiece(target.length);
    const sum = bits === 24 ? second : first;
    bytes.set(target, first);
    if (bits === 24) module.widen24(second, first, target.length);
    for (const { lanes, sign } of addends) {
      requirePiece(lanes.length, target.length);
      bytes.set(lanes, third);
      adderOf(module, bits, sign)(sum, third, target.length);
    }
    if (bits === 24) module.narrow24(first, second, target.length);
    target.set(bytes.subarray(first, first + target.length));
    wipe(first, second, third);
  }

  function packLanes(bits: LaneBits, values: Int32Array, target: Uint8Array): number {
    const width = bits / 8;
    for (const [from, to] of parts(values.length)) {
      const lanes = load(first, values.subarray(from, to));
      if (module.fit(first, lanes, bits) === 0) {
        wipe(first, second);
        return values.findIndex((value) => (value << (32 - bits)) >> (32 - bits) !== value);
      }
      if (bits === 16) module.pack16(second, first, lanes);
      if (bits === 24) module.narrow24(second, first, lanes * width);
      const packed = bits === 32 ? first : second;
      target.set(bytes.subarray(packed, packed + (to - from) * width), from * width);
    }
    wipe(first, second);
    return -1;
  }

  function unpackLanes(bits: LaneBits, source: Uint8Array, values: Int32Array): void {
    const width = bits / 8;
    for (const [from, to] of parts(values.length)) {
      const lanes = Math.ceil((to - from) / 16) * 16;
      bytes.set(source.subarray(from * width, to * width), first);
      if (bits === 16) module.unpack16(second, first, lanes);
      if (bits === 24) module.unpack24(second, first, lanes);
      const unpacked = (bits === 32 ? first : second) / 4;
      values.set(integers.subarray(unpacked, unpacked + to - from), from);
    }
    wipe(first, second);
  }

  const round: Kernels['round'] = (values, random, { scale, magnitudeMax }, lanes) => {
    for (const [from, to] of parts(values.length)) {
      const count = load(first, values.subarray(from, to));
      bytes.set(random.subarray(4 * from, 4 * to), second);
      if (module.round(third, first, second, count, scale, magnitudeMax) === 0) {
        wipe(first, second, third);
        return values.findIndex((value) => !Number.isFinite(value));
      }
      lanes.set(integers.subarray(third / 4, third / 4 + to - from), from);
    }
    wipe(first, second, third);
    return -1;
  };

  function scale(lanes: Int32Array, unit: number, values: Float32Array): void {
    for (const [from, to] of parts(lanes.length)) {
      const count = load(first, lanes.subarray(from, to));
      module.scale(second, first, count, unit);
      values.set(floats.subarray(second / 4, second / 4 + to - from), from);
    }
    wipe(first, second);
  }

  return { name: 'wasm', addAll, packLanes, unpackLanes, round, scale, rotate: rotateOver(module) };
}

function adderOf(module: Module, bits: LaneBits, sign: 1 | -1): Module['add16'] {
  if (bits === 16) return sign === 1 ? module.add16 : module.subtract16;
  if (bits === 24) return sign === 1 ? module.add24 : module.subtract24;
  return sign === 1 ? module.add32 : module.subtract32;
}

function* parts(length: number): Generator<readonly [number, number]> {
  for (let from = 0; from < length; from += lanesMax) yield [from, Math.min(length, from + lanesMax)];
}

// Longer lanes would overwrite the next area.
function requirePiece(length: number, required?: number): void {
  if (length <= bounds.chunkBytes && length % 48 === 0 && length === (required ?? length)) return;
  throw new FederatedError('internal', 'a kernel was given other lanes than one piece of a chunk', {
    detail: { required: required ?? bounds.chunkBytes, offered: length },
  });
}
