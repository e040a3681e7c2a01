import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { dangling, referencesIn, repository } from '../support/test-titles.js';

const read = (path: string) => readFileSync(join(repository, path), 'utf8');

/** Number, fault, what a user sees, test, needs. */
function rowsOf(text: string): readonly (readonly string[])[] {
  return text
    .split('\n')
    .filter((line) => /^\| F\d+ \|/.test(line))
    .map((line) =>
      line
        .slice(1, line.lastIndexOf('|'))
        .split('|')
        .map((cell) => cell.trim()),
    );
}

describe('docs/faults.md', () => {
  let rows: readonly (readonly string[])[];
  before(() => {
    rows = rowsOf(read('docs/faults.md'));
  });

  it('numbers its faults from F1, without a gap, and says of each what a user sees', () => {
    expect(rows.length).to.be.greaterThan(40);
    expect(rows.map(([number]) => number)).to.deep.equal(rows.map((_, i) => `F${i + 1}`));
    for (const cells of rows) {
      expect(cells, cells[0]).to.have.lengthOf(5);
      for (const cell of cells) expect(cell, cells[0]).to.not.equal('');
    }
  });

  it('names no fault twice', () => {
    const faults = rows.map(([, fault]) => fault);
    expect(faults.filter((fault, i) => faults.indexOf(fault) !== i)).to.deep.equal([]);
  });

  it('gives every fault a test that there is', function () {
    this.timeout(60_000);
    const named = rows.map((cells) => referencesIn(cells[3]!));
    expect(rows.filter((_, i) => named[i]!.length === 0).map(([number]) => number)).to.deep.equal([]);
    expect(dangling(named.flat())).to.deep.equal([]);
  });

  it('has every fault that the design lists', () => {
    const faults = rows.map(([, fault]) => fault).join('\n');
    for (const listed of [
      /kill -9 of the coordinator in/,
      /on either side of a durable write/,
      /at random/,
      /power loss/,
      /torn tail/,
      /disk full/,
      /fsync error/,
      /kill -9 of a client in each phase/,
      /from none to half of a cohort lost at any phase/,
      /1 B\/s/,
      /half-open TCP/,
      /duplicate messages/,
      /reordered messages/,
      /replay in the same round, or of an old one/,
      /replay in another run/,
      /replay by another participant/,
      /response lost after the handler ran/,
      /clock of the coordinator 3 h/,
      /clock of a participant 3 h/,
      /corrupted chunks/,
      /overlapping chunks/,
      /out-of-order chunks/,
      /partition of so many clients/,
      /partition between a coordinator and its database/,
      /one-way partition/,
      /new address/,
      /two coordinators on one database, the leader stopped/,
      /version skew: a participant of the next/,
      /version skew: a coordinator of the next/,
      /certificates that expire/,
      /certificates rotated/,
      /revoked/,
      /message bombs/,
      /reconnect storm/,
      /token guessing/,
      /NaN and infinities/,
      /huge values/,
      /wrong shapes/,
      /wrong hashes/,
      /boosts its update/,
      /sybil keys/,
      /poisoned metrics/,
      /log injection/,
      /terminal injection/,
      /script in names/,
      /path traversal/,
      /canary secrets/,
    ]) {
      expect(faults).to.match(listed);
    }
  });

  it('is found from the README and from the architecture', () => {
    expect(read('README.md')).to.include('docs/faults.md');
    expect(read('docs/architecture.md')).to.include('(faults.md)');
  });
});
