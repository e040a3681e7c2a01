import { parentPort, workerData } from 'node:worker_threads';
import { type DataSet, requireDataSet } from '../data/data-set.js';
import { splitHoldout } from '../data/holdout-split.js';
import { readIdxDirectory } from '../data/idx-directory.js';
import { loadEngine } from './engine.js';
import { measure } from './evaluation.js';
import { type LoadedModel, loadModel } from './layers-model.js';
import type { Tf } from './tf.js';
import { trainLocally } from './training-loop.js';
import { plainError, type WorkerReply, type WorkerRequest, type WorkerSetup } from './worker-messages.js';

/** The thread that holds the records and the training library. Requests are served one after another. */
const setup = workerData as WorkerSetup;
const reply = (message: WorkerReply): void => parentPort!.postMessage(message);

async function open(): Promise<{ tf: Tf; dataSet: DataSet }> {
  const dataSet =
    'directory' in setup.data ? await readIdxDirectory(setup.data.directory) : requireDataSet(setup.data.dataSet);
  const { tf, description } = await loadEngine(setup.engine);
  reply({ type: 'opened', description });
  return { tf, dataSet };
}

async function serve(tf: Tf, dataSet: DataSet): Promise<void> {
  const { training, holdout } = splitHoldout(dataSet.examples, {
    fraction: setup.holdoutFraction,
    seed: setup.participant,
  });
  // A run trains one topology for all its rounds; building it again would leak nothing but costs its initializers.
  let kept: { readonly json: string; readonly model: LoadedModel } | undefined;
  const modelOf = async (topology: object): Promise<LoadedModel> => {
    const json = JSON.stringify(topology);
    if (kept?.json === json) return kept.model;
    kept?.model.dispose();
    kept = undefined;
    kept = { json, model: await loadModel(tf, topology) };
    return kept.model;
  };
  const answer = async (request: WorkerRequest): Promise<WorkerReply> => {
    const { id } = request;
    const stopped = (): boolean => Atomics.load(request.stop, 0) !== 0;
    const model = await modelOf(request.model);
    if (request.type === 'evaluate') {
      const { weights, loss } = request;
      return { type: 'done', id, result: measure({ tf, model, weights, dataSet, holdout, loss, stopped }) };
    }
    const { weights, task } = request;
    const seed = `${request.seed}/${request.round}/${setup.participant}`;
    const onProgress = (progress: { step: number; steps: number }): void => reply({ type: 'progress', id, progress });
    const trained = trainLocally({ tf, model, weights, dataSet, training, task, seed, stopped, onProgress });
    return {
      type: 'done',
      id,
      result: trained === undefined ? undefined : { weights: trained, examples: training.length },
    };
  };
  let last = Promise.resolve();
  parentPort!.on('message', (request: WorkerRequest) => {
    last = last
      .then(() => answer(request))
      .then(reply, (error: unknown) => reply({ type: 'failed', id: request.id, error: plainError(error) }));
  });
}

open()
  .then(
    ({ tf, dataSet }) => serve(tf, dataSet),
    (error: unknown) => reply({ type: 'failed', error: plainError(error) }),
  )
  .catch((error: unknown) => reply({ type: 'failed', error: plainError(error) }));
