import type { Socket } from 'node:net';

/** Counts what leaves by TCP sockets: TLS records and all, as the network sees it without its own headers. */
export class SocketBytes {
  readonly #open = new Set<Pick<Socket, 'bytesWritten'>>();
  #closed = 0;
  #waiting: (() => void)[] = [];

  /** Bytes handed to the network by all sockets so far. */
  get written(): number {
    let bytes = this.#closed;
    for (const socket of this.#open) bytes += socket.bytesWritten;
    return bytes;
  }

  /** Count a socket from its first byte on. */
  watch(socket: Socket): void {
    if (this.#open.has(socket)) return;
    this.#open.add(socket);
    socket.once('close', () => {
      this.#open.delete(socket);
      this.#closed += socket.bytesWritten;
      if (this.#open.size > 0) return;
      for (const done of this.#waiting.splice(0)) done();
    });
  }

  /** Resolves when every socket is closed: then the number stays. */
  allClosed(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
