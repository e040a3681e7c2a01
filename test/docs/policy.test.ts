import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  evaluatePolicy,
  type Policy,
  type Proposal,
  parsePolicy,
  policyJsonSchema,
  policyRefusal,
} from '@concordat/client-sdk';
import { completePlan, type PlanDraft, rulesOf } from '@concordat/core';
import { parseYaml } from '@concordat/node';
import { expect } from 'chai';
import { smallDraft } from '../support/small-draft.js';
import { dangling, referencesIn, repository } from '../support/test-titles.js';

const read = (path: string): string => readFileSync(join(repository, path), 'utf8');
const text = read('docs/policy.md');
const now = Date.parse('2029-01-01T00:00:00Z');
const digest = 'A'.repeat(43);

const policyText = `
schema: concordat/policy/1
proposers: [operator]
purposes: [Predicting readmission]
cohort: {min: 3}
differentialPrivacy: optional
approval: automatic
metrics: [accuracy]
`;
const draft: PlanDraft = {
  ...smallDraft,
  purpose: 'Predicting readmission',
  cohort: { min: 8, size: 12 },
  minSurvivors: 5,
  maxColluders: 2,
};

interface Row {
  readonly rule: string;
  readonly file: string;
  readonly refused: string;
  readonly passes: string;
}

/** The played table; a cell that says `–` is empty. */
const rows: readonly Row[] = text
  .slice(text.indexOf('<!-- rules -->'), text.indexOf('<!-- end -->'))
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => {
    const [rule, file, refused, passes] = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replace(/^`|`$/g, '').replace(/^–$/, ''));
    return { rule: rule!, file: file!, refused: refused!, passes: passes! };
  });

function yaml(cell: string): Readonly<Record<string, unknown>> {
  const reading = parseYaml(cell, 'docs/policy.md');
  if (reading.type === 'read') return reading.file.document;
  throw new Error(`"${cell}" is no YAML`);
}

/** The file with one entry of its own; an entry without a value is left out. */
function policyOf(cell: string): Policy {
  const [key = ''] = Object.keys(yaml(cell));
  const others = policyText.split('\n').filter((line) => key === '' || !line.startsWith(`${key}:`));
  return parsePolicy([...others, cell.endsWith(':') ? '' : cell].join('\n'));
}

function proposalOf(cell: string): Proposal {
  const { proposer = 'operator', topologyDigest, dataSchemaDigest, ...change } = yaml(cell);
  const { model } = draft.task;
  const task = {
    ...draft.task,
    ...(dataSchemaDigest === undefined ? {} : { dataSchemaDigest: String(dataSchemaDigest) }),
    model: topologyDigest === undefined ? model : { ...model, topologyDigest: String(topologyDigest) },
  };
  return { plan: completePlan({ ...draft, task, ...change }), proposer: String(proposer), now };
}

describe('docs/policy.md', () => {
  for (const { rule, file, refused, passes } of rows) {
    it(`says what ${rule} refuses and lets pass, with ${file || 'any file'}`, () => {
      const rules = policyOf(file);
      const results = evaluatePolicy(rules, proposalOf(refused));
      expect(results.filter(({ passed }) => !passed).map((one) => one.rule)).to.deep.equal([rule]);
      if (passes !== '') expect(policyRefusal(evaluatePolicy(rules, proposalOf(passes)))).to.equal(undefined);
    });
  }

  it('names every rule that a policy has, and none that no error carries', () => {
    const named = new Set(
      [...text.matchAll(/^\| ((?:`[a-zA-Z.-]+`(?:, )?)+) \|/gm)].flatMap(([, cell]) =>
        cell!.replaceAll('`', '').split(', '),
      ),
    );
    const strict = parsePolicy(`${policyText}models: [${digest}]\ndataSchemas: [${digest}]\n`);
    const evaluated = evaluatePolicy(strict, proposalOf('')).map(({ rule }) => rule);
    expect([...evaluated, 'policy'].filter((rule) => !named.has(rule))).to.deep.equal([]);
    const known = rulesOf('refused');
    expect([...named].filter((rule) => !known.has(rule))).to.deep.equal([]);
  });

  it('speaks of every entry of the file', () => {
    const entries = Object.keys(policyJsonSchema().properties ?? {});
    expect(entries.filter((entry) => entry !== 'schema' && !text.includes(entry))).to.deep.equal([]);
  });

  it('names only tests that there are', function () {
    this.timeout(60_000);
    const references = referencesIn(text);
    expect(references.length).to.be.greaterThan(8);
    expect(dangling(references)).to.deep.equal([]);
  });
});

describe('the example policies', () => {
  const folder = 'examples/policies';
  for (const name of readdirSync(join(repository, folder))) {
    it(`${name} is understood, and is linked`, () => {
      const policy = parsePolicy(read(join(folder, name)), name);
      expect(policy.approval).to.equal(name === 'researcher.yaml' ? 'automatic' : 'manual');
      expect(policy.approvers === undefined).to.equal(policy.approval === 'automatic');
      expect(text).to.include(`../${folder}/${name}`);
    });
  }
});
