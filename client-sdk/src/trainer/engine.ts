import { FederatedError, refusal } from '@concordat/core';
import { type EngineName, engineNames, tfjsEngineNames } from './engine-names.js';
import { Graph } from './lowering/graph.js';
import { encodeOnnxModel } from './lowering/onnx-model.js';
import { type NativeGate, openGate } from './native-gate.js';
import { OnnxTrainings } from './onnx-training.js';
import { loadOrt, type Ort } from './ort.js';
import type { Tf } from './tf.js';
import { importTfjsNode } from './tfjs-node.js';
import { beginTfjsTraining } from './tfjs-training.js';
import type { EngineDescription } from './trainer.js';
import type { Training, TrainingStart } from './training.js';
import { transposeBeforeMultiplying } from './transposed-matmul.js';
import { correctKernels } from './wasm-kernels/corrected-kernels.js';
import { registerMissingKernels } from './wasm-kernels/missing-kernels.js';

/** What trains in a thread: it begins trainings of any model that it can, one at a time. */
export interface Engine {
  /** Builds models and evaluates, whatever trains. */
  readonly tf: Tf;
  readonly description: EngineDescription;
  /**
   * Ready to take the first step.
   *
   * @throws `refused` `engine.lowering` when the engine was forced and cannot train this; as `beginTfjsTraining`.
   */
  begin(start: TrainingStart): Promise<Training>;
}

type TfjsEngineName = (typeof tfjsEngineNames)[number];

/** What is optional, and may be absent or without its binary. */
const packages: Readonly<Partial<Record<EngineName, string>>> = {
  onnxruntime: 'onnxruntime-node',
  'tfjs-node': '@tensorflow/tfjs-node',
};

const loaders: Readonly<Record<TfjsEngineName, () => Promise<{ tf: Tf; kernels: string }>>> = {
  'tfjs-node': loadNode,
  'tfjs-wasm': loadWasm,
  'tfjs-cpu': loadCpu,
};

/**
 * The first engine of the ladder that loads here and computes. Belongs into a worker: it changes its thread's tfjs.
 *
 * @param forced only this one. With `onnxruntime` tfjs still builds and evaluates.
 * @param gate shared with whoever may end this thread.
 * @throws `unavailable` when the forced one does not load, saying why.
 */
export async function loadEngine(forced?: EngineName, gate: NativeGate = openGate()): Promise<Engine> {
  if (forced !== undefined && forced !== 'onnxruntime') return loadTfjs([forced], [], forced);
  const passedOver: string[] = [];
  const ort = await workingOrt(gate).catch((cause: unknown) => void passedOver.push(whyNot('onnxruntime', cause)));
  if (ort !== undefined) return withOrt(ort, await loadTfjs(tfjsEngineNames, passedOver), forced, passedOver);
  if (forced === undefined) return loadTfjs(tfjsEngineNames, passedOver);
  throw nothingLoads(forced, passedOver);
}

async function loadTfjs(names: readonly TfjsEngineName[], passedOver: string[], forced?: EngineName): Promise<Engine> {
  for (const name of names) {
    try {
      const { tf, kernels } = await loaders[name]();
      const why = forced === undefined ? ladderReason(passedOver) : 'forced by option';
      const description = { engine: `${name} ${tf.version_core}`, kernels, why };
      return { tf, description, begin: async (start) => beginTfjsTraining(tf, description, start) };
    } catch (cause) {
      passedOver.push(whyNot(name, cause));
    }
  }
  throw nothingLoads(forced, passedOver);
}

/** @param passedOver on the way to what takes over where `ort` cannot train. */
function withOrt(ort: Ort, tfjs: Engine, forced: EngineName | undefined, passedOver: readonly string[]): Engine {
  const description = {
    engine: `onnxruntime ${ort.version}`,
    kernels: `ONNX Runtime CPU, 1 thread; models are built and evaluated by ${tfjs.description.engine}`,
    why: forced === undefined ? ladderReason([]) : 'forced by option',
  };
  const trainings = new OnnxTrainings(ort, description);
  const begin = async (start: TrainingStart): Promise<Training> => {
    const begun = await trainings.begin(start);
    if (!('reason' in begun)) return begun;
    if (forced !== undefined) throw notLowered(begun.reason);
    return beginTfjsTraining(
      tfjs.tf,
      { ...tfjs.description, why: ladderReason([`onnxruntime: ${begun.reason}`, ...passedOver]) },
      start,
    );
  };
  return { tf: tfjs.tf, description, begin };
}

