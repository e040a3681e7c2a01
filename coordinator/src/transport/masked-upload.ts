import { bounds, type CryptoPort, equalBytes, FederatedError, type Signed } from '@concordat/core';
import type { Clock, Garbage } from '@concordat/node';
import { chunkFromWire, type UploadBegun, type wire } from '@concordat/proto';
import type { ExpectedUpload } from '../run/expected-uploads.js';
import type { Run } from '../run/run.js';
import type { Traffic } from '../run/traffic.js';
import { isStoreFull } from '../store/durable-writes.js';
import type { PartialVector } from '../store/partial-vector.js';
import type { Spool } from '../store/spool.js';
import { UploadLease } from './upload-lease.js';

/** A vector whose signed header was accepted. */
export interface AnnouncedUpload {
  readonly run: Run;
  readonly expected: ExpectedUpload;
  readonly spool: Spool;
  readonly crypto: CryptoPort;
}

/** A vector on its way from the wire to the spool. */
export interface MaskedUpload extends AnnouncedUpload {
  readonly frames: AsyncIterator<wire.UploadFrame__Output>;
  readonly traffic: Traffic;
  readonly clock: Clock;
  readonly garbage: Garbage;
}

/** Displays are told at most this often about one upload. */
const progressMillis = 200;
/** What a line may be silent for, beside the time that the plan's lease leaves for one frame. */
const silenceMillis = 15_000;

/**
 * How much of a vector is there already. An older stream of it is over when this resolves.
 *
 * @returns the offset to go on from; the receipt when nothing is missing.
 * @throws as {@link receiveMaskedUpload}.
 */
export function beginMaskedUpload(upload: AnnouncedUpload): Promise<UploadBegun> {
  return orWait(upload, () => begin(upload));
}

async function begin(upload: AnnouncedUpload): Promise<UploadBegun> {
  const partial = await upload.spool.resume(upload.expected);
  if (partial === 'complete' || partial.sizeBytes === partial.lengthBytes) {
    return { type: 'complete', receipt: await finish(upload, partial) };
  }
  const committedOffset = partial.sizeBytes;
  await partial.suspend();
  return { type: 'offset', committedOffset };
}

/**
 * Take the chunks behind an accepted header: in order, each with its CRC, never more than announced; on the disk while the
 * Merkle root is computed; durable before the receipt. What came of a stream that broke is kept.
 *
 * @returns the signed receipt.
 * @throws `verification` for a wrong CRC or root, `malformed` for a gap, overlap or wrong length, `deadline` (rule `upload.lease`) for a
 *   stream that stands still, `unavailable` when it broke or the disk is full, `conflict` for a vector in the place of another, the
 *   machine's refusal when the step ended meanwhile.
 */
export function receiveMaskedUpload(upload: MaskedUpload): Promise<Signed> {
  return orWait(upload, () => receive(upload));
}

/** Do it, or let the run wait for room on the disk: no step ends for want of it. */
async function orWait<Result>({ run }: AnnouncedUpload, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (isStoreFull(error)) run.uploadRoomless(error);
    throw error;
  }
}

async function receive(upload: MaskedUpload): Promise<Signed> {
  const { run, expected } = upload;
  const partial = await upload.spool.resume(expected);
  if (partial === 'complete') return finish(upload, partial);
  try {
    await takeChunks(upload, partial);
  } catch (error) {
    const bytesReceived = partial.sizeBytes;
    await partial.suspend();
    await run.uploadBroken(expected, bytesReceived);
    throw error instanceof FederatedError ? error : broken(expected, bytesReceived, error);
  }
  return finish(upload, partial);
}

/** All bytes are here. What is not the vector of the header is dropped: it would never become one. */
async function finish(
  { run, expected, crypto }: AnnouncedUpload,
  partial: PartialVector | 'complete',
): Promise<Signed> {
  if (partial === 'complete') return run.uploaded(expected);
  try {
    requireRoot(crypto, expected, partial);
    await partial.commit();
  } catch (error) {
    await partial.discard();
    await run.uploadBroken(expected, 0);
    throw error instanceof FederatedError ? error : broken(expected, 0, error);
  }
  return run.uploaded(expected);
}

