const [outside, inside, shut] = [0, 1, 2];

/**
 * Stands between a thread and native code that takes the whole process down when its thread is ended inside it. Shared by
 * the thread and the one that ends it: an Int32Array of one value over shared memory.
 */
export type NativeGate = Int32Array;

export function openGate(): NativeGate {
  return new Int32Array(new SharedArrayBuffer(4));
}

/**
 * Do `work` inside; not twice at once.
 *
 * @returns never when the gate is shut: the thread is about to end.
 */
export async function throughGate<T>(gate: NativeGate, work: () => Promise<T>): Promise<T> {
  if (Atomics.compareExchange(gate, 0, outside, inside) === shut) return new Promise(() => undefined);
  try {
    return await work();
  } finally {
    Atomics.store(gate, 0, outside);
    Atomics.notify(gate, 0);
  }
}

/** @returns whether nothing is inside, and from now on nothing ever will be. */
export function shutGate(gate: NativeGate): boolean {
  return Atomics.compareExchange(gate, 0, outside, shut) !== inside;
}

/** Shuts the gate of a thread that another one ends soon, and waits for what is inside. Blocks, so for the end of the process only. */
export function shutGateNow(gate: NativeGate): void {
  while (!shutGate(gate)) Atomics.wait(gate, 0, inside, patienceMillis);
}

/** After which it is looked at again; nobody is woken by a thread that died inside. */
const patienceMillis = 100;
