import { drawScreen } from './screen.js';
import type { DemoView } from './view.js';

/** Shows progress to a person: a picture that redraws itself on a terminal, plain lines elsewhere. */
export interface Display {
  /** One sentence that stays. */
  say(line: string): void;
  /** Begin to show `view`; it is read again at every drawing. */
  follow(view: DemoView): void;
  /** Stop drawing and leave the terminal as it was. */
  close(): void;
}

/** A stream that may be a terminal. */
export interface DisplayStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

const drawEveryMillis = 120;

/** @param environment `NO_COLOR` and `TERM=dumb` are honoured. */
export function openDisplay(stream: DisplayStream, environment: Readonly<Record<string, string | undefined>>): Display {
  const dumb = environment.TERM === 'dumb' || environment.CI !== undefined;
  return stream.isTTY === true && !dumb
    ? new TerminalDisplay(stream, (environment.NO_COLOR ?? '') === '')
    : { say: (line) => stream.write(`${line}\n`), follow: () => {}, close: () => {} };
}

class TerminalDisplay implements Display {
  readonly #stream: DisplayStream;
  readonly #colour: boolean;
  readonly #startedAt = performance.now();
  #view: DemoView | undefined;
  #timer: NodeJS.Timeout | undefined;
  #linesDrawn = 0;
  #frame = 0;

  constructor(stream: DisplayStream, colour: boolean) {
    this.#stream = stream;
    this.#colour = colour;
  }

  say(line: string): void {
    this.#stream.write(`${this.#eraser()}${line}\n`);
    this.#draw();
  }

  follow(view: DemoView): void {
    this.#view = view;
    this.#stream.write('\u001b[?25l');
    this.#timer = setInterval(() => this.#draw(), drawEveryMillis);
    this.#timer.unref();
  }

  close(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#stream.write(`${this.#eraser()}\u001b[?25h`);
    this.#view = undefined;
  }

  #draw(): void {
    if (this.#view === undefined) return;
    const lines = drawScreen(this.#view, {
      columns: this.#stream.columns ?? 80,
      colour: this.#colour,
      frame: this.#frame++,
      seconds: (performance.now() - this.#startedAt) / 1000,
    });
    this.#stream.write(`${this.#eraser()}${lines.join('\n')}\n`);
    this.#linesDrawn = lines.length;
  }

  /** Moves the cursor to where the last picture began and clears what follows. */
  #eraser(): string {
    const up = this.#linesDrawn === 0 ? '' : `\u001b[${this.#linesDrawn}A\r\u001b[0J`;
    this.#linesDrawn = 0;
    return up;
  }
}
