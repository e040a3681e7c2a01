import { parentPort, workerData } from 'node:worker_threads';
import { chooseKernels } from './choose-kernels.js';
import { doLaneWork, type LaneReply, type LaneThreadSetup, type LaneWork } from './lane-work.js';
import { plainError } from './plain-error.js';

/** A thread of `LaneThreads`: does one piece of work after another and says what came of it. */
const { kernels } = workerData as LaneThreadSetup;

parentPort!.on('message', ({ id, work }: { readonly id: number; readonly work: LaneWork }) => {
  parentPort!.postMessage(answer(id, work));
});

function answer(id: number, work: LaneWork): LaneReply {
  try {
    return { type: 'done', id, result: doLaneWork(work, chooseKernels(kernels)) };
  } catch (error) {
    return { type: 'failed', id, error: plainError(error, 'a thread of the kernels failed') };
  }
}
