import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { pick, readIdx, readMnist, writeIdx } from 'concordat';

describe('IDX files', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-idx-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const images = () => join(directory, 'images.idx3-ubyte');
  const labels = () => join(directory, 'labels.idx1-ubyte');
  const three = {
    pixels: Uint8Array.from({ length: 12 }, (_, i) => i),
    labels: Uint8Array.of(7, 8, 9),
    rows: 2,
    columns: 2,
  };

  it('read what was written', () => {
    writeIdx(directory, three);
    const read = readIdx(images(), labels());
    expect([...read.pixels]).to.deep.equal([...three.pixels]);
    expect([...read.labels]).to.deep.equal([7, 8, 9]);
    expect([read.rows, read.columns]).to.deep.equal([2, 2]);
  });

  it('of picked examples keep image and label together', () => {
    const picked = pick(three, [2, 0]);
    expect([...picked.pixels]).to.deep.equal([8, 9, 10, 11, 0, 1, 2, 3]);
    expect([...picked.labels]).to.deep.equal([9, 7]);
  });

  it('that are not what they announce are named', () => {
    writeIdx(directory, three);
    writeFileSync(images(), Buffer.alloc(20));
    expect(() => readIdx(images(), labels())).to.throw('images.idx3-ubyte is not an IDX file of images');
    writeIdx(directory, three);
    writeFileSync(labels(), Buffer.from([0, 0, 8, 1, 0, 0, 0, 2, 7, 8]));
    expect(() => readIdx(images(), labels())).to.throw('one label for each of 3 images');
  });

  it('of MNIST hold 10,000 test images of 28 × 28 with labels 0 to 9', () => {
    const test = readMnist('t10k');
    expect([test.labels.length, test.rows, test.columns]).to.deep.equal([10_000, 28, 28]);
    expect(Math.max(...test.labels)).to.equal(9);
  });
});
