import type { Graph } from '../graph.js';

/** What a window slides over: two dimensions, first rows. */
export type Two = readonly [number, number];

/** From tfjs's [batch, rows, columns, channels] to ONNX's [batch, channels, rows, columns]. */
export function channelsFirst(graph: Graph, name: string): string {
  return graph.transpose(name, [0, 3, 1, 2]);
}

export function channelsLast(graph: Graph, name: string): string {
  return graph.transpose(name, [0, 2, 3, 1]);
}

/** Where windows lie in both dimensions. */
export interface Windows {
  readonly size: Two;
  readonly strides: Two;
  readonly output: Two;
  /** Zeros before and after: rows, columns, rows, columns, as ONNX's `pads`. */
  readonly pads: readonly [number, number, number, number];
}

/** As tfjs places them; `same` puts the odd zero behind. */
export function windowsOf(input: Two, size: Two, strides: Two, padding: unknown): Windows {
  const along = input.map((length, i): readonly [number, number, number] => {
    if (padding !== 'same') return [Math.floor((length - size[i]!) / strides[i]!) + 1, 0, 0];
    const output = Math.ceil(length / strides[i]!);
    const zeros = Math.max((output - 1) * strides[i]! + size[i]! - length, 0);
    return [output, Math.floor(zeros / 2), Math.ceil(zeros / 2)];
  });
  const [rows, columns] = along as [(typeof along)[0], (typeof along)[0]];
  return { size, strides, output: [rows[0], columns[0]], pads: [rows[1], columns[1], rows[2], columns[2]] };
}

/** A number for both dimensions, or one for each. */
export function twoOf(value: unknown, otherwise: unknown = 1): Two {
  const given = value ?? otherwise;
  if (typeof given === 'number') return [given, given];
  const list = given as readonly number[];
  return [list[0]!, list[1] ?? list[0]!];
}
