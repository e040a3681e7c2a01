import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Of tfjs what is used here: its own types need a browser's. */
export interface Tensor {
  readonly shape: readonly number[];
  dataSync(): Float32Array;
  add(other: Tensor | number): Tensor;
  mul(other: Tensor): Tensor;
  sum(): Tensor;
}

type Operation = (...args: readonly unknown[]) => Tensor;

export interface Tf {
  readonly [operation: string]: Operation;
}

interface Untyped {
  readonly image: Readonly<Record<string, Operation>>;
  tensor(values: Float32Array, shape: readonly number[]): Tensor;
  setBackend(name: string): Promise<boolean>;
  tidy<T>(work: () => T): T;
  grad(f: (x: Tensor) => Tensor): (x: Tensor) => Tensor;
  memory(): { numTensors: number; numDataBuffers: number; numBytes: number };
}

export interface Backends {
  readonly tf: Tf & Untyped;
  /** From here on. */
  use(name: 'wasm' | 'cpu'): Promise<void>;
}

let loaded: Promise<Backends> | undefined;

/** Both backends of one copy of tfjs, as they train. No package exports them: in the product a thread has one of them for itself. */
export function loadBackends(): Promise<Backends> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<Backends> {
  const module = <T>(file: string): Promise<T> => {
    const path = resolve(import.meta.dirname, '../../../../../client-sdk/dist/trainer', file);
    return import(pathToFileURL(path).href) as Promise<T>;
  };
  const { loadEngine } = await module<{ loadEngine(name: string): Promise<{ tf: Tf & Untyped }> }>('engine.js');
  const { tf } = await loadEngine('tfjs-wasm');
  await loadEngine('tfjs-cpu');
  return {
    tf,
    use: async (name) => void (await tf.setBackend(name)),
  };
}
