import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { denseNetwork, writeTfjsDirectory } from '@concordat/client-sdk';
import { expect } from 'chai';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { TestConsortium } from '../coordinator/consortium.js';
import { moveTo } from '../support/moved-participant.js';
import { CoordinatorProcess } from './coordinator-process.js';
import { type Line, TypedCommands } from './typed-commands.js';

const names = ['acme', 'bluebird', 'cobalt', 'delta', 'ember'];

const columns = `
schema: concordat/data/1
columns:
  - { name: age, type: number, min: 0, max: 120, scale: unit, from: FROM }
  - { name: visits, type: integer, min: 0, max: 50, scale: unit, missing: fill, fill: 0 }
  - { name: ward, type: category, categories: [icu, surgery, other] }
  - { name: returned, type: category, categories: ["no", "yes"], target: true, missing: skip }
`;

/** Patients who come back when they are old and came often; `at` makes each organization's others. */
const rows = Array.from({ length: 600 }, (_, i) => (at: number) => {
  const [age, visits] = [20 + ((i * 37 + at * 11) % 80), (i * 7 + at) % 11];
  return {
    age,
    visits,
    ward: ['icu', 'surgery', 'other'][(i + at) % 3]!,
    returned: age + 4 * visits > 75 ? 'yes' : 'no',
  };
});

const csvText = (at: number, dialect: { readonly delimiter: string; readonly decimal: string }): string => {
  const line = (cells: readonly (string | number)[]) => `${cells.join(dialect.delimiter)}\n`;
  const cells = rows.map((row) => Object.values(row(at)).map((cell) => String(cell).replace('.', dialect.decimal)));
  return [line(['age', 'visits', 'ward', 'returned']), ...cells.map(line)].join('');
};

/** Each keeps its records in another way, cobalt a window of them in memory; delta and ember declare another column than the plan. */
function writeRecords(directory: string, name: string): void {
  const at = names.indexOf(name);
  mkdirSync(directory);
  const declare = (text: string, source: string) =>
    writeFileSync(join(directory, 'data.yaml'), `${text}source: ${source}\n`);
  const same = columns.replace(', from: FROM', '');
  if (name === 'bluebird') {
    writeFileSync(join(directory, 'r.csv'), csvText(at, { delimiter: ';', decimal: ',' }).replace('age', 'alter'));
    declare(columns.replace('FROM', 'alter'), '{ kind: csv, files: [r.csv], delimiter: ";", decimal: "," }');
  } else if (name === 'cobalt') {
    const all = rows.map((row) => row(at));
    const columnData = [
      { name: 'age', data: all.map(({ age }) => age), type: 'DOUBLE' },
      { name: 'visits', data: all.map(({ visits }) => visits), type: 'INT32' },
      { name: 'ward', data: all.map(({ ward }) => ward), type: 'STRING' },
      { name: 'returned', data: all.map(({ returned }) => returned), type: 'STRING' },
    ] as const;
    writeFileSync(join(directory, 'r.parquet'), new Uint8Array(parquetWriteBuffer({ columnData: [...columnData] })));
    declare(`${same}shuffleWindow: 100\n`, '{ kind: parquet, files: [r.parquet] }');
  } else {
    writeFileSync(join(directory, 'r.csv'), csvText(at, { delimiter: ',', decimal: '.' }));
    declare(
      name === 'acme' ? same : same.replace('icu, surgery, other', 'icu, surgery, attic, other'),
      '{ kind: csv, files: [r.csv] }',
    );
  }
}

const policyText = (name: string): string => `
schema: concordat/policy/1
proposers: [operator]
purposes: [Predicting readmission]
cohort: {min: 3}
differentialPrivacy: optional
approval: automatic
metrics: [accuracy]
${name === 'delta' ? 'refusals: reasons' : ''}
`;

const draft = {
  run: 'readmission-1',
  purpose: 'Predicting readmission',
  task: {
    loss: 'categoricalCrossentropy',
    optimizer: { name: 'sgd', learningRate: 0.5 },
    batchSize: 16,
    epochs: 4,
    examplesMin: 500,
  },
  rounds: 2,
  cohort: { min: 3, size: 3, max: 5 },
  minSurvivors: 3,
  maxColluders: 1,
  clippingNorm: 20,
  metrics: [{ name: 'accuracy', kind: 'rate', max: 1 }],
  deadlines: { selectMillis: 60_000, readyMillis: 60_000, stepMillis: 30_000, graceMillis: 60_000 },
  expires: '2099-01-01T00:00:00Z',
};