function notLowered(reason: string): FederatedError {
  return refusal('engine.lowering', `onnxruntime cannot train this model: ${reason}`, {
    required: 'layers, activations, loss and optimizer that are lowered to ONNX',
    offered: reason,
  });
}

function nothingLoads(forced: EngineName | undefined, passedOver: readonly string[]): FederatedError {
  return new FederatedError('unavailable', `no training engine loads: ${passedOver.join('; ')}`, {
    detail: { required: forced ?? engineNames, offered: passedOver },
    fix:
      forced === undefined
        ? 'Install the package again with its dependencies.'
        : `Install ${packages[forced] ?? 'the package again with its dependencies'}, or leave the engine to be chosen.`,
  });
}

/** `onnxruntime: not installed`, or what its package says when it is loaded. */
function whyNot(name: EngineName, cause: unknown): string {
  const { code, message } = cause as { readonly code?: unknown; readonly message?: unknown };
  const missing = code === 'ERR_MODULE_NOT_FOUND' && String(message).includes(`'${packages[name]}'`);
  return `${name}: ${missing ? 'not installed' : firstLine(cause)}`;
}

function ladderReason(passedOver: readonly string[]): string {
  return passedOver.length === 0 ? 'the fastest of the ladder loads' : `passed over ${passedOver.join('; ')}`;
}

/** Present is not enough: a product must come out right. */
async function workingOrt(gate: NativeGate): Promise<Ort> {
  const ort = await loadOrt(gate);
  const graph = new Graph();
  const product = graph.op('MatMul', [graph.input('a', [2, 3]), graph.input('b', [3, 2])]);
  graph.output(product, [2, 2]);
  const session = await ort.open(encodeOnnxModel(graph));
  const ones = new Float32Array(6).fill(1);
  const result = ort.tensor([2, 2], new Float32Array(4));
  await session.run({ a: ort.tensor([2, 3], ones), b: ort.tensor([3, 2], ones) }, { [product]: result });
  await session.release();
  if (result.data.join() !== '3,3,3,3') throw new Error('ONNX Runtime computes wrongly');
  return ort;
}

async function loadNode(): Promise<{ tf: Tf; kernels: string }> {
  const tf = quiet(moduleOf<Tf>(await importTfjsNode()));
  return { tf: await ready(tf, 'tensorflow'), kernels: 'libtensorflow, 1 thread' };
}

async function loadWasm(): Promise<{ tf: Tf; kernels: string }> {
  const tf = quiet(moduleOf<Tf>(await import('@tensorflow/tfjs')));
  const wasm = moduleOf<typeof import('@tensorflow/tfjs-backend-wasm')>(await import('@tensorflow/tfjs-backend-wasm'));
  // Several participants share a machine, and the sum of a product must not depend on how threads split it.
  wasm.setThreadsCount(1);
  await ready(tf, 'wasm');
  transposeBeforeMultiplying(tf);
  registerMissingKernels(tf);
  correctKernels(tf, 'wasm');
  const simd = (await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')) === true;
  return {
    tf,
    kernels: `wasm${simd ? ' simd' : ''}, 1 thread, transposed products rewritten, missing gradients added, wrong ones replaced`,
  };
}

async function loadCpu(): Promise<{ tf: Tf; kernels: string }> {
  const tf = quiet(moduleOf<Tf>(await import('@tensorflow/tfjs')));
  await ready(tf, 'cpu');
  correctKernels(tf, 'cpu');
  return { tf, kernels: 'plain JavaScript, wrong gradients replaced' };
}

/** Present is not enough: a product must come out right. */
async function ready(tf: Tf, backend: string): Promise<Tf> {
  if (!(await tf.setBackend(backend))) throw new Error(`backend ${backend} does not start`);
  await tf.ready();
  const product = tf.tidy(
    () =>
      tf
        .matMul(tf.ones([2, 3]), tf.ones([3, 2]))
        .sum()
        .dataSync()[0],
  );
  if (product !== 12) throw new Error(`backend ${backend} computes wrongly`);
  return tf;
}

/** No banner on the console of the program that embeds us. */
function quiet(tf: Tf): Tf {
  tf.env().set('PROD', true);
  return tf;
}

/** The whole of a CommonJS module: its named exports are not all visible to an import. */
function moduleOf<T>(namespace: unknown): T {
  return ((namespace as { default?: T }).default ?? namespace) as T;
}

function firstLine(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.split('\n')[0]!.slice(0, 160).trim();
}
