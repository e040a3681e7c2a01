import { FederatedError } from '@concordat/core';

/** A masked vector whose signed header the machine accepted. */
export interface ExpectedUpload {
  readonly run: string;
  readonly round: number;
  readonly participant: string;
  /** SHA-256 of the signed header. */
  readonly contentDigest: Uint8Array;
  readonly lengthBytes: number;
  readonly merkleRoot: Uint8Array;
  /** Fires when the round has no more use for the vector, or with the reason when a newer stream takes its place. */
  readonly signal: AbortSignal;
}

/** Which vectors may come in. At most one per participant, and none outside its round. */
export class ExpectedUploads {
  readonly #byParticipant = new Map<
    string,
    { readonly expected: ExpectedUpload; readonly controller: AbortController }
  >();

  /** A repeated header replaces the expectation and ends the older stream. */
  expect(upload: Omit<ExpectedUpload, 'signal'>): ExpectedUpload {
    this.#byParticipant.get(upload.participant)?.controller.abort(replaced(upload.round));
    const controller = new AbortController();
    const expected = { ...upload, signal: controller.signal };
    this.#byParticipant.set(upload.participant, { expected, controller });
    return expected;
  }

  endRound(round: number): void {
    for (const [participant, { expected, controller }] of this.#byParticipant) {
      if (expected.round > round) continue;
      controller.abort();
      this.#byParticipant.delete(participant);
    }
  }
}

function replaced(round: number): FederatedError {
  return new FederatedError('protocol', 'a newer stream of this vector took the place of this one', {
    detail: { round },
    fix: 'Send one stream at a time.',
  });
}
