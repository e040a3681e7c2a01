import { open, readFile } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';
import { bounds, FederatedError, type NamedTensor } from '@concordat/core';
import { writeDurably } from '@concordat/node';
import { z } from 'zod';
import type { LayersModel } from './dense-network.js';

const weightsFile = 'weights.bin';

/**
 * Write `model.json` and `weights.bin`, the format that `tf.loadLayersModel('file://…/model.json')` and browsers read.
 *
 * @param directory exists.
 */
export async function writeTfjsDirectory(directory: string, model: LayersModel): Promise<void> {
  const weights = model.tensors.map(({ name, shape }) => ({ name, shape, dtype: 'float32' }));
  const manifest = {
    format: 'layers-model',
    generatedBy: 'concordat',
    convertedBy: null,
    modelTopology: model.topology,
    weightsManifest: [{ paths: [weightsFile], weights }],
  };
  await writeDurably(join(directory, weightsFile), tensorBytes(model.tensors), { mode: 0o644 });
  await writeDurably(join(directory, 'model.json'), Buffer.from(`${JSON.stringify(manifest, undefined, 1)}\n`), {
    mode: 0o644,
  });
}

const manifestShape = z.object({
  modelTopology: z.looseObject({}),
  weightsManifest: z.array(
    z.object({
      paths: z.array(z.string()),
      weights: z.array(
        z.object({
          name: z.string().max(256),
          shape: z.array(z.number().int().nonnegative()).max(bounds.tensorRankMax),
          dtype: z.literal('float32'),
        }),
      ),
    }),
  ),
});

/**
 * Read a tfjs layers model from a directory.
 *
 * @throws `invalid-argument` when a file is missing; `malformed` for quantized or non-float32 weights, a path that leaves
 *   the directory, or weights of another length than the shapes say.
 */
export async function readTfjsDirectory(directory: string): Promise<LayersModel> {
  const manifest = parseManifest(await readText(join(directory, 'model.json')));
  const tensors: NamedTensor[] = [];
  for (const group of manifest.weightsManifest) {
    const parts: Uint8Array[] = [];
    for (const path of group.paths) parts.push(await readPart(directory, path));
    tensors.push(...splitTensors(Buffer.concat(parts), group.weights));
  }
  return { topology: manifest.modelTopology, tensors };
}

function parseManifest(text: string): z.infer<typeof manifestShape> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw notModel('model.json is not JSON', cause);
  }
  const parsed = manifestShape.safeParse(value);
  if (!parsed.success) throw notModel(`model.json: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new FederatedError('invalid-argument', `cannot read ${path}`, {
      cause,
      fix: 'Point to a directory written by tf.LayersModel.save, with model.json in it.',
    });
  });
}

async function readPart(directory: string, path: string): Promise<Uint8Array> {
  if (isAbsolute(path) || normalize(path).startsWith('..')) throw notModel(`weights outside the directory: ${path}`);
  const file = await open(join(directory, path), 'r').catch((cause: unknown) => {
    throw new FederatedError('invalid-argument', `cannot open ${path}`, { cause });
  });
  try {
    const { size } = await file.stat();
    if (size > bounds.modelBytesMax) throw notModel(`${path} is longer than ${bounds.modelBytesMax} bytes`);
    return new Uint8Array(await file.readFile());
  } finally {
    await file.close();
  }
}

function splitTensors(
  bytes: Uint8Array,
  specs: readonly { readonly name: string; readonly shape: readonly number[] }[],
): NamedTensor[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const tensors = specs.map(({ name, shape }) => {
    const size = shape.reduce((count, dimension) => count * dimension, 1);
    if (at + 4 * size > bytes.length) throw notModel(`weights end before ${name}`);
    const values = new Float32Array(size);
    for (let i = 0; i < size; i++) values[i] = view.getFloat32(at + 4 * i, true);
    at += 4 * size;
    return { name, shape, values };
  });
  if (at !== bytes.length) throw notModel('bytes after the last weight');
  return tensors;
}

function tensorBytes(tensors: readonly NamedTensor[]): Uint8Array {
  const bytes = new Uint8Array(tensors.reduce((sum, { values }) => sum + 4 * values.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { values } of tensors) {
    for (const value of values) {
      view.setFloat32(at, value, true);
      at += 4;
    }
  }
  return bytes;
}

function notModel(why: string, cause?: unknown): FederatedError {
  return new FederatedError('malformed', `not a tfjs layers model of float32 weights: ${why}`, {
    fix: 'Save the model with tf.LayersModel.save, without quantization.',
    ...(cause === undefined ? {} : { cause }),
  });
}
