import type { NamedTensor } from '@concordat/core';
import type { LoadedModel } from './layers-model.js';
import { encodeOnnxModel } from './lowering/onnx-model.js';
import { type Carried, repeatStep, type TrainingRun } from './lowering/training-run.js';
import { lowerTrainingStep, type TrainingStep } from './lowering/training-step.js';
import type { Ort, OrtSession, OrtTensor } from './ort.js';
import type { EngineDescription } from './trainer.js';
import type { Batches, Training, TrainingStart } from './training.js';

/** Training steps that ONNX Runtime can compute. */
interface Compiled {
  readonly step: TrainingStep;
  readonly run: TrainingRun;
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
    rule = {},
  }: TrainingStart): Promise<Compiled | { readonly reason: string }> {
    const lowered = { proximal: rule.proximal ?? 0, shifted: rule.shift !== undefined };
    const key = JSON.stringify([model.topology, loss, optimizer, lowered]);
    if (this.#kept?.key === key) return this.#kept.made;
    if (this.#kept !== undefined && 'session' in this.#kept.made) await this.#kept.made.session.release();
    this.#kept = undefined;
    const step = lowerTrainingStep(model.topology, { loss, optimizer, rule: lowered });
    const reason = 'reason' in step ? step.reason : difference(step, model);
    const made = reason === undefined ? await compile(this.#ort, step as TrainingStep) : { reason };
    this.#kept = { key, made };
    return made;
  }
}

async function compile(ort: Ort, step: TrainingStep): Promise<Compiled | { readonly reason: string }> {
  try {
    const run = repeatStep(step);
    return { step, run, session: await ort.open(encodeOnnxModel(run.graph)) };
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

/** What a call of several steps may take: who stops a training or ends its thread waits for one. */
const callMillis = 250;
const stepsAtOnceMax = 20;

/** Read from one buffer, written to the other. */
interface Buffers {
  current: OrtTensor;
  spare: OrtTensor;
}

class OnnxTraining implements Training {
  readonly description: EngineDescription;
  stepsAtOnce = 1;
  readonly #ort: Ort;
  readonly #compiled: Compiled;
  readonly #start: TrainingStart;
  readonly #buffers: ReadonlyMap<string, Buffers>;
  readonly #fixed: Readonly<Record<string, OrtTensor>>;
  /** Steps taken. */
  #taken = 0;

  constructor(ort: Ort, description: EngineDescription, compiled: Compiled, start: TrainingStart) {
    const given = start.weights;
    this.#ort = ort;
    this.description = description;
    this.#compiled = compiled;
    this.#start = start;
    const values = new Map(given.map((tensor) => [tensor.name, tensor.values]));
    const buffersOf = ({ name, shape, initial = 0 }: Carried): Buffers => {
      const first = values.get(name)?.slice() ?? new Float32Array(sizeOf(shape)).fill(initial);
      return { current: ort.tensor(shape, first), spare: ort.tensor(shape, new Float32Array(first.length)) };
    };
    this.#buffers = new Map(compiled.run.carried.map((one) => [one.name, buffersOf(one)]));
    const fixed = compiled.step.weights.filter(({ next }) => next === undefined);
    const shifts = new Map(start.rule?.shift?.map((tensor) => [tensor.name, tensor.values]));
    this.#fixed = Object.fromEntries([
      ...fixed.map(({ name, shape }) => [name, ort.tensor(shape, values.get(name)!)] as const),
      ...compiled.step.ruleInputs.map(({ name, weight, shape, of }) => {
        return [name, ort.tensor(shape, (of === 'initial' ? values : shifts).get(weight)!)] as const;
      }),
    ]);
  }

  async step({ steps, examples, inputs, targets }: Batches): Promise<Float32Array> {
    const { step, run, session } = this.#compiled;
    const losses = new Float32Array(steps);
    const feeds: Record<string, OrtTensor> = {
      ...this.#fixed,
      [run.examples]: this.#ort.tensor([steps, examples, ...step.inputShape], inputs),
      [run.targets]: this.#ort.tensor([steps, examples, ...step.outputShape], targets),
      ...this.#drawn(steps, examples),
    };
    const fetches: Record<string, OrtTensor> = { [run.losses]: this.#ort.tensor([steps], losses) };
    for (const { name, input, output } of run.carried) {
      const { current, spare } = this.#buffers.get(name)!;
      feeds[input] = current;
      fetches[output] = spare;
    }
    const start = performance.now();
    await session.run(feeds, fetches);
    this.#taken += steps;
    const stepsInTime = Math.floor((callMillis * steps) / (performance.now() - start));
    this.stepsAtOnce = Math.min(Math.max(stepsInTime, 1), stepsAtOnceMax);
    for (const one of this.#buffers.values()) [one.current, one.spare] = [one.spare, one.current];
    return losses;
  }

  /** What layers draw in the next steps. */
  #drawn(steps: number, examples: number): Record<string, OrtTensor> {
    const { seed, model } = this.#start;
    const inputs = this.#compiled.run.noise.map(({ name, layer, draw, rate, ...noise }) => {
      const shape = [examples, ...noise.shape];
      const size = sizeOf(shape);
      const factors = new Float32Array(steps * size);
      for (let i = 0; i < steps; i++) {
        const place = { seed, step: this.#taken + i };
        factors.set(model.noise.factors(place, { layer, draw, shape, rate }), i * size);
      }
      return [name, this.#ort.tensor([steps, ...shape], factors)] as const;
    });
    return Object.fromEntries(inputs);
  }

  weights(): NamedTensor[] {
    return this.#start.weights.map(({ name, shape, values }) => ({
      name,
      shape,
      values: (this.#buffers.get(name)?.current.data ?? values).slice(),
    }));
  }

  dispose(): void {}
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, n) => size * n, 1);
}
