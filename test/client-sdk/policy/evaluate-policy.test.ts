import {
  evaluatePolicy,
  type Policy,
  type Proposal,
  parsePolicy,
  policyRefusal,
  readPolicy,
} from '@concordat/client-sdk';
import { completePlan, FederatedError, type PlanDraft } from '@concordat/core';
import { expect } from 'chai';
import { smallDraft } from '../../support/small-draft.js';

const draft: PlanDraft = {
  ...smallDraft,
  cohort: { min: 4, size: 5 },
  minSurvivors: 3,
  maxColluders: 1,
  weighting: 'examples',
  metrics: [{ name: 'accuracy', kind: 'rate', max: 1 }],
};
const text = `
schema: concordat/policy/1
proposers: [operator]
purposes: [read handwritten digits]
cohort: {min: 4}
differentialPrivacy: optional
approval: automatic
weighting: {exactCounts: true}
metrics: [accuracy]
`;
const now = Date.parse('2029-01-01T00:00:00Z');
const proposal = (change: Partial<PlanDraft> = {}): Proposal => ({
  plan: completePlan({ ...draft, ...change }),
  proposer: 'operator',
  now,
});
const policy = (change: Partial<Policy> = {}): Policy => ({ ...parsePolicy(text), ...change });
const refused = (rules: Policy | undefined, offer: Proposal): unknown =>
  policyRefusal(evaluatePolicy(rules, offer))?.detail.rule;

describe('a policy', () => {
  it('approves a plan that keeps every rule', () => {
    expect(evaluatePolicy(policy(), proposal()).filter(({ passed }) => !passed)).to.deep.equal([]);
    const strict = policy({ aggregateCheck: 'required' });
    expect(evaluatePolicy(strict, proposal()).filter(({ passed }) => !passed)).to.deep.equal([]);
  });

  it('that does not exist refuses everything', async () => {
    expect(await readPolicy('/nowhere/policy.yaml')).to.equal(undefined);
    expect(refused(undefined, proposal())).to.equal('policy');
  });

  it('says rule, required, offered and fix', () => {
    const error = policyRefusal(evaluatePolicy(policy({ cohort: { min: 5 } }), proposal()))!;
    expect([error.code, error.detail, error.fix !== undefined]).to.deep.equal([
      'refused',
      { rule: 'cohort.min', required: 5, offered: 4 },
      true,
    ]);
  });

  const { differentialPrivacy: _, ...silent } = parsePolicy(text);
  for (const [rule, rules, change] of [
    ['proposers', policy({ proposers: ['somebody-else'] }), {}],
    ['purposes', policy(), { purpose: 'sell advertisements' }],
    ['models', policy({ models: ['B'.repeat(43)] }), {}],
    ['dataSchemas', policy({ dataSchemas: ['B'.repeat(43)] }), {}],
    ['survivors.min', policy({ survivors: { min: 4 } }), {}],
    ['maxColluders', policy({ maxColluders: 2 }), {}],
    ['differentialPrivacy', policy({ differentialPrivacy: 'required' }), {}],
    ['differentialPrivacy', silent, {}],
    ['aggregateCheck', policy({ aggregateCheck: 'required' }), { aggregateCheck: 'off' }],
    ['weighting.exactCounts', policy({ weighting: { exactCounts: false } }), {}],
    ['metrics', policy({ metrics: [] }), {}],
    ['approval.rule', policy({ firstRound: 'all-approved' }), {}],
    [
      'approval.rule',
      policy({ firstRound: 'all-approved' }),
      { approval: { rule: 'share', parts: 9, of: 10, refusals: 'visible' } },
    ],
    ['approval.rule', policy({ firstRound: 'all-approved' }), { approval: { rule: 'named', participants: ['acme'] } }],
    ['approval.expires', policy(), { expires: '2028-12-31T00:00:00Z' }],
  ] as [string, Policy, Partial<PlanDraft>][]) {
    it(`refuses by ${rule}`, () => {
      expect(refused(rules, proposal(change))).to.equal(rule);
    });
  }

  it('that waits for everybody takes a plan that says so in either way', () => {
    const rules = policy({ firstRound: 'all-approved' });
    expect(refused(rules, proposal({ approval: { rule: 'all' } }))).to.equal(undefined);
    expect(refused(rules, proposal({ approval: { rule: 'share', parts: 3, of: 3 } }))).to.equal(undefined);
  });

  it('says nothing of differential privacy where ten take part', () => {
    const large = proposal({ cohort: { min: 10, size: 12 }, maxColluders: 1 });
    expect(refused(silent, large)).to.equal(undefined);
  });

  it('lets nobody in who was not approved, unless it says so', () => {
    const changes = { added: ['zeta'], removed: [], rotated: [], altered: [] };
    const grown: Proposal = { ...proposal(), succession: { type: 'needs-approval', changes } };
    expect(refused(policy(), grown)).to.equal('roster.additions');
    expect(refused(policy({ roster: { additions: 'auto' } }), grown)).to.equal(undefined);
  });

  it('takes a member that came back with another key for a new one, and nothing else that differs', () => {
    const succeeded = (altered: string[]): Proposal => ({
      ...proposal(),
      succession: { type: 'needs-approval', changes: { added: [], removed: [], rotated: [], altered } },
    });
    const back = succeeded(['member zeta', 'epochs 4 to 6 are not at hand']);
    const auto = policy({ roster: { additions: 'auto' } });
    expect(refused(policy(), back)).to.equal('roster.additions');
    expect(refused(auto, back)).to.equal(undefined);
    for (const other of ['operators', 'coordinator key']) {
      expect(refused(auto, succeeded(['member zeta', other]))).to.equal('roster.additions');
    }
  });

  it('leaves who is in to the people who approve the roster with the plan', () => {
    const changes = { added: ['zeta'], removed: [], rotated: [], altered: ['member eta'] };
    const grown: Proposal = { ...proposal(), succession: { type: 'needs-approval', changes } };
    expect(refused(policy({ approval: 'manual' }), grown)).to.equal(undefined);
  });

  for (const [what, broken] of [
    ['an unknown key', `${text}\nexampels: {min: 5}`],
    ['an unknown key inside', text.replace('{min: 4}', '{min: 4, maximum: 5}')],
    ['fewer survivors than three', `${text}\nsurvivors: {min: 2}`],
    ['no purposes', text.replace('purposes: [read handwritten digits]', '')],
    ['text that is not YAML', 'a: [1'],
    ['nothing in it', ''],
  ] as const) {
    it(`is not usable with ${what}`, () => {
      expect(() => parsePolicy(broken)).to.throw(FederatedError, 'not usable');
    });
  }
});
