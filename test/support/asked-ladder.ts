import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InstalledCopy } from './installed-copy.js';

/** What the program below says of one engine: what trains and the line for people, or why nothing does. */
export interface Told {
  readonly line?: string;
  readonly examples?: number;
  readonly error?: { readonly code: string; readonly message: string; readonly fix: string };
}

/** Each trainer has a thread of its own, which looks anew for what is installed. */
const program = `
  import { createTrainer, denseNetwork } from '@concordat/client-sdk';
  import { eventLine } from './node_modules/@concordat/client-sdk/dist/commands/event-line.js';
  const { topology, tensors } = denseNetwork({ inputs: 3, hidden: [], classes: 2, seed: '1' });
  const dataSet = { examples: 8, inputShape: [3], inputs: new Float32Array(24).fill(0.1),
    targets: { kind: 'classes', labels: new Uint8Array(8) } };
  const task = { loss: 'categoricalCrossentropy', optimizer: { name: 'sgd', learningRate: 0.01 }, batchSize: 4, steps: 1 };
  process.on('message', async (asked) => {
    const forced = asked === 'any' ? {} : { engine: asked };
    try {
      const trainer = await createTrainer({ data: { dataSet }, participant: 'acme', holdoutFraction: 0, ...forced });
      const { examples } = await trainer.fit({ model: topology, weights: tensors, task, round: 1, seed: 's' });
      process.send({ line: eventLine({ type: 'engine', ...trainer.describe() }), examples });
      await trainer.close();
    } catch ({ code, message, fix }) {
      process.send({ error: { code, message, fix } });
    }
  });
`;

/** A process in an installed copy that trains with whatever engine it is asked for. */
export class AskedLadder {
  /** What it printed on stderr. */
  complaints = '';
  readonly #child: ChildProcess;

  constructor(copy: InstalledCopy, environment: Readonly<Record<string, string>> = {}) {
    const file = join(copy.directory, 'program.mjs');
    writeFileSync(file, program);
    this.#child = fork(file, { cwd: copy.directory, silent: true, env: { ...process.env, ...environment } });
    this.#child.stderr!.on('data', (text) => {
      this.complaints += text;
    });
  }

  /** @param engine its name, or `any`. */
  async ask(engine: string): Promise<Told> {
    this.#child.send(engine);
    const [told] = (await once(this.#child, 'message')) as [Told];
    return told;
  }

  close(): void {
    this.#child.kill();
  }
}
