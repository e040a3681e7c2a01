import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type LayersModel, readTfjsDirectory } from '@concordat/client-sdk';
import { decodeSafetensors } from '@concordat/core';
import { expect } from 'chai';
import { imported } from '../../support/imported-weights.js';
import { numbers } from '../../support/seeded-numbers.js';
import { repository } from '../../support/test-titles.js';

const fixture = (name: string): string => join(repository, 'test/cli/model', name);

/** Value i of weight k, as `make-fixtures.py` fills them. */
const filled = (k: number, size: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => (((7 * i + 13 * k) % 23) - 11) / 16);

type Shapes = readonly (readonly [name: string, shape: readonly number[], k: number])[];

const layer = (class_name: string, name: string, config: object = {}) => ({ class_name, config: { name, ...config } });

/** A model of zeros. @param shapes in the order of tfjs: what is not trained comes last. */
function zeros(layers: readonly object[], shapes: Shapes): LayersModel {
  return {
    topology: { class_name: 'Sequential', config: { name: 'model', layers } },
    tensors: shapes.map(([name, shape]) => ({
      name,
      shape: [...shape],
      values: new Float32Array(shape.reduce((size, n) => size * n, 1)),
    })),
  };
}

const imageShapes: Shapes = [
  ['look/kernel', [3, 3, 1, 2], 0],
  ['look/bias', [2], 1],
  ['norm/gamma', [2], 2],
  ['norm/beta', [2], 3],
  ['decide/kernel', [8, 3], 6],
  ['decide/bias', [3], 7],
  ['norm/moving_mean', [2], 4],
  ['norm/moving_variance', [2], 5],
];
const images = zeros(
  [
    layer('Conv2D', 'look', {
      batch_input_shape: [null, 4, 4, 1],
      filters: 2,
      kernel_size: [3, 3],
      activation: 'relu',
    }),
    layer('BatchNormalization', 'norm'),
    layer('Flatten', 'flatten'),
    layer('Dense', 'decide', { units: 3, activation: 'softmax' }),
  ],
  imageShapes,
);

const textShapes: Shapes = [
  ['words/embeddings', [6, 3], 0],
  ['read/kernel', [3, 6], 1],
  ['read/recurrent_kernel', [2, 6], 2],
  ['read/bias', [6], 3],
  ['say/kernel', [2, 2], 4],
  ['say/bias', [2], 5],
];
const texts = zeros(
  [
    layer('Embedding', 'words', { batch_input_shape: [null, 5], input_dim: 6, output_dim: 3 }),
    layer('GRU', 'read', { units: 2 }),
    layer('Dense', 'say', { units: 2 }),
  ],
  textShapes,
);

