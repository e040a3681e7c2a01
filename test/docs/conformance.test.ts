import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { dangling, referencesIn, repository } from '../support/test-titles.js';

const read = (path: string) => readFileSync(join(repository, path), 'utf8');

/** The lines of every table: source, implementation, test, departure. */
function readRows(): readonly (readonly string[])[] {
  return read('docs/conformance.md')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| source '))
    .map((line) =>
      line
        .slice(1, line.lastIndexOf('|'))
        .split('|')
        .map((cell) => cell.trim()),
    );
}

/** Whether a module exports a name. */
function exportsName(file: string, name: string): boolean {
  const declared = new RegExp(`^export (?:async )?(?:function|const|class|interface|type) ${name}\\b`, 'm');
  return declared.test(read(file));
}

describe('docs/conformance.md', () => {
  let rows: readonly (readonly string[])[];
  before(() => {
    rows = readRows();
  });

  it('has four columns in every line: source, implementation, test, departure', () => {
    expect(rows.length).to.be.greaterThan(35);
    for (const cells of rows) expect(cells, cells.join(' | ')).to.have.lengthOf(4);
  });

  it('names a file and an export that are there, in every line', () => {
    const broken = rows.filter(([, implementation]) => {
      const found = /^`([^`#]+)#(\w+)`$/.exec(implementation!);
      if (found === null) return true;
      try {
        return !exportsName(found[1]!, found[2]!);
      } catch {
        return true;
      }
    });
    expect(broken.map(([source]) => source)).to.deep.equal([]);
  });

  it('names a test that there is, in every line', function () {
    this.timeout(60_000);
    const named = rows.map(([, , test]) => referencesIn(test!));
    expect(rows.filter((_, i) => named[i]!.length === 0).map(([source]) => source)).to.deep.equal([]);
    expect(dangling(named.flat())).to.deep.equal([]);
  });

  it('covers every standard and paper that the sources build on', () => {
    const sources = rows.map(([source]) => source).join('\n');
    for (const named of [
      'Bonawitz et al., CCS 2017',
      'round 0',
      'round 1',
      'round 2',
      'round 3',
      'round 4',
      'Shamir',
      'Pasquini',
      'FIPS 180-4',
      'RFC 5869',
      'RFC 6962',
      'RFC 7748',
      'RFC 8032',
      'RFC 8785',
      'SP 800-38A',
      'crypto_secretbox',
      'AISTATS 2017',
      'ICLR 2018',
      'stochastic rounding',
      'Yin et al., ICML 2018',
    ]) {
      expect(sources, named).to.include(named);
    }
  });

  it('is found from the README and from the architecture', () => {
    expect(read('README.md')).to.include('docs/conformance.md');
    expect(read('docs/architecture.md')).to.include('(conformance.md)');
  });
});
