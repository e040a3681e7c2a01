import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readModelDirectory } from '@concordat/coordinator';
import { expect } from 'chai';
import { refusalOf } from '../consortium.js';

describe('a model directory', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-model-'));
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  function write(weight: object, values: Float32Array, paths = ['weights.bin']): void {
    const weightsManifest = [{ paths, weights: [weight] }];
    writeFileSync(join(directory, 'model.json'), JSON.stringify({ modelTopology: { b: 1, a: 2 }, weightsManifest }));
    writeFileSync(join(directory, 'weights.bin'), new Uint8Array(values.buffer));
  }

  const kernel = { name: 'kernel', shape: [1, 2], dtype: 'float32' };

  it('gives the topology as canonical JSON and the tensors with their values', async () => {
    write(kernel, Float32Array.of(1.5, -2));
    const { topology, tensors } = await readModelDirectory(directory);
    expect(Buffer.from(topology).toString()).to.equal('{"a":2,"b":1}');
    expect(tensors.map(({ name, shape, values }) => [name, shape, [...values]])).to.deep.equal([
      ['kernel', [1, 2], [1.5, -2]],
    ]);
  });

  it('is refused when weights are missing, too many, quantized or of another type', async () => {
    write(kernel, Float32Array.of(1));
    expect(await refusalOf(readModelDirectory(directory))).to.equal('malformed');
    write(kernel, Float32Array.of(1, 2, 3));
    expect(await refusalOf(readModelDirectory(directory))).to.equal('malformed');
    write({ ...kernel, dtype: 'int32' }, Float32Array.of(1, 2));
    expect(await refusalOf(readModelDirectory(directory))).to.equal('invalid-argument');
    write({ ...kernel, quantization: { dtype: 'uint8' } }, Float32Array.of(1, 2));
    expect(await refusalOf(readModelDirectory(directory))).to.equal('invalid-argument');
  });

  it('is refused when a weight is not finite: no participant would train from it', async () => {
    for (const value of [Number.NaN, Number.NEGATIVE_INFINITY]) {
      write(kernel, Float32Array.of(1, value));
      expect(await refusalOf(readModelDirectory(directory))).to.equal('refused model.finite');
    }
  });

  it('reads no file outside itself, whatever the manifest says', async () => {
    write(kernel, Float32Array.of(1, 2), ['../../etc/hostname']);
    expect(await refusalOf(readModelDirectory(directory))).to.equal('invalid-argument');
  });

  it('is refused by name when there is no model', async () => {
    expect(await refusalOf(readModelDirectory(join(directory, 'none')))).to.equal('invalid-argument');
  });
});
