import type { Graph } from '../graph.js';
import { NotLowered } from '../not-lowered.js';
import type { LayerSpec } from '../topology.js';

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

/** What no window reaches behind the last one: rows and columns, as `output_padding` of a `ConvTranspose`. */
export function leftOver({ size, strides, output, pads }: Windows, input: Two): Two {
  const along = (i: 0 | 1): number => input[i] + pads[i] + pads[i + 2]! - ((output[i] - 1) * strides[i] + size[i]);
  return [along(0), along(1)];
}

/** @throws `NotLowered` for a convolution that is dilated, causal or of channels first, or ends in what goes along the last axis. */
export function requirePlainWindows({ kind, config }: LayerSpec): void {
  const dilation = twoOf(config.dilationRate);
  if (dilation.some((rate) => rate !== 1)) throw new NotLowered(`${kind} with dilation ${dilation} is not lowered`);
  if (config.dataFormat === 'channelsFirst') throw new NotLowered(`${kind} of channels first is not lowered`);
  if (!['same', 'valid', undefined].includes(config.padding as string | undefined)) {
    throw new NotLowered(`${kind} with padding ${String(config.padding)} is not lowered`);
  }
  const name = String(config.activation ?? 'linear');
  // They go along the last axis, which is another one where channels come first.
  if (/softmax/i.test(name)) throw new NotLowered(`${kind} with ${name} is not lowered`);
}
