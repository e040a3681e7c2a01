import * as tf from '@tensorflow/tfjs';
import { setThreadsCount } from '@tensorflow/tfjs-backend-wasm';
import { type Cost, costOf } from '../measure.js';
import type { Answer, EngineQuestion } from './engine-program.js';
import { fitOf, type NetworkName, noiseFor } from './networks.js';

/** tfjs on wasm as people use it who take it from npm: `LayersModel.fit`, and of the kernels that it lacks the one without which no convolution trains. */
let turn: (() => Promise<Cost>) | undefined;

async function open(network: NetworkName, examples: number): Promise<Answer> {
  tf.env().set('PROD', true);
  setThreadsCount(1);
  await tf.setBackend('wasm');
  await tf.ready();
  tf.registerKernel({ kernelName: 'Conv2DBackpropFilter', backendName: 'wasm', kernelFunc: filterGradient });
  const { model: topology, weights, task } = fitOf(network);
  const model = await tf.models.modelFromJSON(topology as Parameters<typeof tf.models.modelFromJSON>[0]);
  const values = new Map(weights.map((tensor) => [tensor.name, tf.tensor(tensor.values, [...tensor.shape])]));
  model.setWeights(model.weights.map(({ originalName }) => values.get(originalName)!));
  model.compile({ optimizer: tf.train.sgd(task.optimizer.learningRate), loss: task.loss });
  const noise = noiseFor(network, examples);
  if (noise.targets.kind !== 'classes') throw new Error('noise has classes');
  const inputs = tf.tensor(noise.inputs, [examples, ...noise.inputShape]);
  const targets = tf.oneHot(tf.tensor1d(noise.targets.labels, 'int32'), 10);
  const pass = async (): Promise<void> =>
    void (await model.fit(inputs, targets, { batchSize: task.batchSize, epochs: 1, shuffle: true, verbose: 0 }));
  await pass();
  turn = () => costOf(pass);
  return { engine: `wasm of tfjs ${tf.version_core}` };
}

/** The gradient of a filter is a convolution whose batch are the channels and whose filter is what comes back. */
function filterGradient({ inputs, attrs }: Parameters<tf.KernelFunc>[0]): tf.TensorInfo {
  const { x, dy } = inputs as unknown as { readonly x: tf.Tensor4D; readonly dy: tf.Tensor4D };
  const { filterShape, strides } = attrs as unknown as {
    readonly filterShape: [number, number, number, number];
    readonly strides: number | [number, number];
  };
  if ([strides].flat().some((stride) => stride !== 1)) throw new Error('these networks have no stride');
  return tf.tidy(() => {
    const [height, width] = filterShape;
    const before = (size: number): [number, number] => [Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2)];
    const padded = tf.pad(tf.transpose(x, [3, 1, 2, 0]), [
      [0, 0],
      before(height),
      before(width),
      [0, 0],
    ]) as tf.Tensor4D;
    const back = tf.transpose(dy, [1, 2, 0, 3]) as tf.Tensor4D;
    return tf.transpose(tf.conv2d(padded, back, 1, 'valid'), [1, 2, 0, 3]);
  });
}

process.on('message', (question: EngineQuestion) => {
  const answering: Promise<Answer | Cost> =
    'turn' in question
      ? turn!()
      : open(question.open.network, question.open.examples).catch((error: Error) => ({ reason: error.message }));
  void answering.then((answer) => process.send!({ answer }));
});
