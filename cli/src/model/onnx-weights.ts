import { badArguments } from '../envelope.js';
import { CommandFailure } from '../failure.js';
import type { LayerWeights, WeightsFile } from './layer-weights.js';
import { type OnnxGraph, type OnnxNode, type OnnxTensor, readOnnxFile } from './onnx-file.js';

type Weight = LayerWeights['weights'][number];

/**
 * How a value lies in memory: with its channels before what they are channels of, and how many; the same made flat; made of something
 * flat; or in any other way.
 */
type Layout = { readonly kind: 'channels' | 'flat'; readonly channels: number } | { readonly kind: 'made' | 'other' };

/**
 * The layers of an ONNX model in the order of its nodes, each weight turned into what tfjs has: channels last, inputs before outputs, and
 * the rows of a product that follows flattened images in the order in which tfjs flattens them.
 *
 * Read are Conv (also depthwise), ConvTranspose, Gemm, MatMul with the Add behind it, BatchNormalization, LayerNormalization, Gather.
 *
 * @throws CommandFailure `malformed` as `readOnnxFile`; `invalid-argument` for weights of another node.
 */
export function readOnnxWeights(bytes: Uint8Array): WeightsFile {
  const graph = readOnnxFile(bytes);
  const reading = new Reading(graph);
  for (const node of graph.nodes) reading.take(node);
  return { layers: reading.layers, by: 'order' };
}

class Reading {
  readonly layers: LayerWeights[] = [];
  readonly #graph: OnnxGraph;
  readonly #layouts = new Map<string, Layout>();
  /** Outputs of products that may still get a bias. */
  readonly #products = new Map<string, number>();

  constructor(graph: OnnxGraph) {
    this.#graph = graph;
  }

  take(node: OnnxNode): void {
    const [from = ''] = node.inputs;
    const before = this.#layouts.get(from) ?? { kind: 'other' };
    const after = this.#layer(node, before) ?? this.#layoutAfter(node, before);
    for (const output of node.outputs) this.#layouts.set(output, after);
  }

  /** @returns what comes out of a node that is a layer with weights; else undefined. */
  #layer(node: OnnxNode, before: Layout): Layout | undefined {
    const tensors = node.inputs.map((name) => this.#graph.tensors.get(name));
    const fixed = tensors.filter((tensor) => tensor !== undefined);
    switch (node.type) {
      case 'Conv':
      case 'ConvTranspose':
        if (before.kind === 'made') throw notRead(node, 'behind a Reshape');
        this.#add(node, convolution(node, tensors[1]), ...fixed.slice(1).map(plain));
        return { kind: 'channels', channels: tensors[1]!.shape[node.type === 'Conv' ? 0 : 1]! };
      case 'Gemm':
        return this.#product(node, before, gemm(node, tensors[1]), ...fixed.slice(1).map(plain));
      case 'MatMul':
        if (tensors[1] === undefined) break;
        this.#products.set(node.outputs[0]!, this.layers.length);
        return this.#product(node, before, plain(tensors[1]));
      case 'Add':
        return this.#bias(node, fixed, before);
      case 'BatchNormalization':
      case 'LayerNormalization':
        this.#add(node, ...fixed.map(plain));
        return before;
      case 'Gather':
        if (tensors[0]?.shape.length !== 2) break;
        this.#add(node, plain(tensors[0]));
        return { kind: 'other' };
    }
    const weights = fixed.find(({ values }) => values.length > 1);
    if (weights !== undefined) throw notRead(node, `with ${weights.name} [${weights.shape.join(', ')}]`);
    return undefined;
  }

