#!/usr/bin/env node
import { runCommand } from '../program.js';

// What tfjs-node needs to train in a thread, where it is installed: `tensorflowEnvironment` of the client SDK, which need not be here.
process.env.TF_NUM_INTRAOP_THREADS ??= '1';
process.env.TF_NUM_INTEROP_THREADS ??= '1';
process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';

const stop = new AbortController();
const repeatedMillis = 1000;
let asked: number | undefined;

// The first signal asks for an orderly end. A terminal or a supervisor may send it twice at once; who insists later means it.
function stopOrExit(): void {
  asked ??= performance.now();
  if (stop.signal.aborted && performance.now() - asked > repeatedMillis) process.exit(1);
  stop.abort();
}
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, stopOrExit);

// Only a command that reads its files again listens: for all others the signal ends the process, as ever.
function onHangup(heard: () => void): () => void {
  process.on('SIGHUP', heard);
  return () => process.off('SIGHUP', heard);
}

// Nobody reads any more (`| head`, or whoever started us died): end, as a program that knows SIGPIPE would.
process.stdout.on('error', () => process.exit(1));

process.exitCode = await runCommand(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  environment: process.env,
  signal: stop.signal,
  ...(process.platform === 'win32' ? {} : { onHangup }),
});
