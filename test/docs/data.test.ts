import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDeclaration } from '@concordat/client-sdk';
import { digestDataSchema, parseDataSchema } from '@concordat/core';
import { expect } from 'chai';
import { repository } from '../support/test-titles.js';

const read = (path: string): string => readFileSync(join(repository, path), 'utf8');
const text = read('docs/data.md');
const fenced = (language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, block]) => block!);

/** What a person sees, both streams, without the id that is another one each time. */
function typed(command: string): string {
  const [, ...args] = command.split(' ');
  const line = `"${process.execPath}" cli/dist/bin/concordat.js ${args.join(' ')} 2>&1 || true`;
  return execFileSync('sh', ['-c', line], { cwd: repository, encoding: 'utf8' }).replace(/^Correlation id: .*\n/m, '');
}

describe('docs/data.md', () => {
  it('begins with the declaration of the example', () => {
    expect(fenced('yaml')).to.deep.equal([read('examples/data/data.yaml')]);
  });

  for (const block of fenced('console')) {
    const [prompt, ...said] = block.split('\n');
    it(`shows what ${prompt!.slice(2)} says`, () => {
      expect(typed(prompt!.slice(2))).to.equal(said.join('\n'));
    }).timeout(60_000);
  }

  it('shows the program that reads batches', () => {
    expect(fenced('js')).to.deep.equal([read('examples/data/batches.mjs')]);
    const printed = execFileSync(process.execPath, ['examples/data/batches.mjs'], {
      cwd: repository,
      encoding: 'utf8',
    });
    expect(printed).to.equal('10 50 classes\n10 50 classes\n3 15 classes\n');
  });

  it('has a digest that is the same for whoever declares the same', () => {
    const { schema } = parseDeclaration(read('examples/data/data.yaml'));
    expect(text).to.include(digestDataSchema(schema));
    const planned = parseDataSchema(read('examples/data/plan.schema.json'));
    expect(digestDataSchema(planned)).to.not.equal(digestDataSchema(schema));
  });
});
