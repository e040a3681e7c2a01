import util from 'node:util';
import { FederatedError } from '@concordat/core';
import { type EngineName, engineNames } from './engine-names.js';
import type { Tf } from './tf.js';
import type { EngineDescription } from './trainer.js';
import { transposeBeforeMultiplying } from './transposed-matmul.js';
import { registerMissingKernels } from './wasm-kernels/missing-kernels.js';

export interface Engine {
  readonly tf: Tf;
  readonly description: EngineDescription;
}

const loaders: Readonly<Record<EngineName, () => Promise<{ tf: Tf; kernels: string }>>> = {
  'tfjs-node': loadNode,
  'tfjs-wasm': loadWasm,
  'tfjs-cpu': loadCpu,
};

/**
 * The first engine of the ladder that loads here and computes. Belongs into a worker: it changes its thread's tfjs.
 *
 * @param forced only this one.
 * @throws `unavailable` when the forced one does not load, saying why.
 */
export async function loadEngine(forced?: EngineName): Promise<Engine> {
  const passedOver: string[] = [];
  for (const name of forced === undefined ? engineNames : [forced]) {
    try {
      const { tf, kernels } = await loaders[name]();
      const why = forced === undefined ? ladderReason(passedOver) : 'forced by option';
      return { tf, description: { engine: `${name} ${tf.version_core}`, kernels, why } };
    } catch (cause) {
      passedOver.push(`${name}: ${firstLine(cause)}`);
    }
  }
  throw new FederatedError('unavailable', `no training engine loads: ${passedOver.join('; ')}`, {
    detail: { required: forced ?? engineNames, offered: passedOver },
    fix: forced === undefined ? 'Install the package again with its dependencies.' : 'Leave the engine to be chosen.',
  });
}

function ladderReason(passedOver: readonly string[]): string {
  return passedOver.length === 0 ? 'the fastest of the ladder loads' : `passed over ${passedOver.join('; ')}`;
}

async function loadNode(): Promise<{ tf: Tf; kernels: string }> {
  // Gone since Node 23, and tfjs-node 4.22 calls it for every tensor. This thread's copy only.
  const legacy = util as unknown as { isNullOrUndefined?: (value: unknown) => boolean };
  legacy.isNullOrUndefined ??= (value) => value === null || value === undefined;
  // Optional: npm leaves it out, or leaves one without its binary that throws on import. So no static import.
  const name: string = '@tensorflow/tfjs-node';
  const tf = quiet(moduleOf<Tf>(await import(name)));
  return { tf: await ready(tf, 'tensorflow'), kernels: 'libtensorflow' };
}

async function loadWasm(): Promise<{ tf: Tf; kernels: string }> {
  const tf = quiet(moduleOf<Tf>(await import('@tensorflow/tfjs')));
  const wasm = moduleOf<typeof import('@tensorflow/tfjs-backend-wasm')>(await import('@tensorflow/tfjs-backend-wasm'));
  // Several participants share a machine, and the sum of a product must not depend on how threads split it.
  wasm.setThreadsCount(1);
  await ready(tf, 'wasm');
  transposeBeforeMultiplying(tf);
  registerMissingKernels(tf);
  const simd = (await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')) === true;
  return {
    tf,
    kernels: `wasm${simd ? ' simd' : ''}, 1 thread, transposed products rewritten, missing gradients added`,
  };
}

async function loadCpu(): Promise<{ tf: Tf; kernels: string }> {
  const tf = quiet(moduleOf<Tf>(await import('@tensorflow/tfjs')));
  return { tf: await ready(tf, 'cpu'), kernels: 'plain JavaScript' };
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
