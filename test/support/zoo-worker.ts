import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import type { EngineName } from '@concordat/client-sdk';
import { FederatedError, type NamedTensor, type TensorShape } from '@concordat/core';
import { modelZoo, type ZooBatch, zooBatches, zooWeights } from './model-zoo.js';
import { repository } from './test-titles.js';

/** What an engine made of one model: its losses and weights, or why it does not train it. */
export type ZooTraining =
  | {
      readonly by: string;
      /** [10], of each step before it moves the weights. */
      readonly losses: readonly number[];
      readonly initial: readonly NamedTensor[];
      readonly afterOne: readonly NamedTensor[];
      readonly afterTen: readonly NamedTensor[];
    }
  | { readonly reason: string };

export interface ZooRun {
  /** What loaded; absent where nothing did. */
  readonly engine?: string;
  readonly why?: string;
  /** By the model's name. */
  readonly trainings: Readonly<Record<string, ZooTraining>>;
}

/** Of the trainer what is used here: no package exports it, and tfjs's own types need a browser's. */
interface Engine {
  readonly tf: unknown;
  readonly description: { readonly engine: string };
  begin(start: object): Promise<{
    readonly description: { readonly engine: string };
    step(batches: ZooBatch & { readonly steps: number }): Promise<Float32Array>;
    weights(): readonly NamedTensor[];
    dispose(): void;
  }>;
}

type Built = { readonly weights: readonly TensorShape[]; dispose(): void };

const module = <T>(file: string): Promise<T> =>
  import(pathToFileURL(resolve(repository, 'client-sdk/dist/trainer', file)).href) as Promise<T>;

async function train(engine: Engine, loadModel: (tf: unknown, topology: object) => Promise<Built>) {
  const trainings: Record<string, ZooTraining> = {};
  for (const [i, one] of modelZoo.entries()) {
    const model = await loadModel(engine.tf, one.topology);
    const initial = zooWeights(model.weights, 1000 * (i + 1));
    try {
      const training = await engine.begin({ model, weights: initial, task: one.task, seed: 'zoo' });
      const losses: number[] = [];
      let afterOne: readonly NamedTensor[] = [];
      for (const batch of zooBatches(one, 10, 77 * (i + 1))) {
        losses.push(...(await training.step({ steps: 1, ...batch })));
        if (losses.length === 1) afterOne = training.weights();
      }
      trainings[one.name] = {
        by: training.description.engine,
        losses,
        initial,
        afterOne,
        afterTen: training.weights(),
      };
      training.dispose();
    } catch (error) {
      if (!(error instanceof FederatedError) || error.detail.rule !== 'engine.lowering') throw error;
      trainings[one.name] = { reason: String(error.detail.offered) };
    }
    model.dispose();
  }
  return trainings;
}

async function run(name: EngineName): Promise<ZooRun> {
  const { loadEngine } = await module<{ loadEngine(name: string): Promise<Engine> }>('engine.js');
  const { loadModel } = await module<{ loadModel(tf: unknown, topology: object): Promise<Built> }>('layers-model.js');
  try {
    const engine = await loadEngine(name);
    return { engine: engine.description.engine, trainings: await train(engine, loadModel) };
  } catch (error) {
    if (error instanceof FederatedError && error.code === 'unavailable') return { why: error.message, trainings: {} };
    throw error;
  }
}

parentPort!.postMessage(await run(workerData as EngineName));
