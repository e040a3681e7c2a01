import { createHash } from 'node:crypto';

/** Where the bytes of a download go, in order, and are hashed. */
export interface BlobSink {
  /** Taken so far; a download goes on behind them. */
  readonly receivedBytes: number;
  /** What was announced; undefined before. */
  readonly sizeBytes: number | undefined;
  /** The first message said how many there are: at least `receivedBytes`, and within what the caller allows. */
  expect(sizeBytes: number): void;
  /** @param data stays as it is; never more than was announced. */
  append(data: Uint8Array): void;
  /** SHA-256 of what was taken. */
  digest(): Uint8Array;
  /** All of it. */
  bytes(): Uint8Array;
  /** An attempt broke off: what came of it is where the next goes on, in whatever process. */
  settle(): Promise<void> | void;
}

/** In memory: gone with the process. */
export class MemorySink implements BlobSink {
  readonly #hash = createHash('sha256');
  #bytes: Uint8Array | undefined;
  #receivedBytes = 0;

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  get sizeBytes(): number | undefined {
    return this.#bytes?.length;
  }

  expect(sizeBytes: number): void {
    this.#bytes ??= new Uint8Array(sizeBytes);
  }

  append(data: Uint8Array): void {
    this.#bytes!.set(data, this.#receivedBytes);
    this.#hash.update(data);
    this.#receivedBytes += data.length;
  }

  digest(): Uint8Array {
    return this.#hash.copy().digest();
  }

  bytes(): Uint8Array {
    return this.#bytes!;
  }

  settle(): void {}
}
