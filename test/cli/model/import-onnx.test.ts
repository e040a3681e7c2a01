import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type LayersModel, readTfjsDirectory } from '@concordat/client-sdk';
import type { NamedTensor } from '@concordat/core';
import { expect } from 'chai';
import { loadBackends } from '../../client-sdk/trainer/wasm-kernels/backends.js';
import { type Imported, imported } from '../../support/imported-weights.js';
import { numbers, sizeOf } from '../../support/seeded-numbers.js';
import { repository } from '../../support/test-titles.js';

/** How the trainer writes ONNX: no package exports it. */
interface Graph {
  op(type: string, inputs: readonly string[], attributes?: object): string;
  floats(shape: readonly number[], values: readonly number[]): string;
  integers(...values: readonly number[]): string;
  input(name: string, shape: readonly (number | 'batch')[]): string;
  output(name: string, shape: readonly (number | 'batch')[]): void;
}

interface Trained {
  readonly network: { predict(x: unknown): { dataSync(): Float32Array } };
  assign(tensors: readonly NamedTensor[]): void;
}

type Tensor = new (type: string, values: Float32Array, shape: readonly number[]) => { readonly data: Float32Array };

interface Ort {
  readonly Tensor: Tensor;
  readonly InferenceSession: {
    create(bytes: Uint8Array): Promise<{
      readonly outputNames: readonly string[];
      run(feeds: object): Promise<Readonly<Record<string, { readonly data: Float32Array }>>>;
    }>;
  };
}

const module = <T>(file: string): Promise<T> =>
  import(pathToFileURL(resolve(repository, 'client-sdk/dist/trainer', file)).href) as Promise<T>;

let seed = 1;
const fixed = (graph: Graph, ...shape: number[]): string =>
  graph.floats(
    shape,
    [...numbers(sizeOf(shape), ++seed)].map((x) => x / 2),
  );

/** Images as PyTorch has them, channels first: convolutions, a depthwise one, a flattened image, products with a bias in either way. */
function images(graph: Graph): void {
  const x = graph.input('x', ['batch', 2, 6, 4]);
  const pads = { pads: [1, 1, 1, 1], kernel_shape: [3, 3] };
  let at = graph.op('Relu', [graph.op('Conv', [x, fixed(graph, 3, 2, 3, 3), fixed(graph, 3)], pads)]);
  const depthwise = [at, fixed(graph, 6, 1, 3, 3), fixed(graph, 6)];
  at = graph.op('Tanh', [graph.op('Conv', depthwise, { ...pads, group: 3 })]);
  at = graph.op('MaxPool', [at], { kernel_shape: [2, 2], strides: [2, 2] });
  at = graph.op('Flatten', [at]);
  at = graph.op('Relu', [graph.op('Gemm', [at, fixed(graph, 5, 36), fixed(graph, 5)], { transB: 1 })]);
  at = graph.op('Add', [graph.op('MatMul', [at, fixed(graph, 5, 3)]), fixed(graph, 3)]);
  graph.output(graph.op('Softmax', [at], { axis: -1 }), ['batch', 3]);
}

const layer = (class_name: string, name: string, config: object = {}) => ({ class_name, config: { name, ...config } });

function zeros(layers: readonly object[], shapes: Readonly<Record<string, readonly number[]>>): LayersModel {
  return {
    topology: { class_name: 'Sequential', config: { name: 'model', layers } },
    tensors: Object.entries(shapes).map(([name, shape]) => ({
      name,
      shape: [...shape],
      values: new Float32Array(sizeOf(shape)),
    })),
  };
}

const padded = { kernel_size: [3, 3], padding: 'same' };
const network = zeros(
  [
    layer('Conv2D', 'look', { ...padded, batch_input_shape: [null, 6, 4, 2], filters: 3, activation: 'relu' }),
    layer('DepthwiseConv2D', 'each', { ...padded, depth_multiplier: 2, activation: 'tanh' }),
    layer('MaxPooling2D', 'pool', { pool_size: [2, 2] }),
    layer('Flatten', 'flatten'),
    layer('Dense', 'hidden', { units: 5, activation: 'relu' }),
    layer('Dense', 'output', { units: 3, activation: 'softmax' }),
  ],
  {
    'look/kernel': [3, 3, 2, 3],
    'look/bias': [3],
    'each/depthwise_kernel': [3, 3, 3, 2],
    'each/bias': [6],
    'hidden/kernel': [36, 5],
    'hidden/bias': [5],
    'output/kernel': [5, 3],
    'output/bias': [3],
  },
);
const oneProduct = zeros([layer('Dense', 'dense', { batch_input_shape: [null, 4], units: 2 })], {
  'dense/kernel': [4, 2],
});

