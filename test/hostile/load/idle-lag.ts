import { monitorEventLoopDelay } from 'node:perf_hooks';

// A process that does nothing: how late the machine itself wakes it. On a line of stdin it prints its longest delay in milliseconds, and begins anew.
const delays = monitorEventLoopDelay({ resolution: 10 });
delays.enable();
process.stdin.on('data', () => {
  process.stdout.write(`${Math.max(0, delays.max / 1e6 - 10)}\n`);
  delays.reset();
});
