import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { dangling, repository, testReferences } from '../../support/test-titles.js';
import { sessionRefusals } from './refusals/all.js';
import { refusedBefore, refusedByAClient, refusedElsewhere } from './refusals/inventory.js';

const lines = [...refusedByAClient, ...refusedElsewhere];
const cases = sessionRefusals.flatMap(([refused, list]) =>
  list.map(({ rule, what }) => ({
    rule,
    test: `test/core/secagg/refusals.test.ts › A participant refuses ${refused} ${what}`,
  })),
);
const proven = new Set(cases.map(({ rule }) => rule));

/** Everything a participant's machines throw from: its two directories and what they share with the coordinator. */
function participantSources(): string {
  const core = join(repository, 'core/src');
  const under = (directory: string) =>
    readdirSync(join(core, directory), { recursive: true, encoding: 'utf8' }).map((file) => join(directory, file));
  const files = [
    ...under('secagg/participant'),
    ...under('round/participation'),
    'secagg/participant.ts',
    'round/participation.ts',
    ...['cohort', 'thresholds', 'keys', 'layout', 'abort'].map((name) => `secagg/${name}.ts`),
  ];
  return files.map((file) => readFileSync(join(core, file), 'utf8')).join('\n');
}

/** Rules thrown in a source: by `refusal` or `contradiction`, as `rule:`, or as `config.<field>`. */
function rulesIn(source: string): ReadonlySet<string> {
  const thrown = source.matchAll(/(?:(?:refusal|contradiction)\(\s*|\brule: )'([\w.-]+)'/g);
  const fields = source.matchAll(/(?:scalarTerms|hashTerms|segmentFields) = \[([^\]]*)\]/g);
  const compared = [...fields].flatMap(([whole, list]) =>
    [...list!.matchAll(/'(\w+)'/g)].map(
      ([, field]) => `config.${whole.startsWith('segment') ? 'segments.' : ''}${field}`,
    ),
  );
  const named = [...source.matchAll(/differs\('(\w+)'/g)].map(([, field]) => `config.${field}`);
  return new Set([...[...thrown].map((found) => found[1]!), ...compared, ...named]);
}

describe('The inventory of refusals', () => {
  it('has a proof for every line of the design', () => {
    const bare = lines.filter(({ rules = [], tests = [] }) => rules.length + tests.length === 0);
    expect(bare.map(({ line }) => line)).to.deep.equal([]);
    const unproven = lines.flatMap(({ line, rules = [] }) =>
      rules.filter((rule) => !proven.has(rule)).map((rule) => `${line}: ${rule}`),
    );
    expect(unproven, 'lines whose rule no case proves').to.deep.equal([]);
  });

  it('names only tests that there are', function () {
    this.timeout(60_000);
    const named = [...lines.flatMap(({ tests = [] }) => tests), ...Object.values(refusedBefore)];
    expect(dangling(named)).to.deep.equal([]);
    expect(dangling(cases.map(({ test }) => test))).to.deep.equal([]);
    expect(testReferences().size).to.be.greaterThan(900);
  });

  it('lists every rule that a case proves, each under a line', () => {
    const listed = new Set(lines.flatMap(({ rules = [] }) => rules));
    expect([...proven].filter((rule) => !listed.has(rule))).to.deep.equal([]);
  });

  it('knows every rule that a participant’s machines throw', () => {
    const thrown = rulesIn(participantSources());
    expect(thrown.size).to.be.greaterThan(50);
    const unknown = [...thrown].filter((rule) => !proven.has(rule) && !(rule in refusedBefore));
    expect(unknown, 'rules without a test against the real machine').to.deep.equal([]);
    const gone = [...proven, ...Object.keys(refusedBefore)].filter((rule) => rule !== 'malformed' && !thrown.has(rule));
    expect(gone, 'rules that nothing throws any more').to.deep.equal([]);
  });
});
