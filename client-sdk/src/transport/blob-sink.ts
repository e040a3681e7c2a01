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
  append(data: Uint8Array): Promise<void> | void;
  /** SHA-256 of what was taken. */
  digest(): Uint8Array;
  /** All of it. */
  bytes(): Promise<Uint8Array> | Uint8Array;
  /** An attempt is over, well or not: nothing is on its way any more. */
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
