import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';

/** Receive windows in bytes. */
export interface ReceiveWindows {
  /** Of a connection that uploads, when it is its turn, and of each of its streams. */
  readonly connectionBytes: number;
  readonly streamBytes: number;
  /** Of every other connection, and of each of its streams. At 50 ms there and back 2.5 MB/s. */
  readonly waitingBytes: number;
  /** Connections that have wide windows at a time: what they may send unread is what uploads can take of the memory. */
  readonly wideMax: number;
}

/**
 * Which connections have wide receive windows: those with an upload, the first come first, so many at a time. The others upload as well,
 * only slower over a long distance; without this, a hundred uploads of 3 MB at once were 300 MB that nobody had read yet.
 *
 * What is not read yet is bounded by the windows of the streams alone: Node gives the window of a connection back as soon as bytes arrive.
 * Streams can only be told by SETTINGS, which hold for all of a connection.
 */
export class WideConnections {
  readonly #windows: ReceiveWindows;
  /** Open uploads of each connection that has one, in the order they came; those in front have their turn. */
  readonly #uploads = new Map<ServerHttp2Session, number>();
  readonly #wide = new Set<ServerHttp2Session>();

  constructor(windows: ReceiveWindows) {
    this.#windows = windows;
  }

  /**
   * @param session whose streams have the windows of a waiting one.
   * @param isUpload whether calls of this path send a stream of messages and get one.
   */
  watch(session: ServerHttp2Session, isUpload: (path: string) => boolean): void {
    session.setLocalWindowSize(this.#windows.waitingBytes);
    session.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      const path = headers[':path'];
      if (typeof path !== 'string' || !isUpload(path)) return;
      this.#uploads.set(session, (this.#uploads.get(session) ?? 0) + 1);
      this.#takeTurns();
      stream.once('close', () => this.#closed(session));
    });
  }

  #closed(session: ServerHttp2Session): void {
    const left = this.#uploads.get(session)! - 1;
    if (left > 0) {
      this.#uploads.set(session, left);
      return;
    }
    const { waitingBytes } = this.#windows;
    this.#uploads.delete(session);
    if (this.#wide.delete(session)) resize(session, waitingBytes, waitingBytes);
    this.#takeTurns();
  }

  #takeTurns(): void {
    const { connectionBytes, streamBytes, wideMax } = this.#windows;
    for (const session of this.#uploads.keys()) {
      if (this.#wide.size >= wideMax) return;
      if (this.#wide.has(session)) continue;
      this.#wide.add(session);
      resize(session, connectionBytes, streamBytes);
    }
  }
}

function resize(session: ServerHttp2Session, connectionBytes: number, streamBytes: number): void {
  if (session.destroyed) return;
  session.setLocalWindowSize(connectionBytes);
  // Who leaves ten of them unacknowledged loses its connection.
  session.settings({ initialWindowSize: streamBytes });
}
