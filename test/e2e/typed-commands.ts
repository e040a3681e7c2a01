import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

const bin = resolve(import.meta.dirname, '../../../cli/dist/bin/concordat.js');

/** What a command said in JSON: an event, or the envelope it ends with. */
export type Line = Readonly<Record<string, unknown>>;

/** Commands of `concordat`, each a process of its own. Their stderr is the test's. */
export class TypedCommands {
  readonly #running = new Set<ChildProcess>();

  /** A command to its end, or until it is killed. @returns the lines of its stdout, each of which `hear` is told as it comes. */
  async text(args: readonly string[], hear: (line: string) => void = () => undefined): Promise<readonly string[]> {
    const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#running.add(child);
    const lines: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      hear(line);
    });
    await once(child, 'close');
    this.#running.delete(child);
    return lines;
  }

  /** The same with `--json`. */
  async json(args: readonly string[], hear: (line: Line) => void = () => undefined): Promise<readonly Line[]> {
    const lines: Line[] = [];
    await this.text([...args, '--json'], (text) => {
      const line = JSON.parse(text) as Line;
      lines.push(line);
      hear(line);
    });
    return lines;
  }

  /** The envelope of a command. */
  async last(...args: readonly string[]): Promise<Line> {
    return (await this.json(args)).at(-1)!;
  }

  /** To every one that runs. */
  signal(signal: NodeJS.Signals): void {
    for (const child of this.#running) child.kill(signal);
  }
}
