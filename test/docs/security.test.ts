import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { dangling, referencesIn, repository } from '../support/test-titles.js';

const read = (path: string) => readFileSync(join(repository, path), 'utf8');

interface Claim {
  readonly number: number;
  readonly title: string;
  readonly section: string;
}

/** The text under each `### C<number> …` heading, to the next heading. */
function claimsOf(text: string): readonly Claim[] {
  return text
    .split(/^(?=#{2,3} )/m)
    .filter((section) => section.startsWith('### C'))
    .map((section) => ({
      number: Number(/^### C(\d+)/.exec(section)?.[1]),
      title: section.split('\n')[0]!,
      section,
    }));
}

/** Rows of the tables "Defended", "Bounded" and "Not defended". */
function threatsOf(text: string): readonly (readonly string[])[] {
  return text
    .split('\n')
    .filter((line) => /^\| [DBN]\d+ \|/.test(line))
    .map((line) =>
      line
        .slice(1, line.lastIndexOf('|'))
        .split('|')
        .map((cell) => cell.trim()),
    );
}

/** Why no test can exist, said in so many words. */
const untestable = /No test: .{20,}/;

describe('docs/security-proofs.md', () => {
  let proofs: string;
  let claims: readonly Claim[];
  before(() => {
    proofs = read('docs/security-proofs.md');
    claims = claimsOf(proofs);
  });

  it('numbers its claims from 1, without a gap', () => {
    expect(claims.length).to.be.greaterThan(15);
    expect(claims.map(({ number }) => number)).to.deep.equal(claims.map((_, i) => i + 1));
  });

  it('gives every claim a test, or says why there can be none', () => {
    const bare = claims.filter(({ section }) => referencesIn(section).length === 0 && !untestable.test(section));
    expect(bare.map(({ title }) => title)).to.deep.equal([]);
  });

  it('says of every claim whose it is, and rests on claims and assumptions that there are', () => {
    const numbers = new Set(claims.map(({ number }) => number));
    const assumptions = new Set([...proofs.matchAll(/^\* \*\*(A\d+)\*\*/gm)].map((found) => found[1]));
    for (const { title, section } of claims) {
      expect(section, title).to.match(/\*(Bonawitz et al\.|Ours|Known)[^*]*\*/);
      for (const [, number] of section.matchAll(/\bC(\d+)\b/g))
        expect(numbers.has(Number(number)), `${title}: C${number}`).to.equal(true);
      for (const [assumption] of section.matchAll(/\bA\d+\b/g))
        expect(assumptions.has(assumption), `${title}: ${assumption}`).to.equal(true);
    }
  });

  it('assumes nothing that no claim uses', () => {
    const used = claims.map(({ section }) => section).join('\n');
    const named = [...proofs.matchAll(/^\* \*\*(A\d+)\*\*/gm)].map((found) => found[1]!);
    expect(named.filter((assumption) => !new RegExp(`\\b${assumption}\\b`).test(used))).to.deep.equal([]);
  });

  it('names only tests that there are', function () {
    this.timeout(60_000);
    expect(dangling(referencesIn(proofs))).to.deep.equal([]);
  });
});

describe('docs/threat-model.md', () => {
  let threats: string;
  let threatRows: readonly (readonly string[])[];
  before(() => {
    threats = read('docs/threat-model.md');
    threatRows = threatsOf(threats);
  });

  it('has what is defended, bounded and not defended, each numbered without a gap', () => {
    for (const kind of ['D', 'B', 'N']) {
      const ids = threatRows.map(([id]) => id!).filter((id) => id.startsWith(kind));
      expect(ids.length, kind).to.be.greaterThan(4);
      expect(ids).to.deep.equal(ids.map((_, i) => `${kind}${i + 1}`));
    }
  });

  it('points every row to a test, or says why there can be none', () => {
    const bare = threatRows.filter(
      (cells) => referencesIn(cells.join(' ')).length === 0 && !untestable.test(cells.join(' ')),
    );
    expect(bare.map(([id]) => id)).to.deep.equal([]);
  });

  it('names only tests that there are', function () {
    this.timeout(60_000);
    expect(dangling(referencesIn(threats))).to.deep.equal([]);
  });
});

describe('The documents on security', () => {
  it('are found from the README and from the architecture', () => {
    for (const page of ['conformance.md', 'security-proofs.md', 'threat-model.md']) {
      expect(read('README.md'), page).to.include(`docs/${page}`);
      expect(read('docs/architecture.md'), page).to.include(`(${page})`);
    }
  });
});
