import { spawnSync } from 'node:child_process';
import { expect } from 'chai';

/** A program that trains without an end, and then does `last`. */
const program = (last: string): string => `
  import { createTrainer, denseNetwork } from '@concordat/client-sdk';
  const { topology, tensors } = denseNetwork({ inputs: 300, hidden: [200], classes: 4, seed: '1' });
  const dataSet = { examples: 40, inputShape: [300], inputs: new Float32Array(12000).fill(0.1),
    targets: { kind: 'classes', labels: new Uint8Array(40) } };
  const task = { loss: 'categoricalCrossentropy', optimizer: { name: 'adam', learningRate: 0.01 }, batchSize: 4, epochs: 1e6 };
  const trainers = await Promise.all([1, 2].map(() => createTrainer({ data: { dataSet }, participant: 'acme' })));
  const codes = trainers.map((trainer) => new Promise((resolve) => {
    let seen = 0;
    const onProgress = () => void (++seen === 3 && resolve());
    trainer.fit({ model: topology, weights: tensors, task, round: 1, seed: 's', onProgress }).catch(() => undefined);
  }));
  await Promise.all(codes);
  ${last}
`;

function statusOf(last: string): { readonly status: number | null; readonly stderr: string } {
  const flags = ['--input-type=module', '--eval', program(last)];
  const { status, stderr } = spawnSync(process.execPath, flags, { cwd: import.meta.dirname, encoding: 'utf8' });
  return { status, stderr };
}

// ONNX Runtime for Node throws where nothing catches it when its thread is ended inside it, and that ends the process: SIGABRT, no status.
describe('a process whose threads train', () => {
  it('closes them in the middle of a training, and lives', () => {
    const { status, stderr } = statusOf('await Promise.all(trainers.map((one) => one.close())); process.exit(7);');
    expect([status, stderr]).to.deep.equal([7, '']);
  });

  it('exits in the middle of a training with the status it wants', () => {
    const { status, stderr } = statusOf('process.exit(7);');
    expect([status, stderr]).to.deep.equal([7, '']);
  });
});