describe('a plan with a data schema, between real processes', function () {
  this.timeout(180_000);
  let consortium: TestConsortium;
  let coordinator: CoordinatorProcess;
  let directory: string;
  const commands = new TypedCommands();
  const at = (...path: string[]) => join(directory, ...path);

  const operate = (args: readonly string[], hear?: (line: Line) => void) =>
    commands.json(
      ['coordinator', ...args, '--directory', consortium.directory, '--address', `127.0.0.1:${coordinator.port}`],
      hear,
    );

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-declared-'));
    consortium = await TestConsortium.open();
    for (const name of names) {
      await consortium.enrol(name, at(name));
    }
    await consortium.coordinator.stop();
    coordinator = new CoordinatorProcess(consortium.directory);
    const address = await coordinator.listen();
    for (const name of names) {
      moveTo(at(name), address);
      writeFileSync(at(name, 'policy.yaml'), policyText(name));
      writeRecords(at(`${name}-data`), name);
    }
    await coordinator.start({ silent: true });
    mkdirSync(at('model'));
    await writeTfjsDirectory(at('model'), denseNetwork({ inputs: 5, hidden: [8], classes: 2, seed: 'declared' }));
    writeFileSync(at('plan.json'), JSON.stringify(draft));
  });

  after(async () => {
    commands.signal('SIGKILL');
    await coordinator.close();
    await consortium.close();
    rmSync(directory, { recursive: true });
  });

  it('trains with whoever declares its columns, and refuses the others by the column before the first round', async () => {
    const schema = at('schema.json');
    await commands.json(['participant', 'data', 'schema', '--data', at('acme-data'), '--out', schema]);
    const [proposed] = await operate([
      'plan',
      'propose',
      at('plan.json'),
      '--model',
      at('model'),
      '--data-schema',
      schema,
    ]);
    const { planHash } = proposed!.data as { readonly planHash: string };
    await operate(['run', 'start', '--plan', planHash, '--run', draft.run]);

    const heard = new Map<string, Line[]>(names.map((name) => [name, []]));
    const seats = new Map(
      names.map((name) => {
        const args = ['participant', 'serve', '--directory', at(name), '--data', at(`${name}-data`), '--once'];
        return [name, commands.json(args, (line) => void heard.get(name)!.push(line))];
      }),
    );
    const seen = await operate(['run', 'watch', '--run', draft.run]);
    const trained = ['acme', 'bluebird', 'cobalt'];
    await Promise.all(trained.map((name) => seats.get(name)));

    const rounds = seen.filter(({ type, outcome }) => type === 'round' && outcome === 'published');
    expect(rounds.map(({ survivors }) => survivors)).to.deep.equal([trained, trained]);
    for (const name of trained) {
      const [, last] = heard.get(name)!.filter(({ type }) => type === 'trained');
      expect(last!.examples, name).to.equal(540);
      expect((last!.metrics as { readonly accuracy: number }).accuracy, name).to.be.greaterThan(0.6);
    }

    for (const name of ['delta', 'ember']) {
      const [refused] = heard.get(name)!.filter(({ type }) => type === 'refused');
      const { detail, message } = refused!.error as { readonly detail: Line; readonly message: string };
      expect(detail, name).to.include({ rule: 'data.categories', column: 'ward', offered: 'also attic' });
      expect(message, name).to.include('ward');
      expect(
        heard.get(name)!.filter(({ type }) => type === 'training'),
        name,
      ).to.deep.equal([]);
    }
    const told = seen.filter(({ type }) => type === 'declined');
    const saying = (name: string) => told.find(({ participant }) => participant === name)!;
    expect(saying('delta')).to.include({ step: 'approve', rule: 'data.categories' });
    expect(saying('delta').message).to.include('ward: the 3 categories of the plan alone; here also attic');
    // Its policy lets the rule out and nothing else.
    expect(saying('ember')).to.include({ rule: 'data.categories', message: 'the participant cannot contribute' });
  });
});
