import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imagesFile, labelsFile, readIdxDirectory, splitHoldout } from '@concordat/client-sdk';
import { FederatedError } from '@concordat/core';
import { expect } from 'chai';
import { errorOf } from '../../support/error-of.js';

const images = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3, 253, 254, 255];
const labels = [0, 0, 8, 1, 0, 0, 0, 2, 7, 9];

describe('a data directory of IDX files', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-idx-'));
    writeFileSync(join(directory, imagesFile), Uint8Array.from(images));
    writeFileSync(join(directory, labelsFile), Uint8Array.from(labels));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('gives images row after row with their labels', async () => {
    const data = await readIdxDirectory(directory);
    expect([data.examples, data.inputShape]).to.deep.equal([2, [1, 3]]);
    expect([...data.inputs]).to.deep.equal([1, 2, 3, 253, 254, 255]);
    expect(data.targets.kind === 'classes' && [...data.targets.labels]).to.deep.equal([7, 9]);
  });

  it('names the file that is missing, and what to do', async () => {
    rmSync(join(directory, labelsFile));
    const error = await errorOf(readIdxDirectory(directory));
    expect([error.code, error.message.includes(labelsFile), error.fix !== undefined]).to.deep.equal([
      'invalid-argument',
      true,
      true,
    ]);
  });

  for (const [what, file, content] of [
    ['a header that is cut', imagesFile, images.slice(0, 15)],
    ['the magic number of another kind', imagesFile, [0, 0, 8, 1, ...images.slice(4)]],
    ['fewer bytes than announced', imagesFile, images.slice(0, -1)],
    ['more bytes than announced', imagesFile, [...images, 0]],
    ['a count that would need 2³² images', imagesFile, [0, 0, 8, 3, 255, 255, 255, 255, ...images.slice(8)]],
    ['images without a pixel', imagesFile, [...images.slice(0, 8), 0, 0, 0, 0, ...images.slice(12)]],
    ['one label too few', labelsFile, [0, 0, 8, 1, 0, 0, 0, 1, 7]],
  ] as const) {
    it(`is malformed with ${what}`, async () => {
      writeFileSync(join(directory, file), Uint8Array.from(content));
      expect((await errorOf(readIdxDirectory(directory))).code).to.equal('malformed');
    });
  }
});

describe('the local holdout', () => {
  it('is a tenth, never trained on, and the same after a restart', () => {
    const split = splitHoldout(1000, { fraction: 0.1, seed: 'acme' });
    expect(split.holdout).to.have.length(100);
    expect([...split.training, ...split.holdout].sort((a, b) => a - b)).to.deep.equal([...Array(1000).keys()]);
    expect(splitHoldout(1000, { fraction: 0.1, seed: 'acme' })).to.deep.equal(split);
  });

  it('differs between participants', () => {
    const [a, b] = ['acme', 'beta'].map((seed) => splitHoldout(1000, { fraction: 0.1, seed }).holdout);
    expect(a).to.not.deep.equal(b);
  });

  it('may not leave a participant without examples', () => {
    expect(() => splitHoldout(1, { fraction: 0.1, seed: 'acme' })).to.throw(FederatedError, 'nothing to train on');
  });
});
