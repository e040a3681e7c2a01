import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  bounds,
  canonicalJson,
  FederatedError,
  type NamedTensor,
  requireFiniteModel,
  tensorSize,
} from '@concordat/core';

/** A tfjs LayersModel as a plan needs it. */
export interface ModelDirectory {
  /** `modelTopology` as canonical JSON. */
  readonly topology: Uint8Array;
  /** In the order of the weights manifest. */
  readonly tensors: readonly NamedTensor[];
}

interface WeightEntry {
  readonly name: string;
  readonly shape: readonly number[];
}

/**
 * Read a tfjs layers model: `model.json` and the weight files beside it.
 *
 * @throws `invalid-argument` when it is absent or no layers model; `malformed` when the weights do not add up;
 *   `refused` `model.finite` for NaN and infinities among them.
 */
export async function readModelDirectory(directory: string): Promise<ModelDirectory> {
  const path = join(directory, 'model.json');
  const document = parseModel(path, await readModelFile(path, bounds.safetensorsHeaderBytesMax));
  const tensors: NamedTensor[] = [];
  for (const group of document.weightsManifest) {
    const files = group.paths.map((name) => readModelFile(join(directory, basename(name)), bounds.modelBytesMax));
    tensors.push(...splitWeights(group.weights, Buffer.concat(await Promise.all(files))));
  }
  requireFiniteModel(tensors);
  return { topology: canonicalJson(document.modelTopology), tensors };
}

interface ModelDocument {
  readonly modelTopology: object;
  readonly weightsManifest: readonly { readonly paths: readonly string[]; readonly weights: readonly WeightEntry[] }[];
}

function parseModel(path: string, bytes: Uint8Array): ModelDocument {
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw notModel(path, 'it is not JSON', cause);
  }
  const { modelTopology, weightsManifest } = (document ?? {}) as Partial<ModelDocument>;
  if (typeof modelTopology !== 'object' || modelTopology === null) throw notModel(path, 'it has no modelTopology');
  if (!Array.isArray(weightsManifest)) throw notModel(path, 'it has no weightsManifest');
  for (const group of weightsManifest) {
    if (!Array.isArray(group?.paths) || !Array.isArray(group?.weights))
      throw notModel(path, 'its weightsManifest has no paths or weights');
    for (const entry of group.weights) requireFloat32(path, entry);
  }
  return { modelTopology, weightsManifest };
}

function requireFloat32(path: string, entry: unknown): void {
  const { name, shape, dtype, quantization } = (entry ?? {}) as Record<string, unknown>;
  const shaped = Array.isArray(shape) && shape.every((dimension) => Number.isSafeInteger(dimension) && dimension >= 0);
  if (typeof name !== 'string' || !shaped) throw notModel(path, 'a weight has no name or no shape');
  if (dtype === 'float32' && quantization === undefined) return;
  throw notModel(path, `weight ${name.slice(0, 80)} is not plain float32`);
}

function splitWeights(entries: readonly WeightEntry[], bytes: Buffer): NamedTensor[] {
  let at = 0;
  const tensors = entries.map(({ name, shape }) => {
    const values = new Float32Array(tensorSize({ name, shape }));
    if (at + 4 * values.length > bytes.length) throw wrongLength(at + 4 * values.length, bytes.length);
    for (let i = 0; i < values.length; i++) values[i] = bytes.readFloatLE(at + 4 * i);
    at += 4 * values.length;
    return { name, shape, values };
  });
  if (at !== bytes.length) throw wrongLength(at, bytes.length);
  return tensors;
}

async function readModelFile(path: string, bytesMax: number): Promise<Buffer> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw notModel(path, 'it cannot be read', cause);
  });
  if (bytes.length > bytesMax) throw notModel(path, `it has ${bytes.length} bytes, more than ${bytesMax}`);
  return bytes;
}

function notModel(path: string, why: string, cause?: unknown): FederatedError {
  return new FederatedError('invalid-argument', `${path} is not a tfjs layers model: ${why}`, {
    detail: { path },
    fix: 'Save the model with model.save(`file://DIRECTORY`) and name that directory.',
    ...(cause === undefined ? {} : { cause }),
  });
}

function wrongLength(required: number, offered: number): FederatedError {
  return new FederatedError('malformed', 'the weight files have another length than model.json says', {
    detail: { required, offered },
  });
}
