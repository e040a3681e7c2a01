import { utf8Decode } from '../bytes.js';
import type { CryptoPort } from '../crypto/port.js';
import { FederatedError } from '../errors.js';
import type { TensorShape } from '../round/plan.js';
import { bounds } from '../wire/bounds.js';
import { canonicalJson } from '../wire/canonical.js';
import { type NamedTensor, tensorSize } from './tensors.js';

/** Where one tensor lies in a safetensors file. */
export interface PlacedTensor extends TensorShape {
  /** First byte of its values, from the beginning of the file. */
  readonly offset: number;
}

/** The canonical file of some shapes, before there are values. */
export interface SafetensorsPlaces {
  /** Everything in front of the values, the length of the header included. */
  readonly head: Uint8Array;
  /** In the order of their data: sorted by name. */
  readonly tensors: readonly PlacedTensor[];
  readonly sizeBytes: number;
}

/**
 * The one canonical safetensors file of some shapes: F32, sorted by name, no metadata, header of canonical JSON filled with blanks
 * to a multiple of 8. The order of `shapes` does not matter.
 *
 * @throws `invalid-argument` for a repeated or impossible name.
 * @see https://github.com/huggingface/safetensors#format
 */
export function placeSafetensors(shapes: readonly TensorShape[]): SafetensorsPlaces {
  const sorted = [...shapes].sort((a, b) => (a.name < b.name ? -1 : 1));
  const header: Record<string, unknown> = Object.create(null);
  let dataBytes = 0;
  const begins = sorted.map(({ name, shape }) => {
    if (name in header || name === metadataKey || name === '') throw unwritable(name, 'a name of its own', name);
    const begin = dataBytes;
    dataBytes += 4 * tensorSize({ name, shape });
    header[name] = { dtype: 'F32', shape, data_offsets: [begin, dataBytes] };
    return begin;
  });
  const json = canonicalJson(header);
  const headBytes = 8 + Math.ceil(json.length / 8) * 8;
  const head = new Uint8Array(headBytes).fill(0x20);
  head.fill(0, 0, 8);
  new DataView(head.buffer).setUint32(0, headBytes - 8, true);
  head.set(json, 8);
  const tensors = sorted.map(({ name, shape }, i) => ({ name, shape, offset: headBytes + begins[i]! }));
  return { head, tensors, sizeBytes: headBytes + dataBytes };
}

/**
 * The one canonical safetensors file of some tensors. The order of `tensors` does not matter.
 *
 * @throws `invalid-argument` for a repeated or impossible name or a wrong number of values.
 */
export function encodeSafetensors(tensors: readonly NamedTensor[]): Uint8Array {
  for (const tensor of tensors) {
    const size = tensorSize(tensor);
    if (tensor.values.length !== size) throw unwritable(tensor.name, size, tensor.values.length);
  }
  const { head, tensors: placed, sizeBytes } = placeSafetensors(tensors);
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor.values]));
  const file = new Uint8Array(sizeBytes);
  file.set(head);
  for (const { name, offset } of placed) file.set(littleEndianBytes(byName.get(name)!), offset);
  return file;
}

/** float32 as little-endian bytes; on most machines a view of `values`. */
export function littleEndianBytes(values: Float32Array): Uint8Array {
  if (hostIsLittleEndian) return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const bytes = new Uint8Array(values.byteLength);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    view.setFloat32(4 * i, value, true);
  });
  return bytes;
}

/** Little-endian bytes as float32; a view of `bytes` where machine and address allow. @param bytes a multiple of 4. */
export function float32Of(bytes: Uint8Array): Float32Array {
  const { buffer, byteOffset, byteLength } = bytes;
  if (hostIsLittleEndian && byteOffset % 4 === 0) return new Float32Array(buffer, byteOffset, byteLength / 4);
  const view = new DataView(buffer, byteOffset, byteLength);
  return Float32Array.from({ length: byteLength / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

const hostIsLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * The tensors of a safetensors file, in the order of their data. Text metadata is skipped.
 *
 * @param bytes whole file; every length in it is checked against `bytes` before anything is allocated. The values are views of it where
 *   machine and addresses allow: leave it as it is while they are used.
 * @throws `malformed` for another dtype than F32, gaps, overlaps, a header above 4 MiB, or anything that does not add up.
 */
export function decodeSafetensors(bytes: Uint8Array): NamedTensor[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const dataStart = headerEnd(bytes, view);
  const entries = readHeader(bytes.subarray(8, dataStart));
  let expected = 0;
  const tensors = entries.map(({ name, shape, begin, end }) => {
    const size = tensorSize({ name, shape });
    if (begin !== expected || end !== begin + 4 * size || dataStart + end > bytes.length) {
      throw notSafetensors(`tensor ${name} does not lie where its shape says`);
    }
    expected = end;
    return { name, shape, values: float32Of(bytes.subarray(dataStart + begin, dataStart + end)) };
  });
  if (dataStart + expected !== bytes.length) throw notSafetensors('bytes after the last tensor');
  return tensors;
}

/** SHA-256 of the canonical safetensors bytes: the identity of a model version. */
export function modelHash(crypto: CryptoPort, tensors: readonly NamedTensor[]): Uint8Array {
  return crypto.sha256(encodeSafetensors(tensors));
}

const metadataKey = '__metadata__';

interface Entry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function headerEnd(bytes: Uint8Array, view: DataView): number {
  if (bytes.length < 8) throw notSafetensors('shorter than its first field');
  const length = view.getUint32(0, true);
  if (view.getUint32(4, true) !== 0 || length > bounds.safetensorsHeaderBytesMax || 8 + length > bytes.length) {
    throw notSafetensors('header longer than the file or than 4 MiB');
  }
  return 8 + length;
}

function readHeader(bytes: Uint8Array): Entry[] {
  let header: unknown;
  try {
    header = JSON.parse(utf8Decode(bytes));
  } catch (cause) {
    throw notSafetensors('header is not JSON', cause);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    throw notSafetensors('header is not an object');
  const named = Object.entries(header).filter(([name]) => name !== metadataKey);
  if (named.length > bounds.tensorsMax) throw notSafetensors(`more than ${bounds.tensorsMax} tensors`);
  return named.map(([name, entry]) => readEntry(name, entry)).sort((a, b) => a.begin - b.begin || a.end - b.end);
}

function readEntry(name: string, entry: unknown): Entry {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  if (dtype !== 'F32') throw notSafetensors(`tensor ${name.slice(0, 80)} is not F32`);
  if (!isCounts(shape) || shape.length > bounds.tensorRankMax)
    throw notSafetensors(`tensor ${name.slice(0, 80)} has no possible shape`);
  if (!isCounts(offsets) || offsets.length !== 2) throw notSafetensors(`tensor ${name.slice(0, 80)} has no offsets`);
  return { name, shape, begin: offsets[0]!, end: offsets[1]! };
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function unwritable(name: string, required: string | number, offered: string | number): FederatedError {
  return new FederatedError('invalid-argument', `tensor ${JSON.stringify(name)} cannot be written`, {
    detail: { required, offered },
    fix: 'Give every tensor its own name and as many values as its shape says.',
  });
}

function notSafetensors(why: string, cause?: unknown): FederatedError {
  return new FederatedError('malformed', `not a safetensors file of float32 tensors: ${why}`, {
    fix: 'Write the model as float32 safetensors.',
    ...(cause === undefined ? {} : { cause }),
  });
}
