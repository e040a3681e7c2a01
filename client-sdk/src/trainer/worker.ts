import { parentPort, workerData } from 'node:worker_threads';
import { type DataSet, requireDataSet } from '../data/data-set.js';
import { type DataDeclaration, readDeclaration } from '../data/declaration.js';
import { openRecords } from '../data/declared-records.js';
import { type Examples, heldExamples, streamedExamples } from '../data/examples.js';
import { splitHoldout } from '../data/holdout-split.js';
import { readIdxDirectory } from '../data/idx-directory.js';
import { collectRecords } from '../data/records.js';
import { servedBatches } from '../data/served-batches.js';
import { type Engine, loadEngine } from './engine.js';
import { measure } from './evaluation.js';
import { type LoadedModel, loadModel } from './layers-model.js';
import { plainError } from './plain-error.js';
import { stepBack } from './thread-priority.js';
import type { EngineDescription } from './trainer.js';
import { trainLocally } from './training-loop.js';
import type { WorkerReply, WorkerRequest, WorkerSetup } from './worker-messages.js';

/** The thread that holds the records and the training library. Requests are served one after another. */
const setup = workerData as WorkerSetup;
const reply = (message: WorkerReply): void => parentPort!.postMessage(message);

async function open(): Promise<{ engine: Engine; examples: Examples }> {
  stepBack(setup.nice);
  const examples = await examplesOf(setup.data);
  const engine = await loadEngine(setup.engine, setup.gate);
  reply({ type: 'opened', description: engine.description, examples: examples.counts.training });
  return { engine, examples };
}

async function examplesOf(data: WorkerSetup['data']): Promise<Examples> {
  const division = { fraction: setup.holdoutFraction, seed: setup.participant };
  if ('served' in data) {
    const { port, shuffleWindow, ...served } = data.served;
    return streamedExamples({ ...served, batches: servedBatches(port) }, { window: shuffleWindow, ...division });
  }
  const declaration = await declarationOf(data);
  const window = declaration?.shuffleWindow;
  if (declaration !== undefined && window !== undefined) {
    return streamedExamples(openRecords(declaration), { window, ...division });
  }
  const dataSet = await recordsOf(data, declaration);
  return heldExamples(dataSet, splitHoldout(dataSet.examples, division));
}

type OwnData = Exclude<WorkerSetup['data'], { readonly served: object }>;

async function declarationOf(data: OwnData): Promise<DataDeclaration | undefined> {
  if ('declaration' in data) return data.declaration;
  return 'directory' in data ? readDeclaration(data.directory) : undefined;
}

async function recordsOf(data: OwnData, declaration: DataDeclaration | undefined): Promise<DataSet> {
  if ('dataSet' in data) return requireDataSet(data.dataSet);
  if (declaration !== undefined) return collectRecords(openRecords(declaration));
  return readIdxDirectory((data as { readonly directory: string }).directory);
}

async function serve(engine: Engine, examples: Examples): Promise<void> {
  const { tf } = engine;
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
      return { type: 'done', id, result: await measure({ tf, model, weights, examples, loss, stopped }) };
    }
    const { weights, task, rule } = request;
    const seed = `${request.seed}/${request.round}/${setup.participant}`;
    const onProgress = (progress: { step: number; steps: number }): void => reply({ type: 'progress', id, progress });
    const onEngine = (description: EngineDescription): void => reply({ type: 'engine', description });
    const trained = await trainLocally({
      engine,
      model,
      weights,
      examples,
      task,
      ...(rule === undefined ? {} : { rule }),
      seed,
      stopped,
      onProgress,
      onEngine,
    });
    return {
      type: 'done',
      id,
      result: trained === undefined ? undefined : { weights: trained, examples: examples.counts.training },
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
    ({ engine, examples }) => serve(engine, examples),
    (error: unknown) => reply({ type: 'failed', error: plainError(error) }),
  )
  .catch((error: unknown) => reply({ type: 'failed', error: plainError(error) }));
