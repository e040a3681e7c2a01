import type { DataSet } from './data-set.js';
import type { ExampleBlock } from './examples.js';
import { copyTargets, emptyTargets } from './records.js';

/** Room for some examples, used again and again. */
export class ExampleWindow {
  readonly #size: number;
  readonly #ranks: Uint32Array;
  /** Made for the first example. */
  #room: DataSet | undefined;
  #held = 0;

  /** @param size examples it has room for, ≥ 1. */
  constructor(size: number) {
    this.#size = size;
    this.#ranks = new Uint32Array(size);
  }

  get isEmpty(): boolean {
    return this.#held === 0;
  }

  get isFull(): boolean {
    return this.#held === this.#size;
  }

  /** Copy one example of a batch; it must not be full. @param rank where it belongs among the others. */
  add(batch: DataSet, example: number, rank: number): void {
    this.#room ??= roomLike(batch, this.#size);
    const { inputs } = this.#room;
    const width = inputs.length / this.#size;
    inputs.set(batch.inputs.subarray(example * width, (example + 1) * width), this.#held * width);
    copyTargets(oneOf(batch, example), this.#room.targets, this.#held);
    this.#ranks[this.#held++] = rank;
  }

  /** What it holds, in the order of the ranks; good until something is added. Afterwards it is empty. */
  take(): ExampleBlock {
    const held = this.#held;
    const ranks = this.#ranks;
    this.#held = 0;
    const members = Uint32Array.from({ length: held }, (_, i) => i).sort((a, b) => ranks[a]! - ranks[b]!);
    return { dataSet: firstOf(this.#room!, held), members };
  }
}

function roomLike(batch: DataSet, examples: number): DataSet {
  const size = examples * (batch.inputs.length / batch.examples);
  const inputs = batch.inputs instanceof Uint8Array ? new Uint8Array(size) : new Float32Array(size);
  return { examples, inputShape: batch.inputShape, inputs, targets: emptyTargets(batch.targets, examples) };
}

function oneOf(batch: DataSet, example: number): DataSet['targets'] {
  const { targets } = batch;
  if (targets.kind === 'classes') return { kind: 'classes', labels: targets.labels.subarray(example, example + 1) };
  const width = targets.values.length / batch.examples;
  return { ...targets, values: targets.values.subarray(example * width, (example + 1) * width) };
}

/** So that nothing looks at what an earlier block left behind it. */
function firstOf({ examples: all, inputShape, inputs, targets }: DataSet, examples: number): DataSet {
  const part = <Values extends Uint8Array | Int32Array | Float32Array>(values: Values) =>
    values.subarray(0, (values.length / all) * examples) as Values;
  return {
    examples,
    inputShape,
    inputs: part(inputs),
    targets:
      targets.kind === 'classes'
        ? { kind: 'classes', labels: part(targets.labels) }
        : { ...targets, values: part(targets.values) },
  };
}
