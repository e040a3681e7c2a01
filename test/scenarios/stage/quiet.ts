/** Work of this process that ends by itself: files and turns of the event loop. Sockets and timers stay as long as they like. */
const passing = /^(FSReq|FileHandleCloseReq|CloseReq|Immediate|DirHandle|WriteWrap|ShutdownWrap)/;
const turnsQuiet = 3;

/**
 * Resolves when the process has nothing left to do until something new comes in: no file operation, no turn, no microtask.
 *
 * @param busy whether another thread works for this one.
 */
export async function quiet(busy: () => boolean): Promise<void> {
  for (let turns = 0; turns < turnsQuiet; ) {
    // A thread that works gets the processor meanwhile.
    await new Promise((resolve) => (busy() ? setTimeout(resolve, 1) : setImmediate(resolve)));
    turns = busy() || process.getActiveResourcesInfo().some((resource) => passing.test(resource)) ? 0 : turns + 1;
  }
}
