import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { markSeldom, minorCollection } from '@concordat/node';

/** A process of a test that receives models one after the other: prints how often all of its heap was marked meanwhile. */
const models = 16;
const modelBytes = 40_000_000;
const messageBytes = 16_384;

if (process.argv[2] === 'seldom') markSeldom(5);
const collect = minorCollection();
const live = Array.from({ length: 200_000 }, (_, i) => ({ i, more: [i] }));
/** What is read nowhere a compiler leaves out. */
const received: { model?: Uint8Array; message?: Uint8Array } = {};
let marked = 0;
const observer = new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const { detail } = entry as PerformanceEntry & { readonly detail?: { readonly kind: number } };
    if (detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR) marked++;
  }
});
observer.observe({ entryTypes: ['gc'] });
for (let model = 0; model < models; model++) {
  received.model = new Uint8Array(modelBytes);
  for (let turn = 0; turn < 15; turn++) {
    for (let message = 0; message < 170; message++) received.message = new Uint8Array(messageBytes);
    // While others wait V8 goes on with what it began.
    for (let wait = 0; wait < 50; wait++) await setImmediate();
    collect();
  }
}
await setImmediate();
observer.disconnect();
if (live.length > 0) process.stdout.write(String(marked));
