import { parentPort, workerData } from 'node:worker_threads';
import {
  type DataSet,
  heldExamples,
  loadEngine,
  loadModel,
  measure,
  plainError,
  trainLocally,
} from '@concordat/client-sdk/training';
import { flattenTensors, splitTensors } from '@concordat/core';
import type { Job, JobResult, MeasureJob, PoolReply, PoolRequest, PoolSetup, TrainJob } from './messages.js';

/** A thread that trains for whichever participant is next: it keeps an engine and a model, and nothing of anybody. */
const setup = workerData as PoolSetup;
const port = parentPort!;
const none = new Uint32Array(0);
const reply = (message: PoolReply, moved: ArrayBuffer[] = []): void => port.postMessage(message, moved);

try {
  const engine = await loadEngine(setup.engine);
  const model = await loadModel(engine.tf, setup.topology);
  const perform = async (job: Job): Promise<JobResult<TrainJob> | JobResult<MeasureJob>> => {
    const weights = splitTensors(job.weights, setup.tensors);
    if (job.type === 'measure') {
      const examples = heldExamples(setup.holdout, { training: none, holdout: job.examples });
      const { tf } = engine;
      const measured = await measure({ tf, model, weights, examples, loss: job.loss, stopped: () => false });
      return { metrics: measured!.metrics };
    }
    const trained = await trainLocally({
      engine,
      model,
      weights,
      examples: heldExamples(relabelled(job), { training: job.examples, holdout: none }),
      task: job.task,
      ...(job.rule === undefined ? {} : { rule: job.rule }),
      seed: job.seed,
      stopped: () => false,
      onProgress: () => undefined,
      onEngine: () => undefined,
    });
    return { weights: flattenTensors(trained!, setup.tensors) };
  };
  // It gets the next job when it has done one, and may be told to leave before that.
  let last = Promise.resolve();
  port.on('message', (request: PoolRequest) => {
    if (request.type === 'leave') return void last.then(() => port.close());
    last = perform(request.job).then(
      (result) => reply({ type: 'done', result }, 'weights' in result ? [result.weights.buffer as ArrayBuffer] : []),
      (error: unknown) => reply({ type: 'failed', error: plainError(error) }),
    );
  });
  reply({ type: 'opened', description: engine.description });
} catch (error) {
  reply({ type: 'failed', error: plainError(error) });
}

/** The training set as an adversary has it: others see nothing of it. */
function relabelled({ relabel, examples }: TrainJob): DataSet {
  const { training } = setup;
  if (relabel === undefined || training.targets.kind !== 'classes') return training;
  const labels = training.targets.labels.slice();
  for (const index of examples) labels[index] = relabel[labels[index]!]!;
  return { ...training, targets: { kind: 'classes', labels } };
}