  #add(node: OnnxNode, ...weights: readonly Weight[]): void {
    this.layers.push({ layer: node.name || node.outputs[0]!, weights });
  }

  #product(node: OnnxNode, before: Layout, kernel: Weight, ...bias: readonly Weight[]): Layout {
    this.#add(node, before.kind === 'flat' ? channelsLast(kernel, before.channels) : kernel, ...bias);
    return { kind: 'other' };
  }

  #bias(node: OnnxNode, [bias, ...others]: readonly OnnxTensor[], before: Layout): Layout | undefined {
    const index = node.inputs.map((name) => this.#products.get(name)).find((one) => one !== undefined);
    if (bias === undefined || (index === undefined && bias.values.length === 1)) return undefined;
    if (index === undefined || others.length > 0) throw notRead(node, `with ${bias.name} [${bias.shape.join(', ')}]`);
    const { layer, weights } = this.layers[index]!;
    this.layers[index] = { layer, weights: [...weights, plain(bias)] };
    return before;
  }

  #layoutAfter(node: OnnxNode, before: Layout): Layout {
    switch (node.type) {
      case 'Transpose':
        return { kind: 'other' };
      case 'Flatten':
      case 'Reshape':
        if (before.kind === 'channels') return { kind: 'flat', channels: before.channels };
        this.#requireOneOrder(node);
        return node.type === 'Flatten' ? before : { kind: 'made' };
      default:
        return before;
    }
  }

  /** Images that are made flat as they come: nobody says whether their channels come first, and with one it is the same. */
  #requireOneOrder(node: OnnxNode): void {
    const shape = this.#graph.inputs.get(node.inputs[0]!) ?? [];
    if (shape.length < 3 || shape[1] === 1 || shape.at(-1) === 1) return;
    throw notRead(node, `of an input [${shape.join(', ')}], of which nothing says where its channels are`);
  }
}

function convolution(node: OnnxNode, tensor: OnnxTensor | undefined): Weight {
  if (tensor === undefined) throw notRead(node, 'whose kernel is computed');
  const window = tensor.shape.slice(2).map((_, axis) => axis + 2);
  const { group = 1 } = node.attributes;
  if (node.type === 'ConvTranspose') {
    if (group !== 1) throw notRead(node, `in ${group} groups`);
    return turned(tensor, [...window, 1, 0]);
  }
  if (group === 1) return turned(tensor, [...window, 1, 0]);
  const [outputs, each] = tensor.shape as [number, number];
  if (each !== 1) throw notRead(node, `in ${group} groups of several channels`);
  // [channels · m, 1, …]: of each input channel its m outputs lie together, as they do in tfjs.
  const shape = [...tensor.shape.slice(2), group, outputs / group];
  return { ...turned(tensor, [...window, 1, 0]), shape };
}

function gemm(node: OnnxNode, tensor: OnnxTensor | undefined): Weight {
  if (tensor === undefined) throw notRead(node, 'whose kernel is computed');
  return node.attributes.transB === 1 ? turned(tensor, [1, 0]) : plain(tensor);
}

function plain({ name, shape, values }: OnnxTensor): Weight {
  return { name, shape, values };
}

/** The tensor with its axes in another order: axis i of the result is axis `axes[i]` of `tensor`. */
function turned({ name, shape, values }: OnnxTensor, axes: readonly number[]): Weight {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((size, n) => size * n, 1));
  const out = axes.map((axis) => shape[axis]!);
  const steps = axes.map((axis) => strides[axis]!);
  const result = new Float32Array(values.length);
  const place = out.map(() => 0);
  for (let i = 0; i < result.length; i++) {
    result[i] = values[place.reduce((at, index, axis) => at + index * steps[axis]!, 0)]!;
    for (let axis = out.length - 1; axis >= 0; axis--) {
      if (++place[axis]! < out[axis]!) break;
      place[axis] = 0;
    }
  }
  return { name, shape: out, values: result };
}

/** A kernel [channels · places, outputs] whose rows come channel by channel, with rows that come place by place. */
function channelsLast(kernel: Weight, channels: number): Weight {
  const [rows, outputs] = kernel.shape as [number, number];
  const { values } = turned(
    { name: kernel.name, shape: [channels, rows / channels, outputs], values: kernel.values },
    [1, 0, 2],
  );
  return { ...kernel, values };
}

function notRead({ type, name }: OnnxNode, what: string): CommandFailure {
  return new CommandFailure(`the node ${type}${name === '' ? '' : ` (${name})`} ${what} is not imported`, {
    code: 'invalid-argument',
    exitCode: badArguments,
    fix: 'Import models of Conv, Gemm, MatMul, BatchNormalization, LayerNormalization and Gather; save others from Keras.',
  });
}
