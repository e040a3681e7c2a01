import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { outsideEnvironment, type Project } from './project.js';

type Line = Readonly<Record<string, unknown>> & { readonly event: string };

/** What a round between two installations left. */
export interface PlayedRound {
  readonly lines: readonly Line[];
  readonly exitCodes: readonly (number | null)[];
  readonly stderr: string;
}

const names = ['acme', 'bluebird', 'cobalt', 'delta'];
const draft = {
  run: 'packed-1',
  purpose: 'test',
  task: {
    loss: 'categoricalCrossentropy',
    optimizer: { name: 'sgd', learningRate: 0.5 },
    batchSize: 16,
    epochs: 1,
    dataSchemaDigest: 'A'.repeat(43),
  },
  rounds: 1,
  cohort: { min: 4, size: 4, max: 4 },
  minSurvivors: 3,
  maxColluders: 1,
  clippingNorm: 20,
  expires: '2099-01-01T00:00:00Z',
};

/** Four participants of one installed SDK, one round with an installed coordinator: two processes, real mutual TLS. */
export async function playRound(operator: Project, partner: Project, directory: string): Promise<PlayedRound> {
  const lines: Line[] = [];
  let stderr = '';
  const start = (project: Project, script: string, args: readonly string[], hear: (line: Line) => void) => {
    const child = spawn(process.execPath, [script, ...args], { cwd: project.directory, env: outsideEnvironment() });
    child.stderr.on('data', (chunk) => (stderr += chunk));
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = JSON.parse(text) as Line;
      lines.push(line);
      hear(line);
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    return { child, ended };
  };
  const tell = (child: ChildProcess, order: object): void => void child.stdin!.write(`${JSON.stringify(order)}\n`);

  let ended: Promise<number | null> = Promise.resolve(null);
  let partnerChild: ChildProcess | undefined;
  const server = start(operator, 'operator.mjs', [directory], ({ event }) => {
    if (event !== 'invited') return;
    const seat = start(partner, 'partner.mjs', [directory, ...names], (line) => {
      if (line.event === 'pending') {
        tell(server.child, { order: 'admit', name: line.name, fingerprint: line.fingerprint });
      }
      if (line.event === 'ready') tell(server.child, { order: 'run', draft, model: `${directory}/model` });
    });
    partnerChild = seat.child;
    // Whatever became of the partner, the operator has then nothing more to hear.
    ended = seat.ended.finally(() => server.child.stdin.end());
  });
  tell(server.child, { order: 'invite', names });
  try {
    const code = await server.ended;
    return { lines, exitCodes: [code, await ended], stderr };
  } finally {
    server.child.kill('SIGKILL');
    partnerChild?.kill('SIGKILL');
  }
}
