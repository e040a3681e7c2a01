import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registerParticipantCommands } from '@concordat/client-sdk';
import { expect } from 'chai';
import { typed } from '../../support/typed.js';

const declaration = `
schema: concordat/data/1
columns:
  - { name: age, type: number, min: 0, max: 120 }
  - { name: ward, type: category, categories: [icu, surgery], missing: skip }
  - { name: returned, type: category, categories: ["no", "yes"], target: true }
source: { kind: csv, files: [r.csv] }
`;
const good = 'age,ward,returned\n50,icu,yes\n61,,no\n70.5,surgery,no\n';
const obeyed = '\u001b]0;owned\u0007\u202e';

describe('the commands about records', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-data-'));
    write('data.yaml', declaration);
    write('r.csv', good);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const write = (name: string, content: string) => writeFileSync(join(directory, name), content);

  const type = (...args: string[]) =>
    typed(registerParticipantCommands, ['participant', 'data', ...args, '--data', directory]);

  it('print a schema that says nothing of this organization, alone on stdout', async () => {
    const { stdout, stderr, exitCode } = await type('schema');
    expect(JSON.parse(stdout).columns.map(({ name }: { name: string }) => name)).to.deep.equal([
      'age',
      'ward',
      'returned',
    ]);
    expect(stdout).to.not.include('r.csv').and.not.include('icu,');
    expect([stderr, exitCode]).to.satisfy(
      ([text, code]: [string, number]) => text.startsWith('Data schema ') && code === 0,
    );
  });

  it('take a schema that was written for the plan of another', async () => {
    const file = join(directory, 'schema.json');
    await type('schema', '--out', file);
    expect((await type('check', '--against', file)).stdout).to.include('the same as in the file');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"max": 120', '"max": 100'));
    const { stdout, exitCode } = await type('check', '--against', file, '--json');
    const { error } = JSON.parse(stdout);
    expect([error.code, error.detail.rule, error.detail.column, exitCode]).to.deep.equal([
      'refused',
      'data.range',
      'age',
      1,
    ]);
  });

  it('count what would be trained on', async () => {
    const { stdout } = await type('check', '--json');
    expect(JSON.parse(stdout).data).to.include({ examples: 2, skipped: 1, inputs: 3 });
  });

  it('name every problem of data.yaml by line, and exit with 4', async () => {
    write('data.yaml', declaration.replace('min: 0', 'mni: 0').replace('kind: csv', 'kind: xls'));
    const { stderr, exitCode } = await type('check');
    expect(stderr).to.include('data.yaml:4: columns.0.mni').and.include('data.yaml:7: source.kind');
    expect(exitCode).to.equal(4);
  });

  it('say what to do where there is no data.yaml', async () => {
    rmSync(join(directory, 'data.yaml'));
    const { stderr, exitCode } = await type('preview');
    expect(stderr).to.include('docs/data.md');
    expect(exitCode).to.equal(4);
  });

  it('name cells that are not as declared by their places, twenty at most, and go on counting', async () => {
    write('r.csv', `age,ward,returned\n${'old,icu,yes\n'.repeat(30)}`);
    const { stderr, exitCode } = await type('check');
    expect(stderr.match(/r\.csv:\d+:1 \(age\)/g)).to.have.length(20);
    expect(stderr).to.include('not as declared: 30');
    expect(exitCode).to.equal(1);
  });

  it('show no byte of a file to the terminal that is not a number or a declared category', async () => {
    write(
      'r.csv',
      `age,ward,${obeyed},returned\n50,icu,x,yes\n${obeyed},icu,x,yes\n60,${obeyed},x,no\n70,icu,x,${obeyed}\n`,
    );
    for (const command of ['check', 'preview']) {
      const { stdout, stderr } = await type(command);
      expect(stdout + stderr, command).to.not.include('owned');
      expect((stdout + stderr).replaceAll('\n', ''), command).to.not.match(/[\p{Cc}\p{Cf}]/u);
    }
    expect((await type('preview')).stdout).to.include('not as declared, so that nothing would be trained on: 3');
  });

  it('show the first rows as they are understood, and as many as were asked for', async () => {
    const { data } = JSON.parse((await type('preview', '--rows', '1', '--json')).stdout);
    expect(data.rows).to.deep.equal([[50, 'icu', 'yes']]);
    expect(data.columns[0]).to.deep.equal({
      name: 'age',
      type: 'number',
      filled: 0,
      range: { min: 50, max: 70.5, mean: 60.25 },
    });
    expect(data.columns[1].counts).to.deep.equal([1, 1]);
  });
});
