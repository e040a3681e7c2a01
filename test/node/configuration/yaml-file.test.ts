import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseYaml, readYamlFile } from '@concordat/node';
import { expect } from 'chai';

const linesOf = (text: string) => {
  const reading = parseYaml(text, 'x.yaml');
  return reading.type === 'read' ? Object.fromEntries(reading.file.lines) : reading.problem;
};

describe('a YAML file', () => {
  it('knows the line of every entry, in blocks and in one line', () => {
    expect(
      linesOf('# first\na: 1\nlisten:\n  host: "x"\n\n  port: 7\nf: {b: 2,\n c: [3, 4]}\nl:\n  - q\n  - z: 1\n'),
    ).to.deep.equal({
      a: 2,
      listen: 3,
      'listen.host': 4,
      'listen.port': 6,
      f: 7,
      'f.b': 7,
      'f.c': 8,
      'f.c.0': 8,
      'f.c.1': 8,
      l: 9,
      'l.0': 10,
      'l.1': 11,
      'l.1.z': 11,
    });
  });

  it('counts lines past values of several lines', () => {
    expect(linesOf('a: |\n  one\n  two\nb: 1\n')).to.deep.equal({ a: 1, b: 4 });
  });

  it('may be empty or only comments', () => {
    for (const text of ['', '# nothing yet\n', '---\n']) {
      const reading = parseYaml(text, 'x.yaml');
      expect(reading.type === 'read' && reading.file.document, text).to.deep.equal({});
    }
  });

  for (const [what, text, where, offered] of [
    ['text that is not YAML', 'a: 1\nb: [', 'x.yaml:2', /./],
    ['a key twice', 'a: 1\na: 2', 'x.yaml:2', /duplicated/],
    ['a list', '- 1', 'x.yaml:1', /a list/],
    ['two documents', 'a: 1\n---\nb: 2', 'x.yaml:1', /2 documents/],
    ['an alias, which could multiply', 'a: &x 1\nb: *x', 'x.yaml:2', /alias/],
    ['nesting without end', '['.repeat(40), 'x.yaml:1', /./],
  ] as const) {
    it(`names the line of ${what}`, () => {
      const reading = parseYaml(text, 'x.yaml');
      if (reading.type !== 'unusable') throw new Error(`${what} was read`);
      expect(reading.problem.where).to.equal(where);
      expect(reading.problem.offered).to.match(offered);
    });
  }

  it('may be absent; is not read when it is too long or no file', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'concordat-yaml-'));
    try {
      writeFileSync(join(directory, 'long.yaml'), `a: ${'x'.repeat(65_536)}`);
      const types = ['none.yaml', 'long.yaml', '.'].map(
        async (name) => (await readYamlFile(join(directory, name))).type,
      );
      expect(await Promise.all(types)).to.deep.equal(['absent', 'unusable', 'unusable']);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
