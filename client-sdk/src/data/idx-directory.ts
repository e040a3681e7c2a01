import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { FederatedError } from '@concordat/core';
import type { DataSet } from './data-set.js';

/** The two files of a data directory, in the format of MNIST. */
export const imagesFile = 'images.idx3-ubyte';
/** The IDX file of the labels, in a directory without a declaration. */
export const labelsFile = 'labels.idx1-ubyte';

export const imagesMagic = 0x0803;
export const labelsMagic = 0x0801;
/** Larger than any IDX set in use; a file is read whole. */
const fileBytesMax = 2 ** 31;
const sideMax = 65_536;

/**
 * Read labelled grey images from `images.idx3-ubyte` and `labels.idx1-ubyte`.
 *
 * @param directory a participant's data directory.
 * @returns one example per image, shape [rows, columns], bytes 0 … 255.
 * @throws `invalid-argument` naming the file when it is missing, and `malformed` when a header or a length is wrong.
 * @see http://yann.lecun.com/exdb/mnist/, "file formats for the MNIST database".
 */
export function readIdxDirectory(directory: string): Promise<DataSet> {
  return readIdxFiles(join(directory, imagesFile), join(directory, labelsFile));
}

/** Read labelled grey images from two files of one's own names. @throws as {@link readIdxDirectory}. */
export async function readIdxFiles(imagesPath: string, labelsPath: string): Promise<DataSet> {
  const images = await readWhole(imagesPath);
  const labels = await readWhole(labelsPath);
  const [count, rows, columns] = idxHeader(images, { path: imagesFile, magic: imagesMagic, dimensions: 3 });
  const [labelCount] = idxHeader(labels, { path: labelsFile, magic: labelsMagic, dimensions: 1 });
  if (rows! < 1 || rows! > sideMax || columns! < 1 || columns! > sideMax) {
    throw malformed(imagesFile, 'images of an impossible size', `1 to ${sideMax} a side`, `${rows} × ${columns}`);
  }
  if (count! < 1) throw malformed(imagesFile, 'no images', '≥ 1', 0);
  const inputs = images.subarray(16);
  if (inputs.length !== count! * rows! * columns!) {
    throw malformed(imagesFile, 'another length than its header says', 16 + count! * rows! * columns!, images.length);
  }
  if (labelCount !== count) throw malformed(labelsFile, 'another count than the images', count!, labelCount!);
  if (labels.length !== 8 + count!) {
    throw malformed(labelsFile, 'another length than its header says', 8 + count!, labels.length);
  }
  return {
    examples: count!,
    inputShape: [rows!, columns!],
    inputs,
    targets: { kind: 'classes', labels: labels.subarray(8) },
  };
}

async function readWhole(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new FederatedError('invalid-argument', `cannot open ${path}`, {
      cause,
      detail: { path, required: `${imagesFile} and ${labelsFile}` },
      fix: 'Point to a directory with both files, readable by this user.',
    });
  });
  try {
    const { size } = await file.stat();
    if (size > fileBytesMax) throw malformed(path, 'too long to be read whole', fileBytesMax, size);
    return new Uint8Array(await file.readFile());
  } finally {
    await file.close();
  }
}

/** The sizes in the head of an IDX file. @throws `malformed` for another magic number or fewer bytes. */
export function idxHeader(
  bytes: Uint8Array,
  expected: { readonly path: string; readonly magic: number; readonly dimensions: number },
): number[] {
  const { path, magic, dimensions } = expected;
  const required = 4 + 4 * dimensions;
  if (bytes.length < required) throw malformed(path, 'shorter than its header', required, bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) !== magic) {
    throw malformed(path, 'not this kind of IDX file', hex(magic), hex(view.getUint32(0)));
  }
  return Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
}

function hex(magic: number): string {
  return `0x${magic.toString(16).padStart(8, '0')}`;
}

function malformed(path: string, what: string, required: string | number, offered: string | number): FederatedError {
  return new FederatedError('malformed', `${path}: ${what}`, {
    detail: { path, required, offered },
    fix: `Write ${imagesFile} and ${labelsFile} as unsigned bytes in IDX format, one label for each image.`,
  });
}
