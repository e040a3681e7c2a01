import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Counts the bytes of buffers that are about to be garbage, and has them collected whenever there are enough.
 *
 * V8 looks at what lies outside its heap when some 32 MB have come together, in every thread for itself, and by then the C library has
 * taken that much from the system, which it does not give back. A thread that makes little else than buffers can therefore hold the
 * memory of a hundred times its live ones. Collected often they lie in the same few pages again.
 */
export class Garbage {
  readonly #collect: () => void;
  readonly #bytesMax: number;
  #bytes = 0;

  /** @param bytesMax counted before `collect` is called. Much less than what lives at a time, and the living are taken for old ones. */
  constructor(bytesMax: number, collect: () => void) {
    this.#bytesMax = bytesMax;
    this.#collect = collect;
  }

  /** So many bytes more will soon be of no use. */
  made(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < this.#bytesMax) return;
    this.#bytes = 0;
    this.#collect();
  }
}

/**
 * A minor collection of the calling thread's heap: what died young, in 0.1 ms for a small heap and about 1 ms for a server's.
 *
 * For threads and processes of our own: a program that we are a part of decides for itself when it collects. New contexts that other
 * threads make in the same moment have a global `gc` as well.
 *
 * @returns a function that does nothing where the runtime cannot be asked.
 */
export function minorCollection(): () => void {
  const collect = collector();
  return () => collect?.({ type: 'minor' });
}

/**
 * A full collection of the calling thread's heap: for measuring what is held, and not what V8 will let go when it looks.
 *
 * @returns a function that does nothing where the runtime cannot be asked.
 */
export function fullCollection(): () => void {
  const collect = collector();
  return () => collect?.();
}

/**
 * A minor collection, and a full one, some 50 ms for a server, when more than `oldBytesMax` outside the heap have come to stay since the
 * last one: with many messages on their way at once some are taken for old before they die.
 *
 * @returns a function that does nothing where the runtime cannot be asked.
 */
export function serverCollection(oldBytesMax: number): () => void {
  const collect = collector();
  let stayed = Number.POSITIVE_INFINITY;
  return () => {
    collect?.({ type: 'minor' });
    stayed = Math.min(stayed, outsideBytes());
    if (outsideBytes() - stayed <= oldBytesMax) return;
    collect?.();
    stayed = outsideBytes();
  };
}

/**
 * Let heaps grow to so many times what lives in them before V8 marks all of it.
 *
 * V8 reckons with the speed at which objects are made, and a process that makes little else than buffers makes few: a heap of 30 MB was marked
 * for every 24 MB outside of it, so once for each model of 40 MB, which took 50 ms on processors. What lies outside has a bound of its own,
 * 64 MB that have come together.
 *
 * For processes of our own. It holds for all their threads, from the next collection of a heap on.
 *
 * @param times five for a participant. Two for a coordinator, which lives long and with a larger heap: with five one grew to 396 MB in a
 * hundred rounds of twenty participants, with two to 251.
 */
export function markSeldom(times: number): void {
  setFlagsFromString(`--heap-growing-percent=${100 * (times - 1)}`);
}

function collector(): ((options?: { readonly type: 'minor' }) => void) | undefined {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('globalThis.gc');
  setFlagsFromString('--no-expose-gc');
  return typeof collect === 'function' ? (collect as ReturnType<typeof collector>) : undefined;
}

function outsideBytes(): number {
  return getHeapStatistics().external_memory;
}
