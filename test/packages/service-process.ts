import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { outsideEnvironment } from './project.js';

/** A line of the service's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

/** The embedding service in a process of its own, and what it logs. */
export class ServiceProcess {
  readonly lines: LogLine[] = [];
  /** What it wrote that is no log line. */
  stray = '';
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;
  #heard: () => void = () => undefined;

  /** @param environment beside that of a stranger's shell. */
  constructor(project: string, environment: Readonly<Record<string, string>>) {
    const env = { ...outsideEnvironment(), PORT: '0', ...environment };
    this.#child = spawn(process.execPath, ['service.mjs'], { cwd: project, env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stderr!.on('data', (chunk) => (this.stray += chunk));
    this.ended = once(this.#child, 'close').then(([code]) => {
      this.#heard();
      return code as number | null;
    });
    createInterface({ input: this.#child.stdout! }).on('line', (text) => {
      this.lines.push(JSON.parse(text) as LogLine);
      this.#heard();
    });
  }

  signal(name: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(name);
    return this.ended;
  }

  /** Resolves with the first line of this message, and of which this holds. @throws when it ends before. */
  async says(message: RegExp, holds: (line: LogLine) => boolean = () => true): Promise<LogLine> {
    for (;;) {
      const found = this.lines.find((line) => message.test(line.msg) && holds(line));
      if (found !== undefined) return found;
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        throw new Error(`it ended before it said ${message}: ${this.stray}${JSON.stringify(this.lines.slice(-3))}`);
      }
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    }
  }

  /** GET a path. @returns status and body. */
  async get(path: string): Promise<{ readonly status: number; readonly body: string }> {
    const { msg } = await this.says(/^Server listening at /);
    const response = await fetch(`${msg.replace('Server listening at ', '')}${path}`);
    return { status: response.status, body: await response.text() };
  }
}
