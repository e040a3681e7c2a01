// A trainer in a process of its own that does what its argument says with the first task, and what it should with the others.
import { readFileSync, writeFileSync } from 'node:fs';
import { encodeSafetensors } from '@concordat/core';
import { type GivenTask, SpokenTrainer } from './spoken-trainer.js';

const [what = 'good', memory = ''] = process.argv.slice(2);

/** How often this program was started before with the same file; also after it was killed. */
function startsBefore(): number {
  if (memory === '') return 0;
  let before = 0;
  try {
    before = Number(readFileSync(memory, 'utf8'));
  } catch {
    // The first.
  }
  writeFileSync(memory, String(before + 1));
  return before;
}

const first = startsBefore() === 0;
if (first && what === 'no-start') {
  process.stderr.write('no module named torch\n');
  process.exit(3);
}
if (what === 'never') {
  process.stderr.write('Traceback (most recent call last):\n\u001b[31mImportError\u001b[0m: never\n');
  process.exit(4);
}

const trainer = SpokenTrainer.launched();
if (what !== 'mute') trainer.hello(undefined, what === 'version' ? 7 : 1);
if (what === 'print') process.stdout.write(`${'much '.repeat(200_000)}\nlast words\n`);
if (first && what === 'idle-death') setImmediate(() => process.exit(9));

const odd: Record<string, (task: GivenTask) => void> = {
  die: () => {
    process.stderr.write('out of memory\n');
    process.exit(7);
  },
  'kill-itself': () => process.kill(process.pid, 'SIGKILL'),
  nan: ({ weights, ...key }) =>
    trainer.give(
      key,
      encodeSafetensors(
        weights.map((tensor) => ({ ...tensor, values: tensor.values.map((_, i) => (i === 1 ? NaN : 0)) })),
      ),
    ),
  shape: ({ weights, ...key }) =>
    trainer.give(key, encodeSafetensors(weights.map((tensor) => ({ ...tensor, shape: [...tensor.shape].reverse() })))),
  missing: ({ weights, ...key }) => trainer.give(key, encodeSafetensors(weights.slice(1))),
  nobody: (task) => trainer.raise(task, 1, 0),
  silent: () => undefined,
  stopped: () => process.kill(process.pid, 'SIGSTOP'),
  refuse: ({ task, capability }) =>
    trainer.say({ type: 'failure', task, capability, code: 'refused', message: 'no \u001b[31mGPU\u001b[0m' }),
  large: ({ task, capability }) =>
    trainer.say({ type: 'result', task, capability, examples: 1, metrics: [], weightsBytes: 2 ** 30 }),
  'other-task': ({ task, ...rest }) => trainer.raise({ ...rest, task: task + 1 }),
  'other-capability': (task) => trainer.raise({ ...task, capability: task.capability.map((byte) => byte ^ 1) }),
  deaf: ({ task, capability }) => trainer.say({ type: 'progress', task, capability, step: 1, steps: 2, metrics: [] }),
  obedient: ({ task, capability }) => {
    trainer.say({ type: 'progress', task, capability, step: 1, steps: 2, metrics: [] });
    trainer.onCancel = () => trainer.say({ type: 'failure', task, capability, code: 'cancelled', message: '' });
  },
  hang: () => trainer.socket.end(),
  chatter: ({ task, capability }) => {
    for (let step = 0; step < 20_000; step++) {
      trainer.say({
        type: 'progress',
        task,
        capability,
        step,
        steps: 20_000,
        metrics: [{ name: 'loss', value: 1 / step }],
      });
    }
  },
};

let tasks = 0;
for (let task = await trainer.task(); task !== undefined; task = await trainer.task()) {
  const act = first && tasks++ === 0 ? odd[what] : undefined;
  if (what === 'environment') process.stderr.write(`${JSON.stringify(Object.keys(process.env).sort())}\n`);
  if (act === undefined) trainer.raise(task);
  else act(task);
  if (act !== undefined && what === 'chatter') trainer.raise(task);
  if (what === 'environment') process.exit(0);
}
process.exit(0);
