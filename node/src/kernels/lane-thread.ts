import { parentPort, workerData } from 'node:worker_threads';
import { nodeCrypto } from '../crypto/node-crypto.js';
import { countedKeystreams } from '../memory/counted-keystreams.js';
import { Garbage, minorCollection } from '../memory/garbage.js';
import { chooseKernels } from './choose-kernels.js';
import { doLaneWork, type LaneReply, type LaneThreadSetup, type LaneWork } from './lane-work.js';
import { plainError } from './plain-error.js';

/** A thread of `LaneThreads`: does one piece of work after another and says what came of it. */
const { kernels } = workerData as LaneThreadSetup;

/** About 1 ms of keystream. The collection, of a heap with nothing in it, costs less than new pages for the next ones would. */
const garbageBytesMax = 2 * 1024 * 1024;
const garbage = new Garbage(garbageBytesMax, minorCollection());

const crypto = countedKeystreams(nodeCrypto, garbage);

parentPort!.on('message', ({ id, work }: { readonly id: number; readonly work: LaneWork }) => {
  parentPort!.postMessage(answer(id, work));
  // What was moved here is of no use any more, once nothing points to it.
  const bytes = work.type === 'encode' ? work.delta.byteLength : 0;
  if (bytes > 0) setImmediate(() => garbage.made(bytes));
});

function answer(id: number, work: LaneWork): LaneReply {
  try {
    return { type: 'done', id, result: doLaneWork(work, { kernels: chooseKernels(kernels), crypto }) };
  } catch (error) {
    return { type: 'failed', id, error: plainError(error, 'a thread of the kernels failed') };
  }
}