async function takeChunks(upload: MaskedUpload, partial: PartialVector): Promise<void> {
  const { run, expected, frames, traffic, clock, garbage } = upload;
  const { leaseBytesPerSecond } = run.plan.deadlines;
  const lease = new UploadLease(clock, silenceMillis + Math.ceil((1000 * bounds.frameBytesMax) / leaseBytesPerSecond));
  let told = Number.NEGATIVE_INFINITY;
  try {
    for (let isFirst = true; partial.sizeBytes < expected.lengthBytes; isFirst = false) {
      const next = await nextOrEnded(frames, [expected.signal, lease.signal]);
      if (next === 'ended') throw expected.signal.aborted ? ended(expected) : stalled(expected, partial, lease);
      if (next.done === true) throw broken(expected, partial.sizeBytes);
      const { offset, data } = chunkFromWire(next.value.chunk);
      if (isFirst && offset === 0) partial.rewind();
      if (offset !== partial.sizeBytes || offset + data.byteLength > expected.lengthBytes) {
        throw new FederatedError('malformed', 'a chunk does not follow the one before', {
          detail: { required: partial.sizeBytes, offered: offset, lengthBytes: expected.lengthBytes },
          fix: 'Ask how much of the vector is here, and send what follows, chunk after chunk.',
        });
      }
      await partial.append(data);
      lease.renew();
      traffic.up(expected.participant, data.byteLength);
      // As they came, and joined to a message.
      garbage.made(2 * data.byteLength);
      if (clock.monotonicMillis() - told < progressMillis) continue;
      told = clock.monotonicMillis();
      run.uploadProgress(expected, partial.sizeBytes);
    }
  } finally {
    lease.end();
  }
}

function requireRoot(crypto: CryptoPort, expected: ExpectedUpload, partial: PartialVector): void {
  if (equalBytes(partial.root(crypto), expected.merkleRoot)) return;
  throw new FederatedError('verification', 'the vector is not the one its header signs', {
    detail: { participant: expected.participant, round: expected.round },
    fix: 'Send the spooled vector again, unchanged.',
  });
}

function ended({ round, signal }: ExpectedUpload): FederatedError {
  if (signal.reason instanceof FederatedError) return signal.reason;
  return new FederatedError('protocol', 'the upload step is over', { detail: { round } });
}

function stalled({ round, participant }: ExpectedUpload, partial: PartialVector, lease: UploadLease): FederatedError {
  return new FederatedError('deadline', 'the upload stood still', {
    detail: { rule: 'upload.lease', round, participant, bytesReceived: partial.sizeBytes, silentMillis: lease.millis },
    fix: 'Go on from the committed offset; if it happens often, look at the network.',
  });
}

function broken(expected: ExpectedUpload, bytesReceived: number, cause?: unknown): FederatedError {
  return new FederatedError('unavailable', 'the upload broke off', {
    detail: { required: expected.lengthBytes, offered: bytesReceived },
    fix: 'Ask how much of the vector is here, and send what follows.',
    cause,
  });
}

// Not a race against one promise of a signal: that promise would keep every frame it was raced with until the round is over, and
// so the coordinator all vectors at once.
function nextOrEnded<Frame>(
  frames: AsyncIterator<Frame>,
  signals: readonly AbortSignal[],
): Promise<IteratorResult<Frame> | 'ended'> {
  if (signals.some(({ aborted }) => aborted)) return Promise.resolve('ended');
  return new Promise((resolve, reject) => {
    const end = (): void => resolve('ended');
    for (const signal of signals) signal.addEventListener('abort', end, { once: true });
    frames
      .next()
      .then(resolve, reject)
      .finally(() => {
        for (const signal of signals) signal.removeEventListener('abort', end);
      });
  });
}