describe('weights of an ONNX file', () => {
  let directory: string;
  let make: (build: (graph: Graph) => void) => Uint8Array;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-import-'));
    const { Graph } = await module<{ Graph: new () => Graph }>('lowering/graph.js');
    const { encodeOnnxModel } = await module<{ encodeOnnxModel(graph: Graph): Uint8Array }>('lowering/onnx-model.js');
    make = (build) => {
      const graph = new Graph();
      build(graph);
      return encodeOnnxModel(graph);
    };
  });
  after(() => rmSync(directory, { recursive: true }));

  const take = (model: LayersModel, bytes: Uint8Array, ...flags: string[]): Promise<Imported> => {
    const path = join(directory, 'model.onnx');
    writeFileSync(path, bytes);
    return imported(directory, model, path, ...flags);
  };

  it('give a layers model that predicts what ONNX Runtime predicts', async function () {
    this.timeout(20_000);
    const name: string = 'onnxruntime-node';
    const ort = await import(name).then(
      ({ default: found }) => found as Ort,
      (error: Error) =>
        void process.stderr.write(`\n!! NOT TESTED: ONNX weights against ONNX Runtime (${error.message})\n`),
    );
    if (ort === undefined) return this.skip();
    const bytes = make(images);
    const tfjs = join(directory, 'tfjs');
    expect(await take(network, bytes, '--tfjs', tfjs)).to.deep.include({ exitCode: 0 });

    const [batch, channels, height, width] = [3, 2, 6, 4];
    const first = numbers(batch * channels * height * width, 99);
    const session = await ort.InferenceSession.create(bytes);
    const outputs = await session.run({ x: new ort.Tensor('float32', first, [batch, channels, height, width]) });
    const wanted = outputs[session.outputNames[0]!]!.data;

    const last = new Float32Array(first.length);
    first.forEach((value, i) => {
      const [n, c, place] = [Math.floor(i / 48), Math.floor(i / 24) % 2, i % 24];
      last[n * 48 + place * 2 + c] = value;
    });
    const { tf, use } = await loadBackends();
    await use('cpu');
    const { loadModel } = await module<{ loadModel(tf: unknown, topology: object): Promise<Trained> }>(
      'layers-model.js',
    );
    const { topology, tensors } = await readTfjsDirectory(tfjs);
    const model = await loadModel(tf, topology);
    model.assign(tensors);
    const given = model.network.predict(tf.tensor(last, [batch, height, width, channels])).dataSync();
    given.forEach((value, i) => {
      expect(value).to.be.closeTo(wanted[i]!, 1e-6);
    });
    expect(new Set(wanted).size).to.equal(9);
  });

  const product = (graph: Graph, x: string, ...shape: number[]): void =>
    graph.output(graph.op('MatMul', [x, fixed(graph, ...shape)]), ['batch', shape.at(-1)!]);

  for (const [what, message, build] of [
    [
      'another shape',
      /^weight dense\/kernel is \[4, 2\] in the model and \[4, 3\] in the file/,
      (graph) => product(graph, graph.input('x', ['batch', 4]), 4, 3),
    ],
    [
      'another number of layers',
      /^the file has 2 layers with weights .*, the model 1 \(dense\)$/,
      (graph) => product(graph, graph.op('MatMul', [graph.input('x', ['batch', 4]), fixed(graph, 4, 4)]), 4, 2),
    ],
    [
      'weights of a node that is not known',
      /^the node LSTM .* is not imported$/,
      (graph) => {
        const x = graph.input('x', [3, 'batch', 4]);
        const state = graph.op('LSTM', [x, fixed(graph, 1, 8, 4), fixed(graph, 1, 8, 2)], { hidden_size: 2 });
        graph.output(state, [3, 1, 'batch', 2]);
      },
    ],
    [
      'groups of several channels',
      /^the node Conv in 2 groups of several channels is not imported$/,
      (graph) => {
        const x = graph.input('x', ['batch', 4, 3, 3]);
        graph.output(graph.op('Conv', [x, fixed(graph, 4, 2, 3, 3)], { group: 2 }), ['batch', 4, 1, 1]);
      },
    ],
    [
      'a flattened input whose channels may stand anywhere',
      /^the node Flatten of an input \[0, 2, 1, 2\], of which nothing says where its channels are is not imported$/,
      (graph) => product(graph, graph.op('Flatten', [graph.input('x', ['batch', 2, 1, 2])]), 4, 2),
    ],
  ] as [string, RegExp, (graph: Graph) => void][]) {
    it(`are refused with ${what}`, async () => {
      const { exitCode, error } = await take(oneProduct, make(build));
      expect([exitCode, error.code]).to.deep.equal([4, 'invalid-argument']);
      expect(error.message).to.match(message);
      expect(error.fix).to.match(/^[A-Z].*docs\/errors\/invalid-argument\.md/s);
    });
  }

  it('are malformed when the file ends within them', async () => {
    const bytes = make((graph) => product(graph, graph.input('x', ['batch', 4]), 4, 2));
    for (const length of [0, 10, bytes.length - 20]) {
      const { exitCode, error } = await take(oneProduct, bytes.subarray(0, length));
      expect([exitCode, error.code]).to.deep.equal([1, 'malformed']);
    }
  });
});
