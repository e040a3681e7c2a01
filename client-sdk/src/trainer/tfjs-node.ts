import util from 'node:util';
import { tensorflowEnvironment } from './tensorflow-environment.js';

// Optional: npm leaves it out, or leaves one without its binary that throws on import. So no static import.
const name: string = '@tensorflow/tfjs-node';

/**
 * The package, in this thread.
 *
 * @throws when it is not installed, has no binary, or may have more than one thread: see `tensorflowEnvironment`.
 */
export async function importTfjsNode(): Promise<unknown> {
  // Not installed is the better reason, and to load 600 megabytes that cannot be used would be a waste.
  import.meta.resolve(name);
  const { TF_NUM_INTRAOP_THREADS: within, TF_NUM_INTEROP_THREADS: between } = tensorflowEnvironment;
  const { TF_NUM_INTRAOP_THREADS, TF_NUM_INTEROP_THREADS } = process.env;
  if (TF_NUM_INTRAOP_THREADS !== within || TF_NUM_INTEROP_THREADS !== between) {
    throw new Error(`needs TF_NUM_INTRAOP_THREADS=${within} and TF_NUM_INTEROP_THREADS=${between} in the environment`);
  }
  // Gone since Node 23, or said to be on their way on stderr, and tfjs-node 4.22 calls them for every tensor. This thread's copy only.
  const legacy = util as unknown as Record<'isNullOrUndefined' | 'isArray', (value: unknown) => boolean>;
  legacy.isNullOrUndefined = (value) => value === null || value === undefined;
  legacy.isArray = Array.isArray;
  return import(name);
}
