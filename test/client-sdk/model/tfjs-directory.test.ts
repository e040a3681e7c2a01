import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { denseNetwork, readTfjsDirectory, writeTfjsDirectory } from '@concordat/client-sdk';
import { FederatedError } from '@concordat/core';
import { expect } from 'chai';

describe('a dense network as data', () => {
  it('has 199,210 parameters for 784-200-200-10 and repeats with its seed', () => {
    const make = (seed: string) => denseNetwork({ inputs: 784, hidden: [200, 200], classes: 10, seed });
    expect(make('1').tensors.reduce((sum, { values }) => sum + values.length, 0)).to.equal(199_210);
    expect(make('1').tensors).to.deep.equal(make('1').tensors);
    expect(make('2').tensors[0]!.values).to.not.deep.equal(make('1').tensors[0]!.values);
    expect(Math.max(...make('1').tensors[2]!.values)).to.be.within(0.12, Math.sqrt(6 / 400));
  });
});

describe('a tfjs model directory', () => {
  const model = denseNetwork({ inputs: 3, hidden: [2], classes: 2, seed: '1' });
  let directory: string;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-model-'));
    await writeTfjsDirectory(directory, model);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const rewrite = (change: (text: string) => string): void => {
    const path = join(directory, 'model.json');
    writeFileSync(path, change(readFileSync(path, 'utf8')));
  };
  const codeOf = async (): Promise<string> =>
    readTfjsDirectory(directory).then(
      () => 'nothing',
      (error: unknown) => (error instanceof FederatedError ? error.code : String(error)),
    );

  it('gives back what was written', async () => {
    expect(await readTfjsDirectory(directory)).to.deep.equal(model);
  });

  it('is malformed with weights that are too short', async () => {
    writeFileSync(join(directory, 'weights.bin'), readFileSync(join(directory, 'weights.bin')).subarray(4));
    expect(await codeOf()).to.equal('malformed');
  });

  it('is malformed with a path that leaves it', async () => {
    rewrite((text) => text.replace('weights.bin', '../weights.bin'));
    expect(await codeOf()).to.equal('malformed');
  });

  it('is malformed with quantized weights', async () => {
    rewrite((text) => text.replace('float32', 'uint8').replaceAll('"dtype": "float32"', '"dtype": "uint8"'));
    expect(await codeOf()).to.equal('malformed');
  });
});
