import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type EngineName, tensorflowEnvironment } from '@concordat/client-sdk';
import type { NamedTensor } from '@concordat/core';
import { expect } from 'chai';
import { modelZoo } from '../../support/model-zoo.js';
import { repository } from '../../support/test-titles.js';
import type { ZooRun, ZooTraining } from '../../support/zoo-worker.js';

/** The reference last. */
const engines: readonly EngineName[] = ['onnxruntime', 'tfjs-node', 'tfjs-wasm', 'tfjs-cpu'];

/** float32 sums in another order. Measured at most 1.2e-7 after one step; ten carry on what the first ones differ by: 2e-7, their losses 5e-7. */
const tolerance = { afterOne: 2e-6, afterTen: 1e-5, losses: 1e-5 };

const document = join(repository, 'docs/trainers.md');
const [begin, end] = ['<!-- zoo -->\n', '<!-- end of zoo -->'];

async function runOf(engine: EngineName): Promise<ZooRun> {
  const worker = new Worker(new URL('../../support/zoo-worker.js', import.meta.url), { workerData: engine });
  const [run] = (await once(worker, 'message')) as [ZooRun];
  await worker.terminate();
  return run;
}

describe('the zoo of models', function () {
  this.timeout(180_000);
  /** Each engine in two threads at once; those that load. */
  const runs = new Map<EngineName, readonly [ZooRun, ZooRun]>();

  const environment = { ...process.env };

  before(async () => {
    Object.assign(process.env, tensorflowEnvironment);
    for (const engine of engines) {
      const [run, again] = await Promise.all([runOf(engine), runOf(engine)]);
      if (run.why === undefined) runs.set(engine, [run, again]);
      else process.stderr.write(`\n!! NOT TESTED: the zoo with ${engine}: ${run.why}\n`);
    }
  });

  after(() => {
    for (const name of Object.keys(tensorflowEnvironment)) {
      if (environment[name] === undefined) delete process.env[name];
      else process.env[name] = environment[name];
    }
  });

  it('is trained whole by each engine of tfjs', () => {
    for (const engine of runs.keys()) {
      if (engine !== 'onnxruntime') expect(claimed(runs.get(engine)![0]), engine).to.deep.equal(modelZoo.map(nameOf));
    }
  });

  for (const engine of engines.slice(0, -1)) {
    for (const { name } of modelZoo) {
      it(`${name}: moves with ${engine} as with tfjs-cpu, and gives its losses`, function () {
        const training = runs.get(engine)?.[0].trainings[name];
        if (training === undefined) return this.skip();
        const reference = runs.get('tfjs-cpu')![0].trainings[name]!;
        if ('reason' in reference) throw new Error(`the reference does not train it: ${reference.reason}`);
        if ('reason' in training) {
          process.stderr.write(`skipped: ${name} with ${engine}: ${training.reason}\n`);
          return this.skip();
        }
        expect(apart(training.afterOne, reference.afterOne), 'one step').to.be.at.most(tolerance.afterOne);
        expect(apart(training.afterTen, reference.afterTen), 'ten steps').to.be.at.most(tolerance.afterTen);
        expect(farthest(training.losses, reference.losses), 'losses').to.be.at.most(tolerance.losses);
      });
    }
  }

  it('moves every weight that is trained', () => {
    for (const [name, training] of Object.entries(runs.get('tfjs-cpu')![0].trainings)) {
      if ('reason' in training) throw new Error(`${name}: ${training.reason}`);
      training.afterTen.forEach(({ values, name: weight }, i) => {
        expect(farthest(values, training.initial[i]!.values), `${name} ${weight}`).to.be.above(1e-4);
      });
    }
  });

  it('comes out the same to the bit in two threads that train at once', () => {
    for (const [engine, [run, again]] of runs) expect(again.trainings, engine).to.deep.equal(run.trainings);
  });

  it('stands in docs/trainers.md as it is', function () {
    const run = runs.get('onnxruntime')?.[0];
    if (run === undefined) return this.skip();
    const text = readFileSync(document, 'utf8');
    const [before, after] = [text.slice(0, text.indexOf(begin) + begin.length), text.slice(text.indexOf(end))];
    const table = tableOf(run.trainings);
    if (process.env.CONCORDAT_WRITE_ZOO === '1') writeFileSync(document, `${before}${table}${after}`);
    const shown = readFileSync(document, 'utf8').slice(before.length, -after.length);
    expect(shown, 'write it anew with npm run zoo:write').to.equal(table);
  });
});

const nameOf = ({ name }: { readonly name: string }): string => name;

function claimed({ trainings }: ZooRun): string[] {
  return Object.entries(trainings).flatMap(([name, training]) => ('reason' in training ? [] : [name]));
}

function apart(ours: readonly NamedTensor[], theirs: readonly NamedTensor[]): number {
  return Math.max(...ours.map(({ values }, i) => farthest(values, theirs[i]!.values)));
}

function farthest(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  return Array.from(ours).reduce((most, x, i) => Math.max(most, Math.abs(x - theirs[i]!)), 0);
}

function tableOf(trainings: Readonly<Record<string, ZooTraining>>): string {
  const rows = modelZoo.map(({ name, layers }) => {
    const training = trainings[name]!;
    return `| ${name} | ${layers} | ${'reason' in training ? `no: ${training.reason}` : 'yes'} | yes |\n`;
  });
  return `| model | made of | onnxruntime | tfjs-node, tfjs-wasm, tfjs-cpu |\n|---|---|---|---|\n${rows.join('')}`;
}
