import { utf8Decode } from '../bytes.js';
import type { CryptoPort } from '../crypto/port.js';
import { FederatedError } from '../errors.js';
import { bounds } from '../wire/bounds.js';
import { canonicalJson } from '../wire/canonical.js';
import { type NamedTensor, tensorSize } from './tensors.js';

/**
 * The one canonical safetensors file of some tensors: F32, sorted by name, no metadata, header of canonical JSON
 * filled with blanks to a multiple of 8. The order of `tensors` does not matter.
 *
 * @throws `invalid-argument` for a repeated or impossible name or a wrong number of values.
 * @see https://github.com/huggingface/safetensors#format
 */
export function encodeSafetensors(tensors: readonly NamedTensor[]): Uint8Array {
  const sorted = [...tensors].sort((a, b) => (a.name < b.name ? -1 : 1));
  const header: Record<string, unknown> = Object.create(null);
  let dataBytes = 0;
  for (const tensor of sorted) {
    if (
      tensor.name in header ||
      tensor.name === metadataKey ||
      tensor.name === '' ||
      tensor.values.length !== tensorSize(tensor)
    ) {
      throw new FederatedError('invalid-argument', `tensor ${JSON.stringify(tensor.name)} cannot be written`, {
        detail: { required: tensorSize(tensor), offered: tensor.values.length },
        fix: 'Give every tensor its own name and as many values as its shape says.',
      });
    }
    const end = dataBytes + 4 * tensor.values.length;
    header[tensor.name] = { dtype: 'F32', shape: tensor.shape, data_offsets: [dataBytes, end] };
    dataBytes = end;
  }
  const json = canonicalJson(header);
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(8 + headerBytes + dataBytes);
  const view = new DataView(file.buffer);
  view.setUint32(0, headerBytes, true);
  file.set(json, 8);
  file.fill(0x20, 8 + json.length, 8 + headerBytes);
  let at = 8 + headerBytes;
  for (const tensor of sorted) {
    for (const value of tensor.values) {
      view.setFloat32(at, value, true);
      at += 4;
    }
  }
  return file;
}

/**
 * The tensors of a safetensors file, in the order of their data. Text metadata is skipped.
 *
 * @param bytes whole file; every length in it is checked against `bytes` before anything is allocated.
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
    const values = new Float32Array(size);
    for (let i = 0; i < size; i++) values[i] = view.getFloat32(dataStart + begin + 4 * i, true);
    return { name, shape, values };
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

function notSafetensors(why: string, cause?: unknown): FederatedError {
  return new FederatedError('malformed', `not a safetensors file of float32 tensors: ${why}`, {
    fix: 'Write the model as float32 safetensors.',
    ...(cause === undefined ? {} : { cause }),
  });
}
