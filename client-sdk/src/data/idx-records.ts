import { type FileHandle, open } from 'node:fs/promises';
import { type DataSchema, FederatedError } from '@concordat/core';
import type { DataSet } from './data-set.js';
import { idxHeader, imagesMagic, labelsMagic } from './idx-directory.js';
import { badCell, type Records } from './records.js';

/**
 * Labelled grey images of two IDX files, as a declaration names them.
 *
 * @param options.schema an image and the category that it is.
 * @returns batches of bytes 0 … 255, read from the files as they are asked for. They throw `invalid-argument` for files that cannot be
 *   read, `malformed` for headers and lengths that are wrong or not those of the schema, `refused` `data.cell` for a label without a category.
 */
export function idxRecords(options: {
  readonly schema: DataSchema;
  readonly memoryBytesMax: number;
  readonly images: string;
  readonly labels: string;
}): Records {
  const { schema, memoryBytesMax } = options;
  return { schema, memoryBytesMax, batches: (examples) => batches(options, examples) };
}

async function* batches(
  { schema, images, labels }: { readonly schema: DataSchema; readonly images: string; readonly labels: string },
  examples: number,
): AsyncGenerator<DataSet> {
  const { shape, categories, place } = partsOf(schema);
  const [rows, columns] = shape;
  const size = rows * columns;
  const imageFile = await opened(images);
  try {
    const labelFile = await opened(labels);
    try {
      const [count, ...sides] = await headOf(imageFile, images, { magic: imagesMagic, dimensions: 3 });
      const [labelCount] = await headOf(labelFile, labels, { magic: labelsMagic, dimensions: 1 });
      if (sides.join() !== shape.join()) throw malformed(images, `images of ${shape.join(' × ')}`, sides.join(' × '));
      if (labelCount !== count) throw malformed(labels, `${count} labels`, `${labelCount}`);
      await requireLength(imageFile, images, 16 + count! * size);
      await requireLength(labelFile, labels, 8 + count!);
      for (let at = 0; at < count!; at += examples) {
        const some = Math.min(examples, count! - at);
        const found = await readAt(labelFile, labels, 8 + at, some);
        const wrong = found.findIndex((label) => label >= categories);
        if (wrong >= 0) {
          const row = { cells: [], place: () => `${labels}: label ${at + wrong + 1}` };
          throw badCell(row, { column: place, required: `0 to ${categories - 1}`, offered: 'another number' });
        }
        yield {
          examples: some,
          inputShape: [rows, columns],
          inputs: await readAt(imageFile, images, 16 + at * size, some * size),
          targets: { kind: 'classes', labels: found },
        };
      }
    } finally {
      await labelFile.close();
    }
  } finally {
    await imageFile.close();
  }
}

function partsOf({ columns }: DataSchema) {
  const image = columns.find((column) => column.type === 'image');
  const label = columns.find((column) => column.type === 'category' && column.target === true);
  if (image?.type !== 'image' || label?.type !== 'category' || columns.length !== 2) {
    throw new FederatedError('invalid-argument', 'IDX files hold an image and the category that it is', {
      fix: 'Declare one column of type image and one category with target: true.',
    });
  }
  return { shape: image.shape, categories: label.categories.length, place: columns.indexOf(label) };
}

async function opened(path: string): Promise<FileHandle> {
  return await open(path, 'r').catch((cause: unknown) => {
    throw new FederatedError(
      'invalid-argument',
      `${path} cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown'})`,
      {
        cause,
        detail: { path },
        fix: 'Correct source.images and source.labels in data.yaml, or give this user read permission.',
      },
    );
  });
}

async function headOf(
  file: FileHandle,
  path: string,
  expected: { readonly magic: number; readonly dimensions: number },
): Promise<number[]> {
  const bytes = new Uint8Array(4 + 4 * expected.dimensions);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
  return idxHeader(bytes.subarray(0, bytesRead), { path, ...expected });
}

async function requireLength(file: FileHandle, path: string, required: number): Promise<void> {
  const { size } = await file.stat();
  if (size !== required) throw malformed(path, `${required} bytes, as its header says`, `${size}`);
}

async function readAt(file: FileHandle, path: string, from: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(bytes, at, length - at, from + at);
    if (bytesRead === 0) throw malformed(path, `${length} bytes from ${from}`, `${at}`);
    at += bytesRead;
  }
  return bytes;
}

function malformed(path: string, required: string, offered: string): FederatedError {
  return new FederatedError('malformed', `${path}: required ${required}; offered ${offered}`, {
    detail: { path, required, offered },
    fix: 'Write the files as unsigned bytes in IDX format, one label for each image, of the shape in data.yaml.',
  });
}
