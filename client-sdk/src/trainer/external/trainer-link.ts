import type { Duplex } from 'node:stream';
import { FederatedError } from '@concordat/core';
import {
  decodeFromTrainer,
  encodeToTrainer,
  type FromTrainer,
  type ToTrainer,
  trainerFrameLength,
} from '@concordat/proto';

/** Who listens to a link. Neither may throw, but for a message that breaks the protocol. */
export interface LinkListener {
  onMessage(message: FromTrainer): void;
  /** Once. @param error what the other side broke; undefined when the stream only ended. */
  onEnd(error: FederatedError | undefined): void;
}

/**
 * One connection with a trainer: whole messages in and out. At most one message is held at a time, and none is longer than
 * its bound, whatever the other side sends. It ends once: with the stream, or by the first message that breaks the protocol.
 */
export class TrainerLink {
  readonly #stream: Duplex;
  #listener: LinkListener | undefined;
  #ended = false;
  readonly #head = new Uint8Array(4);
  #headBytes = 0;
  #body: Uint8Array | undefined;
  #bodyBytes = 0;

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on('data', (bytes: Buffer) => this.#take(bytes));
    // A reset is an end like any other; what the process says of itself is told with it.
    stream.on('error', () => this.#end(undefined));
    stream.on('end', () => this.#end(undefined));
    stream.on('close', () => this.#end(undefined));
    stream.pause();
  }

  /** From now on messages are taken. */
  listen(listener: LinkListener): void {
    this.#listener = listener;
    if (this.#ended) listener.onEnd(undefined);
    else this.#stream.resume();
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Resolves when the other side has room for more, or is gone. */
  send(message: ToTrainer): Promise<void> {
    if (this.#ended || !this.#stream.writable) return Promise.resolve();
    const frame = encodeToTrainer(message);
    return new Promise((resolve) => {
      const done = (): void => {
        this.#stream.off('close', done);
        resolve();
      };
      this.#stream.once('close', done);
      this.#stream.write(frame, done);
    });
  }

  /** Let go of the connection. */
  close(): void {
    this.#end(undefined);
  }

  #take(bytes: Uint8Array): void {
    let rest = bytes;
    try {
      while (rest.length > 0 && !this.#ended) rest = this.#step(rest);
    } catch (error) {
      this.#end(
        error instanceof FederatedError ? error : new FederatedError('internal', String(error), { cause: error }),
      );
    }
  }

  /** @returns what follows. */
  #step(bytes: Uint8Array): Uint8Array {
    if (this.#body === undefined) {
      const taken = bytes.subarray(0, 4 - this.#headBytes);
      this.#head.set(taken, this.#headBytes);
      this.#headBytes += taken.length;
      if (this.#headBytes === 4) this.#body = new Uint8Array(trainerFrameLength(this.#head));
      return bytes.subarray(taken.length);
    }
    const taken = bytes.subarray(0, this.#body.length - this.#bodyBytes);
    this.#body.set(taken, this.#bodyBytes);
    this.#bodyBytes += taken.length;
    if (this.#bodyBytes === this.#body.length) {
      const message = decodeFromTrainer(this.#body);
      this.#body = undefined;
      this.#bodyBytes = 0;
      this.#headBytes = 0;
      this.#listener?.onMessage(message);
    }
    return bytes.subarray(taken.length);
  }

  #end(error: FederatedError | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#body = undefined;
    this.#stream.destroy();
    this.#listener?.onEnd(error);
  }
}
