import { isTrue } from '../activations.js';
import type { Graph } from '../graph.js';
import { reshaped } from './layer.js';

/** The largest of each window, where windows lie side by side and cover everything. */
export interface DisjointMaximum {
  /** [batch, rows, columns, channels] of the windows. */
  readonly y: string;
  /** @param dy as `y`. @returns as what it was taken of: the first of equal ones, row by row, gets the whole slope. */
  backward(dy: string): string;
}

/**
 * Columns first, then rows, each as a split into the places of a window, whose numbers lie together where channels come last: plain copies and
 * comparisons. `MaxPool` with its places and a scatter back take 0.9 ms of [10, 28, 28, 32], this 0.4.
 *
 * @param x [batch, rows, columns, channels].
 * @param size divides rows and columns.
 */
export function disjointMaximum(
  g: Graph,
  x: string,
  [height, width, channels]: readonly [number, number, number],
  size: readonly [number, number],
): DisjointMaximum {
  const [rows, columns] = [height / size[0], width / size[1]];
  const across = largestOf(g, x, size[1], channels);
  const down = largestOf(g, across.y, size[0], columns * channels);
  return {
    y: reshaped(g, down.y, [rows, columns, channels]),
    backward: (dy) => reshaped(g, across.backward(down.backward(dy)), [height, width, channels]),
  };
}

/** Of `count` neighbours of `length` numbers each. */
function largestOf(g: Graph, x: string, count: number, length: number): DisjointMaximum {
  if (count === 1) return { y: x, backward: (dy) => dy };
  const parts = g.ops('Split', [reshaped(g, x, [count, length])], count, { axis: 1 });
  // Whether the largest so far stays before that part.
  const stays: string[] = [];
  const y = parts.reduce((largest, part) => {
    stays.push(isTrue(g, g.op('GreaterOrEqual', [largest, part])));
    return g.op('Max', [largest, part]);
  });
  return {
    y,
    backward(dy) {
      const slopes: string[] = [];
      let rest = reshaped(g, dy, [1, length]);
      for (const stay of [...stays].reverse()) {
        const kept = g.op('Mul', [rest, stay]);
        slopes.unshift(g.op('Sub', [rest, kept]));
        rest = kept;
      }
      return g.op('Concat', [rest, ...slopes], { axis: 1 });
    },
  };
}