describe('weights of Keras', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-import-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const filledIn = (shapes: Shapes) =>
    shapes.map(([name, shape, k]) => ({
      name,
      shape: [...shape],
      values: filled(
        k,
        shape.reduce((size, n) => size * n, 1),
      ),
    }));

  for (const [what, file, model, shapes] of [
    ['.weights.h5 of images', 'images.weights.h5', images, imageShapes],
    ['an older .h5 of images', 'images.h5', images, imageShapes],
    ['.weights.h5 of texts', 'texts.weights.h5', texts, textShapes],
  ] as [string, string, LayersModel, Shapes][]) {
    it(`take the place of a model's own by the names of layers: ${what}`, async () => {
      const [tfjs, safetensors] = [join(directory, 'tfjs'), join(directory, 'weights.safetensors')];
      const { exitCode, data } = await imported(
        directory,
        model,
        fixture(file),
        '--tfjs',
        tfjs,
        '--safetensors',
        safetensors,
      );
      expect(exitCode).to.equal(0);
      expect(data.layers).to.equal(3);
      const written = await readTfjsDirectory(tfjs);
      expect(written.topology).to.deep.equal(model.topology);
      expect(written.tensors).to.deep.equal(filledIn(shapes));
      const byName = new Map(decodeSafetensors(readFileSync(safetensors)).map((tensor) => [tensor.name, tensor]));
      expect(shapes.map(([name]) => byName.get(name))).to.deep.equal(filledIn(shapes));
    });
  }

  it('find a layer that is called otherwise once it is said which', async () => {
    const other = JSON.parse(JSON.stringify(images.topology).replaceAll('"decide"', '"output"'));
    const tensors = images.tensors.map((tensor) => ({ ...tensor, name: tensor.name.replace('decide/', 'output/') }));
    const refused = await imported(directory, { topology: other, tensors }, fixture('images.weights.h5'));
    expect([refused.exitCode, refused.error.code]).to.deep.equal([4, 'invalid-argument']);
    expect(refused.error.message).to.equal(
      'the layers of the file (norm, look, decide) are not those of the model (look, norm, output)',
    );
    expect(refused.error.fix).to.match(/^Rename those that are called otherwise: --rename IN-FILE=IN-MODEL/);
    const flags = ['--rename', 'decide=output'];
    expect(
      (await imported(directory, { topology: other, tensors }, fixture('images.weights.h5'), ...flags)).exitCode,
    ).to.equal(0);
    expect(
      (await imported(directory, images, fixture('images.weights.h5'), '--rename', 'nobody=look')).exitCode,
    ).to.equal(4);
  });

  it('are refused in another shape or number, by weight', async () => {
    const wide = images.tensors.map((tensor) =>
      tensor.name === 'decide/bias' ? { ...tensor, shape: [4], values: new Float32Array(4) } : tensor,
    );
    const shape = await imported(directory, { ...images, tensors: wide }, fixture('images.weights.h5'));
    expect([shape.exitCode, shape.error.message]).to.deep.equal([
      4,
      'weight decide/bias is [4] in the model and [3] in the file (decide/1)',
    ]);
    const plain = images.tensors.filter(({ name }) => name !== 'decide/bias');
    const number = await imported(directory, { ...images, tensors: plain }, fixture('images.weights.h5'));
    expect(number.error.message).to.match(/^layer decide has 1 weights in the model and 2 in the file/);
  });

  it('are malformed when they are not finite, cut off, in an archive, or nothing that is known', async () => {
    const bytes = readFileSync(fixture('images.weights.h5'));
    const kernel = Buffer.from(filled(0, 18).buffer);
    const damaged = Buffer.from(bytes);
    damaged.writeFloatLE(Number.NaN, bytes.indexOf(kernel) + 8);
    for (const [content, message] of [
      [damaged, /^the file holds NaN at look\/0\[2\]$/],
      [bytes.subarray(0, 3000), /^not an HDF5 file of Keras: /],
      [Buffer.from('PK\x03\x04 and so on'), /^this is an archive/],
      [Buffer.from('hello'), /^neither HDF5 nor ONNX: /],
      [Buffer.alloc(0), /^neither HDF5 nor ONNX: /],
    ] as [Buffer, RegExp][]) {
      const path = join(directory, 'given');
      writeFileSync(path, content);
      const { exitCode, error } = await imported(directory, images, path);
      expect([exitCode, error.code]).to.deep.equal([1, 'malformed']);
      expect(error.message).to.match(message);
    }
  });

  it('damaged anywhere are read or refused by name, and nothing is printed of them', async () => {
    const path = join(repository, 'cli/dist/model/keras-weights.js');
    const { readKerasWeights } = (await import(pathToFileURL(path).href)) as {
      readKerasWeights(bytes: Uint8Array): Promise<unknown>;
    };
    const { warn } = console;
    const printed: unknown[] = [];
    Object.assign(console, { warn: (...said: unknown[]) => printed.push(said) });
    const ends = new Set<string>();
    for (const file of ['images.weights.h5', 'images.h5']) {
      const bytes = readFileSync(fixture(file));
      for (let k = 0; k < 150; k++) {
        const damaged = new Uint8Array(bytes);
        const places = numbers(12, 1 + k);
        for (let i = 0; i < 12; i += 2) {
          const at = Math.floor(((places[i]! + 1) / 2) * bytes.length);
          damaged[Math.min(at, bytes.length - 1)] = Math.floor((places[i + 1]! + 1) * 128);
        }
        const end = await readKerasWeights(damaged).then(
          () => 'read',
          (error: { readonly code?: string }) => error.code ?? 'a bug',
        );
        ends.add(end);
      }
    }
    Object.assign(console, { warn });
    expect([...ends].sort()).to.deep.equal(['malformed', 'read']);
    expect(printed).to.deep.equal([]);
  });

  it('are not looked for where there is no file', async () => {
    expect((await imported(directory, images, join(directory, 'nowhere'))).error.message).to.match(
      /^cannot read .*ENOENT/,
    );
  });
});
