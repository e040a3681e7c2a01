import { type CryptoPort, equalBytes, FederatedError, merkleRoot, type Signed } from '@concordat/core';
import type { Clock, Garbage } from '@concordat/node';
import { chunkFromWire, type wire } from '@concordat/proto';
import type { ExpectedUpload } from '../run/expected-uploads.js';
import type { Run } from '../run/run.js';
import type { Traffic } from '../run/traffic.js';
import type { Spool, SpoolWriter } from '../store/spool.js';

/** A vector on its way from the wire to the spool. */
export interface MaskedUpload {
  readonly run: Run;
  readonly expected: ExpectedUpload;
  readonly frames: AsyncIterator<wire.UploadFrame__Output>;
  readonly spool: Spool;
  readonly crypto: CryptoPort;
  readonly traffic: Traffic;
  readonly clock: Clock;
  readonly garbage: Garbage;
}

/** Displays are told at most this often about one upload. */
const progressMillis = 200;

/**
 * Take the chunks behind an accepted header: in order, each with its CRC, never more than announced; on the disk while the
 * Merkle root is computed; durable before the receipt.
 *
 * @returns the signed receipt.
 * @throws `verification` for a wrong CRC or root, `malformed` for a gap, overlap or wrong length, `unavailable` when the
 *   stream broke, the machine's refusal when the step ended meanwhile.
 */
export async function receiveMaskedUpload(upload: MaskedUpload): Promise<Signed> {
  const { run, expected } = upload;
  const writer = await upload.spool.begin(expected);
  try {
    await takeChunks(upload, writer);
    requireRoot(upload.crypto, expected, writer);
    await writer.commit();
  } catch (error) {
    const bytesReceived = writer.sizeBytes;
    await writer.discard();
    await run.uploadBroken(expected, bytesReceived);
    throw error instanceof FederatedError ? error : broken(expected, bytesReceived, error);
  }
  return run.uploaded(expected);
}

async function takeChunks(upload: MaskedUpload, writer: SpoolWriter): Promise<void> {
  const { run, expected, frames, traffic, clock, garbage } = upload;
  let told = Number.NEGATIVE_INFINITY;
  while (writer.sizeBytes < expected.lengthBytes) {
    const next = await nextOrEnded(frames, expected.signal);
    if (next === 'ended')
      throw new FederatedError('protocol', 'the upload step is over', { detail: { round: expected.round } });
    if (next.done === true) throw broken(expected, writer.sizeBytes);
    const { offset, data } = chunkFromWire(next.value.chunk);
    if (offset !== writer.sizeBytes || offset + data.byteLength > expected.lengthBytes) {
      throw new FederatedError('malformed', 'a chunk does not follow the one before', {
        detail: { required: writer.sizeBytes, offered: offset, lengthBytes: expected.lengthBytes },
        fix: 'Send the vector from its first byte, chunk after chunk.',
      });
    }
    await writer.append(data);
    traffic.up(expected.participant, data.byteLength);
    // As they came, and joined to a message.
    garbage.made(2 * data.byteLength);
    if (clock.monotonicMillis() - told < progressMillis) continue;
    told = clock.monotonicMillis();
    run.uploadProgress(expected, writer.sizeBytes);
  }
}

function requireRoot(crypto: CryptoPort, expected: ExpectedUpload, writer: SpoolWriter): void {
  if (equalBytes(merkleRoot(crypto, writer.leafHashes()), expected.merkleRoot)) return;
  throw new FederatedError('verification', 'the vector is not the one its header signs', {
    detail: { participant: expected.participant, round: expected.round },
    fix: 'Send the spooled vector again, unchanged.',
  });
}

function broken(expected: ExpectedUpload, bytesReceived: number, cause?: unknown): FederatedError {
  return new FederatedError('unavailable', 'the upload broke off', {
    detail: { required: expected.lengthBytes, offered: bytesReceived },
    fix: 'Send the vector again from its first byte.',
    cause,
  });
}

// Not a race against one promise of the signal: that promise would keep every frame it was raced with until the round is over, and
// so the coordinator all vectors at once.
function nextOrEnded<Frame>(
  frames: AsyncIterator<Frame>,
  signal: AbortSignal,
): Promise<IteratorResult<Frame> | 'ended'> {
  if (signal.aborted) return Promise.resolve('ended');
  return new Promise((resolve, reject) => {
    const end = (): void => resolve('ended');
    signal.addEventListener('abort', end, { once: true });
    frames
      .next()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', end));
  });
}
