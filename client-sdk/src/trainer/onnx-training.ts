import type { NamedTensor } from '@concordat/core';
import type { LoadedModel } from './layers-model.js';
import { encodeOnnxModel } from './lowering/onnx-model.js';
import { lowerTrainingStep, type TrainingStep } from './lowering/training-step.js';
import type { Ort, OrtSession, OrtTensor } from './ort.js';
import type { EngineDescription } from './trainer.js';
import type { Training, TrainingStart } from './training.js';

/** A training step that ONNX Runtime can compute. */
interface Compiled {
  readonly step: TrainingStep;
  readonly session: OrtSession;
}

/** Makes trainings whose steps are ONNX graphs. A run trains one model with one task for all its rounds, so it keeps one graph. */
export class OnnxTrainings {
  readonly #ort: Ort;
  readonly #description: EngineDescription;
  #kept: { readonly key: string; readonly made: Compiled | { readonly reason: string } } | undefined;

  constructor(ort: Ort, description: EngineDescription) {
    this.#ort = ort;
    this.#description = description;
  }

  /** @returns `reason` instead, where the model or its task cannot be lowered. @throws `refused` when weights and model do not fit. */
  async begin(start: TrainingStart): Promise<Training | { readonly reason: string }> {
    start.model.assign(start.weights);
    const made = await this.#compiled(start);
    return 'reason' in made ? made : new OnnxTraining(this.#ort, this.#description, made, start);
  }

  async #compiled({
    model,
    task: { loss, optimizer },
  }: TrainingStart): Promise<Compiled | { readonly reason: string }> {
    const key = JSON.stringify([model.topology, loss, optimizer]);
    if (this.#kept?.key === key) return this.#kept.made;
    if (this.#kept !== undefined && 'session' in this.#kept.made) await this.#kept.made.session.release();
    this.#kept = undefined;
    const step = lowerTrainingStep(model.topology, { loss, optimizer });
    const reason = 'reason' in step ? step.reason : difference(step, model);
    const made = reason === undefined ? await compile(this.#ort, step as TrainingStep) : { reason };
    this.#kept = { key, made };
    return made;
  }
}

async function compile(ort: Ort, step: TrainingStep): Promise<Compiled | { readonly reason: string }> {
  try {
    return { step, session: await ort.open(encodeOnnxModel(step.graph)) };
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    return { reason: `ONNX Runtime takes no such graph: ${text.split('\n')[0]!.slice(0, 160)}` };
  }
}

/** What the graph and the model that tfjs built do not agree on. Then the lowering is wrong, and tfjs is right. */
function difference(step: TrainingStep, model: LoadedModel): string | undefined {
  const told = (shape: readonly number[], name: string, trained: boolean): string => `${name} [${shape}] ${trained}`;
  const lowered = step.weights.map(({ name, shape, trained }) => told(shape, name, trained));
  const built = model.weights.map(({ name, shape, trainable }) => told(shape, name, trainable));
  const same =
    `${step.inputShape}` === `${model.inputShape}` &&
    `${step.outputShape}` === `${model.outputShape}` &&
    lowered.sort().join() === built.sort().join();
  return same ? undefined : 'the lowered model has other weights or shapes than tfjs builds';
}

/** A tensor that every step replaces: read from one buffer, written to the other. */
interface Carried {
  readonly name: string;
  readonly next: string;
  current: OrtTensor;
  spare: OrtTensor;
}

class OnnxTraining implements Training {
  readonly description: EngineDescription;
  readonly #ort: Ort;
  readonly #compiled: Compiled;
  readonly #carried: readonly Carried[];
  readonly #fixed: Readonly<Record<string, OrtTensor>>;
  readonly #loss: OrtTensor;
  readonly #start: TrainingStart;
  /** Steps taken. */
  #taken = 0;

  constructor(ort: Ort, description: EngineDescription, compiled: Compiled, start: TrainingStart) {
    const given = start.weights;
    this.#ort = ort;
    this.description = description;
    this.#compiled = compiled;
    this.#start = start;
    this.#loss = ort.tensor([], new Float32Array(1));
    const { weights, states } = compiled.step;
    const values = new Map(given.map((tensor) => [tensor.name, tensor.values]));
    const carried = (name: string, next: string, shape: readonly number[], initial: Float32Array): Carried => ({
      name,
      next,
      current: ort.tensor(shape, initial),
      spare: ort.tensor(shape, new Float32Array(initial.length)),
    });
    this.#carried = [
      ...weights.flatMap(({ name, next, shape }) =>
        next === undefined ? [] : [carried(name, next, shape, Float32Array.from(values.get(name)!))],
      ),
      ...states.map(({ name, next, shape, initial }) =>
        carried(name, next, shape, new Float32Array(shape.reduce((size, n) => size * n, 1)).fill(initial)),
      ),
    ];
    this.#fixed = Object.fromEntries(
      weights.flatMap(({ name, next, shape }) =>
        next === undefined ? [[name, ort.tensor(shape, values.get(name)!)] as const] : [],
      ),
    );
  }

  async step({ examples, inputs, targets }: Parameters<Training['step']>[0]): Promise<number> {
    const { step, session } = this.#compiled;
    const feeds: Record<string, OrtTensor> = {
      ...this.#fixed,
      examples: this.#ort.tensor([examples, ...step.inputShape], inputs),
      targets: this.#ort.tensor([examples, ...step.outputShape], targets),
    };
    const place = { seed: this.#start.seed, step: this.#taken++ };
    for (const { name, layer, rate, ...noise } of step.noise) {
      const shape = [examples, ...noise.shape];
      feeds[name] = this.#ort.tensor(shape, this.#start.model.noise.factors(place, { layer, shape, rate }));
    }
    const fetches: Record<string, OrtTensor> = { [step.loss]: this.#loss };
    for (const { name, next, current, spare } of this.#carried) {
      feeds[name] = current;
      fetches[next] = spare;
    }
    await session.run(feeds, fetches);
    for (const one of this.#carried) [one.current, one.spare] = [one.spare, one.current];
    return this.#loss.data[0]!;
  }

  weights(): NamedTensor[] {
    const now = new Map(this.#carried.map(({ name, current }) => [name, current.data]));
    return this.#start.weights.map(({ name, shape, values }) => ({
      name,
      shape,
      values: Float32Array.from(now.get(name) ?? values),
    }));
  }

  dispose(): void {}
}
