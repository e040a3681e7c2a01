import {
  type CryptoPort,
  FederatedError,
  type ParticipationEffect,
  type Plan,
  type Signed,
  toHex,
} from '@concordat/core';
import type { EgressLog } from '../egress/egress-log.js';
import type { ClientEvent } from '../events.js';
import type { SealedRoots } from '../keys/sealed-roots.js';
import type { Spool } from '../state/spool.js';
import type { Connection } from '../transport/connection.js';
import { asFederated } from './as-federated.js';
import type { LocalTraining } from './local-training.js';
import { type MaskingPorts, maskUpdate } from './masking.js';

type Effect<T extends ParticipationEffect['type']> = Extract<ParticipationEffect, { type: T }>;

/** What became of an effect; an event of the participation machine. */
export type UpdateOutcome =
  | { readonly type: 'root-sealed'; readonly round: number; readonly root: Uint8Array }
  | { readonly type: 'masked'; readonly round: number; readonly lengthBytes: number; readonly merkleRoot: Uint8Array }
  | { readonly type: 'uploaded'; readonly round: number; readonly receipt: Signed }
  | { readonly type: 'failed'; readonly round: number; readonly error: FederatedError };

export interface MaskedUpdatesParts {
  readonly connection: Connection;
  readonly roots: SealedRoots;
  readonly training: Pick<LocalTraining, 'lanes'>;
  readonly masking: MaskingPorts;
  readonly spool: Spool;
  readonly egress: EgressLog;
  readonly crypto: CryptoPort;
  readonly uploadBytesPerSecond: number | undefined;
  /** The run that is taken part in. @throws `internal` when there is none. */
  readonly runId: () => string;
  /** Its plan. @throws `internal` when none is approved. */
  readonly plan: () => Plan;
  /** Ends uploads when the client leaves. */
  readonly signal: AbortSignal;
  readonly onEvent: (event: ClientEvent) => void;
  readonly post: (outcome: UpdateOutcome) => void;
  /** Work that nothing waits for but the end of the client. */
  readonly background: (work: () => Promise<void>) => void;
}

/** What a session keeps here, from its first secret to the last byte sent: the sealed root, the masked vector, its upload. */
export class MaskedUpdates {
  readonly #parts: MaskedUpdatesParts;
  #uploading: { readonly runId: string; readonly round: number; readonly stop: AbortController } | undefined;

  constructor(parts: MaskedUpdatesParts) {
    this.#parts = parts;
  }

  async sealRoot({ round }: Effect<'seal-root'>): Promise<void> {
    const { roots, post } = this.#parts;
    const runId = this.#parts.runId();
    try {
      const root = await roots.sealRoot(runId, round);
      post({ type: 'root-sealed', round, root });
    } catch (error) {
      this.#failed(round, error);
    }
  }

  async openRoot({ round }: Effect<'open-root'>): Promise<void> {
    const { roots, post } = this.#parts;
    const runId = this.#parts.runId();
    try {
      const root = await roots.openRoot(runId, round);
      if (root === undefined) {
        throw new FederatedError('state-lost', `there is no session root of round ${round} any more`, {
          fix: 'Wait for the next round; it starts with a fresh root.',
        });
      }
      post({ type: 'root-sealed', round, root });
    } catch (error) {
      this.#failed(round, error);
    }
  }

  mask({ round, layout, maskKeys }: Effect<'mask'>): void {
    const { masking, training, spool, post, background } = this.#parts;
    const runId = this.#parts.runId();
    background(async () => {
      try {
        const lanes = training.lanes();
        const { vector, merkleRoot } = await maskUpdate(masking, { layout, lanes, maskKeys });
        await spool.write({ runId, round }, vector);
        post({ type: 'masked', round, lengthBytes: vector.length, merkleRoot });
      } catch (error) {
        this.#failed(round, error);
      }
    });
  }

  /** Resolves when the upload is noted and begun; one that is under way goes on. */
  async upload({ round, header }: Effect<'upload'>): Promise<void> {
    const runId = this.#parts.runId();
    if (this.#isUploading({ runId, round })) return;
    const { connection, spool, egress, uploadBytesPerSecond, crypto, signal, onEvent } = this.#parts;
    const { stepMillis, leaseBytesPerSecond } = this.#parts.plan().deadlines;
    const lengthBytes = await spool.lengthBytes({ runId, round }).catch((error: unknown) => {
      this.#failed(round, error);
      return undefined;
    });
    if (lengthBytes === undefined) return;
    const digest = toHex(crypto.sha256(header.body));
    await egress.note({ runId, round, kind: 'masked-update', bytes: lengthBytes, digest, masked: true });
    const stop = new AbortController();
    this.#uploading = { runId, round, stop };
    this.#parts.background(async () => {
      try {
        const receipt = await connection.uploadMaskedUpdate({
          runId,
          round,
          header,
          path: spool.path({ runId, round }),
          lengthBytes,
          uploadBytesPerSecond,
          deadlineMillis: stepMillis + Math.ceil((1000 * lengthBytes) / leaseBytesPerSecond),
          signal: AbortSignal.any([stop.signal, signal]),
          onProgress: (bytesSent, bytesTotal) => onEvent({ type: 'upload', round, bytesSent, bytesTotal }),
        });
        onEvent({ type: 'uploaded', round, bytes: lengthBytes });
        this.#parts.post({ type: 'uploaded', round, receipt });
      } catch (error) {
        if (!stop.signal.aborted) this.#failed(round, error);
      } finally {
        if (this.#uploading?.stop === stop) this.#uploading = undefined;
      }
    });
  }

  /** Nothing of it is left on disk when this resolves. */
  async erase({ runId, round }: Effect<'erase'>): Promise<void> {
    if (this.#isUploading({ runId, round })) this.#uploading?.stop.abort();
    await this.#parts.roots.eraseRoot(runId, round);
    await this.#parts.spool.erase({ runId, round });
  }

  #isUploading({ runId, round }: Pick<Effect<'erase'>, 'runId' | 'round'>): boolean {
    return this.#uploading?.runId === runId && this.#uploading.round === round;
  }

  #failed(round: number, error: unknown): void {
    this.#parts.post({ type: 'failed', round, error: asFederated(error) });
  }
}
