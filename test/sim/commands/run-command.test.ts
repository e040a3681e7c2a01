import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { registerSimCommands } from '@concordat/sim';
import { expect } from 'chai';
import { typed } from '../../support/typed.js';

const five = resolve(import.meta.dirname, '../../../../sim/scenarios/five.yaml');

describe('sim run', () => {
  const directory = mkdtempSync(join(tmpdir(), 'concordat-sim-'));
  after(() => rmSync(directory, { recursive: true, force: true }));
  const sim = (...args: string[]) => typed(registerSimCommands, ['sim', 'run', five, ...args]);

  it('leaves a line for each round, what happened, and how it ended; the same bytes again', async () => {
    const [first, again] = [join(directory, 'first'), join(directory, 'again')];
    for (const out of [first, again]) expect((await sim('--out', out)).exitCode).to.equal(0);
    const files = ['events.jsonl', 'rounds.csv', 'summary.json'];
    expect(readdirSync(first).sort()).to.deep.equal(files);
    const read = (path: string) => readFileSync(path, 'utf8');
    for (const file of files) expect(read(join(first, file)), file).to.equal(read(join(again, file)));
    const [header, ...rounds] = read(join(first, 'rounds.csv')).trim().split('\n');
    expect(header!.split(',').slice(0, 7)).to.deep.equal([
      'round',
      'outcome',
      'model_version',
      'cohort',
      'survivors',
      'dropped',
      'exact',
    ]);
    expect(rounds.map((line) => line.split(',').slice(0, 7).join())).to.deep.equal([
      '1,published,1,5,5,0,true',
      '2,published,2,5,4,1,true',
      '3,published,3,5,5,0,true',
      '4,evaluated,,5,5,0,true',
    ]);
    const events = read(join(first, 'events.jsonl'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.map(({ event }) => event)).to.deep.equal(['started', 'round', 'round', 'round', 'round', 'finished']);
    expect(JSON.parse(read(join(first, 'summary.json')))).to.include({ scenario: 'five', seed: 1, published: 3 });
  });

  it('never writes over a run', async () => {
    const out = join(directory, 'kept');
    expect((await sim('--out', out)).exitCode).to.equal(0);
    const { exitCode, stderr } = await sim('--out', out);
    expect(exitCode).to.equal(4);
    expect(stderr).to.include(`${out} holds a run already`);
  });

  it('runs several seeds, each in a directory of its own, and says the median', async () => {
    const out = join(directory, 'seeds');
    const { exitCode, stdout } = await sim('--seed', '7', '--seeds', '3', '--set', 'rounds=2', '--out', out);
    expect(exitCode).to.equal(0);
    expect(readdirSync(out).sort()).to.deep.equal(['seed-7', 'seed-8', 'seed-9']);
    expect(stdout).to.include('3 seeds: models published 2, 2, 2; median 2');
  });

  it('refuses what is no setting, no seed and no number of threads, with exit code 4', async () => {
    for (const args of [
      ['--set', 'rounds'],
      ['--set', 'rounds=['],
    ]) {
      const { exitCode, stderr } = await sim(...args);
      expect([exitCode, stderr]).to.satisfy(
        ([code, text]: [number, string]) => code === 4 && /is no setting/.test(text),
      );
    }
    for (const args of [
      ['--seed', '-1'],
      ['--seeds', '0'],
      ['--seeds', 'many'],
    ]) {
      const { exitCode, stderr } = await sim(...args);
      expect(exitCode, args.join(' ')).to.equal(4);
      expect(stderr).to.include(args[0]);
    }
  });
});
