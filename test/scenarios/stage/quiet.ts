/** Work of this process that ends by itself: files and turns of the event loop. Sockets and timers stay as long as they like. */
const passing = /^(FSReq|FileHandleCloseReq|CloseReq|Immediate|DirHandle|WriteWrap|ShutdownWrap)/;
const turnsQuiet = 3;

/** Resolves when the process has nothing left to do until something new comes in: no file operation, no turn, no microtask. */
export async function quiet(): Promise<void> {
  for (let turns = 0; turns < turnsQuiet; ) {
    await new Promise((resolve) => setImmediate(resolve));
    turns = process.getActiveResourcesInfo().some((resource) => passing.test(resource)) ? 0 : turns + 1;
  }
}
