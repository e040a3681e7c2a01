import type { Socket } from 'node:net';

/** What happens to the bytes of one direction of one connection. Faults may be combined. */
export interface Fault {
  /** So many pass, then the connection is reset on both sides. */
  readonly cutAfterBytes?: number;
  /** So many pass, and then nothing more, while the connection stays open: a black hole in one direction. */
  readonly silentAfterBytes?: number;
  /** Every byte arrives so much later; none waits for another, so the line is as wide as without. */
  readonly delayMillis?: number;
  /** From a byte on, so many trickle through, and what is behind them passes at once. */
  readonly throttle?: Throttle;
  /** These arrive a second time, right behind their last. */
  readonly again?: { readonly fromByte: number; readonly toByte: number };
}

export interface Throttle {
  /** 0 unless said. */
  readonly afterBytes?: number;
  readonly bytesPerSecond: number;
  readonly bytes: number;
}

/** Runs something so many milliseconds later, in order. */
export type Later = (millis: number, run: () => void) => void;

export interface PassageOptions {
  readonly fault: Fault;
  readonly later: Later;
  /** Told of bytes that went on their way, once each. */
  readonly passed: (piece: Buffer) => void;
  /** Reset the connection, on both sides. */
  readonly cut: () => void;
}

/** Bytes under way before the sender is told to wait. */
const underWayMax = 8 * 1024 * 1024;

/** One direction of a connection. */
export class TcpPassage {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #options: PassageOptions;
  readonly #queue: Buffer[] = [];
  /** Of bytes that are delayed, and of those in the queue. */
  #underWay = 0;
  #delayed = 0;
  #through = 0;
  #busy = false;
  #held = false;
  #end: 'no' | 'ended' | 'closed' = 'no';
  #repeated: Buffer[] = [];

  constructor(from: Socket, to: Socket, options: PassageOptions) {
    this.#from = from;
    this.#to = to;
    this.#options = options;
    from.setNoDelay();
    from.on('data', (piece: Buffer) => this.#take(piece));
    from.on('end', () => this.#over('ended'));
    from.on('error', () => to.destroy());
    from.on('close', (failed) => {
      if (failed) to.destroy();
      else this.#over('closed');
    });
    to.on('close', () => {
      this.#queue.length = 0;
    });
  }

  /** Nothing goes through until {@link release}; it is not lost, as TCP would send it again. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.#pump();
  }

  #take(piece: Buffer): void {
    this.#underWay += piece.length;
    if (this.#underWay > underWayMax) this.#from.pause();
    const { delayMillis = 0 } = this.#options.fault;
    this.#after(delayMillis, () => {
      this.#queue.push(piece);
      this.#pump();
    });
  }

  #over(how: 'ended' | 'closed'): void {
    this.#after(this.#options.fault.delayMillis ?? 0, () => {
      this.#end = how;
      this.#pump();
    });
  }

  #after(millis: number, run: () => void): void {
    if (millis === 0) {
      run();
      return;
    }
    this.#delayed += 1;
    this.#options.later(millis, () => {
      this.#delayed -= 1;
      run();
    });
  }

  #pump(): void {
    while (!this.#busy && !this.#held && this.#queue.length > 0) {
      const { bytes, waitMillis } = this.#slice();
      const [first] = this.#queue as [Buffer];
      const piece = first.subarray(0, bytes);
      if (piece.length === first.length) this.#queue.shift();
      else this.#queue[0] = first.subarray(bytes);
      if (waitMillis === 0) this.#deliver(piece);
      else this.#wait(waitMillis, piece);
    }
    if (this.#end === 'no' || this.#busy || this.#held || this.#queue.length > 0 || this.#delayed > 0) return;
    if (this.#end === 'closed') this.#to.destroy();
    else if (this.#through < (this.#options.fault.silentAfterBytes ?? Number.POSITIVE_INFINITY)) this.#to.end();
  }

  /** How much goes next, and how long it takes. */
  #slice(): { readonly bytes: number; readonly waitMillis: number } {
    const { throttle, again } = this.#options.fault;
    const untilAgain = (again?.toByte ?? 0) - this.#through;
    const all = { bytes: untilAgain > 0 ? untilAgain : Number.POSITIVE_INFINITY, waitMillis: 0 };
    if (throttle === undefined) return all;
    const { afterBytes = 0, bytesPerSecond, bytes } = throttle;
    if (this.#through < afterBytes) return { bytes: afterBytes - this.#through, waitMillis: 0 };
    const left = afterBytes + bytes - this.#through;
    if (left <= 0) return all;
    // Twenty times a second, so that a slow line is even, and one byte at a time below that.
    const slice = Math.min(left, Math.max(1, Math.floor(bytesPerSecond / 20)));
    return { bytes: slice, waitMillis: (1000 * slice) / bytesPerSecond };
  }

  #wait(millis: number, piece: Buffer): void {
    this.#busy = true;
    this.#options.later(millis, () => {
      this.#busy = false;
      this.#deliver(piece);
      this.#pump();
    });
  }

  #deliver(piece: Buffer): void {
    this.#underWay -= piece.length;
    if (this.#underWay <= underWayMax && this.#from.isPaused()) this.#from.resume();
    const { cutAfterBytes = Number.POSITIVE_INFINITY, silentAfterBytes = Number.POSITIVE_INFINITY } =
      this.#options.fault;
    const before = this.#through;
    const through = piece.subarray(0, Math.max(0, Math.min(cutAfterBytes, silentAfterBytes) - before));
    this.#through += through.length;
    if (through.length > 0) {
      this.#options.passed(through);
      this.#write(through);
      this.#repeat(through, before);
    }
    // The last byte before it arrives: a reset would take what is under way with it.
    if (before + piece.length > cutAfterBytes) this.#to.write('', this.#options.cut);
  }

  #repeat(piece: Buffer, at: number): void {
    const { again } = this.#options.fault;
    if (again === undefined || at >= again.toByte) return;
    this.#repeated.push(piece.subarray(Math.max(0, again.fromByte - at)));
    if (at + piece.length < again.toByte) return;
    this.#write(Buffer.concat(this.#repeated));
    this.#repeated = [];
  }

  #write(bytes: Buffer): void {
    if (this.#to.destroyed || this.#to.write(bytes)) return;
    this.#busy = true;
    this.#to.once('drain', () => {
      this.#busy = false;
      this.#pump();
    });
  }
}
