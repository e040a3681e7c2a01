import { refusal } from '@concordat/core';
import type { DataSet } from './data-set.js';
import { ExampleWindow } from './example-window.js';
import type { HoldoutSplit } from './holdout-split.js';
import { splitHoldout } from './holdout-split.js';
import { batchExamples, bytesOf, memoryRefusal, noRecord, type Records } from './records.js';

/** Which of the examples: those that are trained on, or those that are kept for evaluation. */
export type ExamplePart = keyof HoldoutSplit;

/** Some examples that are in memory together. */
export interface ExampleBlock {
  readonly dataSet: DataSet;
  /** Places in the data set, in the order that the holdout's division gave them. */
  readonly members: Uint32Array;
}

/** A participant's examples, in memory or read anew for every pass. */
export interface Examples {
  /** How many there are of each part. */
  readonly counts: Readonly<Record<ExamplePart, number>>;
  /** What an example is to be mapped to. */
  readonly targets: DataSet['targets']['kind'];
  /**
   * One pass over a part. A block is good until the next one is asked for.
   *
   * @param batchSize every block but the last holds a multiple of it.
   * @throws as {@link Records.batches}; `refused` `data.changed` when there are more or fewer than at the start.
   */
  blocks(part: ExamplePart, batchSize: number): AsyncIterable<ExampleBlock>;
}

/** Examples that are all in memory: one block of each part. */
export function heldExamples(dataSet: DataSet, split: HoldoutSplit): Examples {
  return {
    counts: { training: split.training.length, holdout: split.holdout.length },
    targets: dataSet.targets.kind,
    async *blocks(part) {
      yield { dataSet, members: split[part] };
    },
  };
}

/** How records are read that are not all in memory. */
export interface StreamOptions {
  /** Examples that are in memory together; rounded up to whole batches. */
  readonly window: number;
  /** See `splitHoldout`. */
  readonly fraction: number;
  readonly seed: string;
}

/** Records whose batches may be read again and again. */
export type StreamedRecords = Pick<Records, 'schema' | 'memoryBytesMax' | 'batches'>;

/**
 * Examples that are read from their source for every pass, a window of them in memory at a time, beside four bytes for each example there
 * is. With a window that covers them they come in the order of {@link heldExamples}. All records are read once, to count them and find what
 * is wrong with them.
 *
 * @throws as {@link Records.batches}; `refused` `data.memory` when a window takes more than `memoryBytesMax`; `invalid-argument` when there
 *   is no record, or as `splitHoldout`.
 */
export async function streamedExamples(records: StreamedRecords, options: StreamOptions): Promise<Examples> {
  const { window, fraction, seed } = options;
  const read = Math.min(window, batchExamples(records));
  let [count, bytes] = [0, 0];
  let targets: DataSet['targets']['kind'] = 'classes';
  for await (const part of records.batches(read)) {
    count += part.examples;
    bytes = Math.ceil(bytesOf(part) / part.examples);
    targets = part.targets.kind;
    if (Math.min(window, count) * bytes > records.memoryBytesMax) throw memoryRefusal(records.memoryBytesMax);
  }
  if (count === 0) throw noRecord();
  const { training, holdout } = splitHoldout(count, { fraction, seed });
  const ranks = ranksOf(training, holdout);
  const counts = { training: training.length, holdout: holdout.length };
  return {
    counts,
    targets,
    blocks: (part, batchSize) => {
      const whole = Math.ceil(Math.min(window, counts[part]) / batchSize) * batchSize;
      return blocksOf(records.batches(read), ranks, { part, size: Math.min(whole, Math.max(1, counts[part])) });
    },
  };
}

/** Of each example its place among the training examples; of one of the holdout the complement of its place there. */
function ranksOf(training: Uint32Array, holdout: Uint32Array): Int32Array {
  const ranks = new Int32Array(training.length + holdout.length);
  training.forEach((example, place) => {
    ranks[example] = place;
  });
  holdout.forEach((example, place) => {
    ranks[example] = ~place;
  });
  return ranks;
}

async function* blocksOf(
  batches: AsyncIterable<DataSet>,
  ranks: Int32Array,
  { part, size }: { readonly part: ExamplePart; readonly size: number },
): AsyncGenerator<ExampleBlock> {
  const window = new ExampleWindow(size);
  let seen = 0;
  for await (const batch of batches) {
    for (let i = 0; i < batch.examples; i++) {
      const rank = ranks[seen++];
      if (rank === undefined) throw changed(ranks.length, 'more');
      if (rank >= 0 !== (part === 'training')) continue;
      window.add(batch, i, rank >= 0 ? rank : ~rank);
      if (window.isFull) yield window.take();
    }
  }
  if (seen < ranks.length) throw changed(ranks.length, seen);
  if (!window.isEmpty) yield window.take();
}

function changed(required: number, offered: number | 'more') {
  return refusal('data.changed', 'the source has more or fewer records than when the client started', {
    required: `${required} records`,
    offered,
  });
}
