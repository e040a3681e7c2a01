#!/usr/bin/env node
// Measures an exported model with plain tfjs and nothing of this project: what anybody can do with the demo's result.
//
//   node measure-model.mjs MODEL_DIRECTORY IDX_DIRECTORY [--limit N]
//
// MODEL_DIRECTORY holds model.json and the weight files it names. IDX_DIRECTORY holds images.idx3-ubyte and labels.idx1-ubyte
// (MNIST's own names t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte work too). Prints {"examples", "accuracy"}.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';

const { positionals, values } = parseArgs({ allowPositionals: true, options: { limit: { type: 'string' } } });
const [modelDirectory, dataDirectory] = positionals;
const { images, labels, count, pixels } = readImages(dataDirectory, Number(values.limit ?? Number.POSITIVE_INFINITY));
await tf.ready();
const model = await tf.loadLayersModel(fromDirectory(modelDirectory));
const batch = 1000;
let correct = 0;
for (let from = 0; from < count; from += batch) {
  const to = Math.min(count, from + batch);
  const answers = tf.tidy(() => {
    const input = Float32Array.from(images.subarray(from * pixels, to * pixels), (byte) => byte / 255);
    return model
      .predict(tf.tensor2d(input, [to - from, pixels]))
      .argMax(-1)
      .dataSync();
  });
  answers.forEach((answer, i) => {
    if (answer === labels[from + i]) correct++;
  });
}
process.stdout.write(`${JSON.stringify({ examples: count, accuracy: correct / count })}\n`);

function fromDirectory(directory) {
  return {
    load: async () => {
      const { modelTopology, weightsManifest } = JSON.parse(readFileSync(join(directory, 'model.json'), 'utf8'));
      const files = weightsManifest.flatMap(({ paths }) => paths.map((path) => readFileSync(join(directory, path))));
      const bytes = Uint8Array.from(Buffer.concat(files));
      return {
        modelTopology,
        weightSpecs: weightsManifest.flatMap(({ weights }) => weights),
        weightData: bytes.buffer,
      };
    },
  };
}

function readImages(directory, limit) {
  const open = (...names) => readFileSync(names.map((name) => join(directory, name)).find((path) => existsSync(path)));
  const imageFile = open('images.idx3-ubyte', 't10k-images-idx3-ubyte');
  const labelFile = open('labels.idx1-ubyte', 't10k-labels-idx1-ubyte');
  return {
    images: imageFile.subarray(16),
    labels: labelFile.subarray(8),
    count: Math.min(limit, imageFile.readUInt32BE(4)),
    pixels: imageFile.readUInt32BE(8) * imageFile.readUInt32BE(12),
  };
}
