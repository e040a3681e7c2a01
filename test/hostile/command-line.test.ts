import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  answerOf,
  answerOfProcess,
  type Binary,
  binaries,
  faultsOfEnvelope,
  faultsOfProse,
  foundFixtures,
} from './command-line-answer.js';
import { type Fixtures, type HostileLine, hostileLines, leavesOf } from './command-lines.js';

describe('bad arguments of every command', function () {
  this.timeout(120_000);
  let root: string;
  let fixtures: Fixtures;
  let both: Binary[];

  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'concordat-hostile-'));
    fixtures = await foundFixtures(root);
    both = await binaries();
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  const all = (): { binary: Binary; line: HostileLine }[] =>
    both.flatMap((binary) => hostileLines(binary.program, fixtures).map((line) => ({ binary, line })));

  it('are made from the programs themselves: every command, option and argument', () => {
    for (const binary of both) {
      const whats = hostileLines(binary.program, fixtures).map(({ what }) => what);
      for (const { path, command } of leavesOf(binary.program)) {
        const valued = command.options.filter((option) => option.required || option.optional);
        for (const name of [
          ...valued.map((option) => option.long!.slice(2)),
          ...command.registeredArguments.map((argument) => argument.name()),
        ]) {
          const mine = whats.filter((what) => what.startsWith(`${path.join(' ')}: ${name} is `));
          expect(mine, `${path.join(' ')} ${name}`).to.have.length.above(7);
        }
      }
    }
    expect(all()).to.have.length.above(1000);
  });

  it('end with exit code 4 and one envelope under --json', async () => {
    for (const { binary, line } of all()) {
      expect(faultsOfEnvelope(await answerOf(binary, [...line.args, '--json'])), line.what).to.deep.equal([]);
    }
  });

  it('end with exit code 4 and prose on stderr without it', async () => {
    for (const { binary, line } of all()) {
      expect(faultsOfProse(await answerOf(binary, line.args)), line.what).to.deep.equal([]);
    }
  });

  it('do so as real processes', () => {
    const lines = all();
    let processes = 0;
    for (let at = 0; at < lines.length; at += Math.ceil(lines.length / 8)) {
      const { binary, line } = lines[at]!;
      const answer = answerOfProcess(binary, [...line.args, '--json']);
      if (answer === undefined) continue;
      processes++;
      expect(faultsOfEnvelope(answer), line.what).to.deep.equal([]);
    }
    expect(processes).to.be.above(3);
  });
});
