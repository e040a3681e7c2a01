import { type FileHandle, open } from 'node:fs/promises';
import { bounds, type CryptoPort, FederatedError, merklePaths } from '@concordat/core';

/** A chunk of a stored vector with its Merkle path, lowest sibling first. */
export interface StoredChunk {
  readonly data: Uint8Array;
  readonly path: readonly Uint8Array[];
}

/** Of one leaf hash. */
export const leafBytes = 32;

/** What follows a vector in its file: the RFC 6962 leaf hashes of its chunks, so that a path is found without reading the rest. */
export function trailerOf(leaves: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(leaves);
}

/**
 * Chunks of a vector file, in the order asked for.
 *
 * @throws `internal` when the file is missing or short.
 */
export async function* readChunks(
  crypto: CryptoPort,
  path: string,
  wanted: { readonly lengthBytes: number; readonly chunks: readonly number[] },
): AsyncGenerator<StoredChunk> {
  const { lengthBytes, chunks } = wanted;
  const file = await openVector(path);
  try {
    const paths = merklePaths(crypto, await readLeaves(file, lengthBytes));
    for (const chunk of chunks) {
      const at = chunk * bounds.chunkBytes;
      const data = await read(file, at, Math.min(bounds.chunkBytes, lengthBytes - at));
      yield { data, path: paths[chunk]! };
    }
  } finally {
    await file.close();
  }
}

async function openVector(path: string): Promise<FileHandle> {
  return open(path, 'r').catch((cause: unknown) => {
    throw new FederatedError('internal', 'a vector of an opened sum is not in the spool', { cause });
  });
}

/** @throws `internal` when the file is short. */
export async function readLeaves(file: FileHandle, lengthBytes: number): Promise<Uint8Array[]> {
  const count = Math.ceil(lengthBytes / bounds.chunkBytes);
  const trailer = await read(file, lengthBytes, count * leafBytes);
  return Array.from({ length: count }, (_, leaf) => trailer.subarray(leaf * leafBytes, (leaf + 1) * leafBytes));
}

async function read(file: FileHandle, at: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const { bytesRead } = await file.read(bytes, 0, length, at);
  if (bytesRead === length) return bytes;
  throw new FederatedError('internal', 'a vector in the spool is short', {
    detail: { required: at + length, offered: at + bytesRead },
  });
}
