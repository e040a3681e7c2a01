import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

interface Accepted {
  readonly file: string;
  readonly mutator: string;
  readonly replacement: string;
  /** The line that is mutated, trimmed. */
  readonly text: string;
  readonly why: string;
}

const accepted = JSON.parse(readFileSync(join(root, 'test/mutation/accepted.json'), 'utf8')) as readonly Accepted[];

describe('An explained mutant', () => {
  it('is of a line that is still there', () => {
    const gone = accepted.filter(({ file, text }) => {
      const lines = readFileSync(join(root, 'core/src/secagg', file), 'utf8').split('\n');
      return !lines.some((line) => line.trim() === text);
    });
    expect(gone.map(({ file, text }) => `${file}: ${text}`)).to.deep.equal([]);
  });

  it('says in a sentence why it may live', () => {
    expect(accepted.filter(({ why }) => why.trim().length < 20)).to.deep.equal([]);
  });
});

describe('A slice of what is mutated', () => {
  it('holds every file of the secure sum, and no other holds it too', () => {
    const slices = JSON.parse(readFileSync(join(root, 'test/mutation/slices.json'), 'utf8')) as Record<
      string,
      string[]
    >;
    const files = readdirSync(join(root, 'core/src/secagg'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => path.slice(0, -3).replaceAll('\\', '/'));
    expect(Object.values(slices).flat().sort()).to.deep.equal(files.sort());
  });
});
