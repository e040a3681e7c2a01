import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore, type Store, writeNextModel } from '@concordat/coordinator';
import { decodeSafetensors, encodeSafetensors, FederatedError, fedAvg, flattenTensors, toHex } from '@concordat/core';
import { expect } from 'chai';

/** In another order than the file's, and longer than what is read at a time. */
const shapes = [
  { name: 'second', shape: [50_001] },
  { name: 'first', shape: [3, 20_000] },
  { name: 'empty', shape: [0] },
  { name: 'last', shape: [] },
];
const sizes = [50_001, 60_000, 0, 1];
const base = shapes.map((shape, t) => ({
  ...shape,
  values: Float32Array.from({ length: sizes[t]! }, (_, i) => t + i / 7),
}));
const mean = Float32Array.from({ length: 110_002 }, (_, i) => 1 / (i + 1));

describe('the next model', () => {
  let directory: string;
  let store: Store;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-next-'));
    store = await openStore(directory);
  });

  after(async () => {
    await store.close();
    rmSync(directory, { recursive: true });
  });

  const write = (currentModelHash: Uint8Array) =>
    writeNextModel({ blobs: store.blobs, shapes, currentModelHash, mean, strategy: fedAvg });

  it('is the base model and the mean, value by value, as a blob of its hash', async () => {
    const hash = await write(await store.blobs.put(encodeSafetensors(base)));
    const flat = flattenTensors(base, shapes);
    const expected = fedAvg.apply(flat, mean, undefined).model;
    const found = flattenTensors(decodeSafetensors(await store.blobs.readAll(hash)), shapes);
    expect(
      Buffer.compare(Buffer.from(found.buffer, found.byteOffset, found.byteLength), Buffer.from(expected.buffer)),
    ).to.equal(0);
  });

  it('is not made of a base model that was damaged', async () => {
    const bytes = encodeSafetensors(base);
    const hash = await store.blobs.put(bytes);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(join(directory, 'blobs', toHex(hash)), bytes);
    const before = readdirSync(join(directory, 'blobs'));
    let code = 'nothing';
    await write(hash).catch((error: unknown) => {
      code = error instanceof FederatedError ? error.code : String(error);
    });
    expect(code).to.equal('verification');
    expect(readdirSync(join(directory, 'blobs'))).to.deep.equal(before);
  });
});
