import type { NativeGate } from './native-gate.js';
import { throughGate } from './native-gate.js';

/** ONNX Runtime in this thread. */
export interface Ort {
  readonly version: string;
  /** float32 of any shape, over the very array. */
  tensor(shape: readonly number[], values: Float32Array): OrtTensor;
  /** @param model bytes of an ONNX model. Rejects when it cannot be computed. */
  open(model: Uint8Array): Promise<OrtSession>;
}

export interface OrtTensor {
  readonly data: Float32Array;
}

type Tensors = Readonly<Record<string, OrtTensor>>;

export interface OrtSession {
  /** Outputs are written into the arrays of `fetches`. */
  run(feeds: Tensors, fetches: Tensors): Promise<void>;
  release(): Promise<void>;
}

/** What is used of the package. Its own types are not imported: it is optional, and this has to compile without it. */
interface Package {
  readonly Tensor: new (type: 'float32', values: Float32Array, shape: readonly number[]) => OrtTensor;
  readonly InferenceSession: {
    create(
      model: Uint8Array,
      options: Readonly<Record<string, unknown>>,
    ): Promise<{ run(feeds: Tensors, fetches: Tensors): Promise<Tensors>; release(): Promise<void> }>;
  };
  readonly env: { readonly versions: { readonly node?: string } };
}

/**
 * @param gate of this thread: the package ends the process when its thread is ended inside it (1.20.1, 1.23.2 and 1.30.0 do).
 * @throws when it is not installed or does not load here.
 */
export async function loadOrt(gate: NativeGate): Promise<Ort> {
  // Optional: npm may leave it out. So no static import.
  const name: string = 'onnxruntime-node';
  const namespace = (await throughGate(gate, () => import(name))) as { readonly default?: Package };
  const { Tensor, InferenceSession, env } = namespace.default ?? (namespace as unknown as Package);
  return {
    version: env.versions.node ?? 'of unknown version',
    tensor: (shape, values) => new Tensor('float32', values, shape),
    async open(model) {
      const session = await throughGate(gate, () => InferenceSession.create(model, options));
      return {
        run: async (feeds, fetches) => void (await throughGate(gate, () => session.run(feeds, fetches))),
        release: () => throughGate(gate, () => session.release()),
      };
    },
  };
}

/** One thread, in order: several participants share a machine, and a sum must not depend on how threads split it. */
const options = {
  executionProviders: ['cpu'],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
  // Errors only: warnings would be written past everything that catches a console.
  logSeverityLevel: 3,
};
