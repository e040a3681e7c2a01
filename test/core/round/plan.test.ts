import {
  decodePlan,
  describeGroups,
  describePrecision,
  describeTolerance,
  encodePlan,
  FederatedError,
  hashPlan,
  type Plan,
  parsePlan,
  requirePlan,
  toHex,
  toleratedDropouts,
} from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { expect } from 'chai';
import { examplePlan as checkedPlan, measuredPlan as examplePlan, planText } from './example-plan.js';

function refusalOf(make: () => unknown): FederatedError {
  try {
    make();
  } catch (error) {
    if (error instanceof FederatedError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** The example plan with one field changed, by dotted path. */
function changed(path: string, value: unknown): unknown {
  const plan: unknown = JSON.parse(planText());
  const keys = path.split('.');
  let place = plan as Record<string, unknown>;
  for (const key of keys.slice(0, -1)) place = place[key] as Record<string, unknown>;
  place[keys.at(-1)!] = value;
  return plan;
}

describe('a plan', () => {
  it('is read as it was written', () => {
    expect(parsePlan(planText())).to.deep.equal(examplePlan());
  });

  it('has one digest, whatever its spelling', () => {
    const plan = examplePlan();
    expect(decodePlan(encodePlan(plan))).to.deep.equal(plan);
    const digest = toHex(hashPlan(nodeCrypto, plan));
    expect(toHex(hashPlan(nodeCrypto, parsePlan(planText())))).to.equal(digest);
    expect(toHex(hashPlan(nodeCrypto, examplePlan({ rounds: 3 })))).not.to.equal(digest);
  });

  it('is accepted from the wire only in canonical bytes', () => {
    expect(refusalOf(() => decodePlan(new TextEncoder().encode(planText()))).code).to.equal('malformed');
  });

  it('says how finely it rounds, and what a rotation does to that', () => {
    const large = (rotation: 'none' | 'hadamard') => {
      const { task } = examplePlan();
      const model = { ...task.model, tensors: [{ name: 'w', shape: [1000, 1000] }] };
      return examplePlan({ task: { ...task, model }, rotation });
    };
    expect(describePrecision(large('none'))).to.equal(
      'model in steps of 1.22e-4 at the largest weight, 96 times finer with a rotation',
    );
    expect(describePrecision(large('hadamard'))).to.equal(
      'model in steps of 1.27e-6 at the largest weight, 96 times finer for the rotation',
    );
    expect(describePrecision(examplePlan())).to.equal('model in steps of 1.22e-4 at the largest weight');
  });

  it('says whom each cohort size can lose', () => {
    expect(describeTolerance(examplePlan())).to.equal('5: one may drop out; 4: one');
    expect(describeTolerance(examplePlan({ cohort: { min: 3, size: 5 } }))).to.equal(
      '5: one may drop out; 4: one; 3: none. 3 organizations: all must answer; 4 are needed to lose one.',
    );
    const plan = examplePlan({ cohort: { min: 4, size: 6 }, minSurvivors: 4 });
    expect([4, 5, 6].map((n) => toleratedDropouts(plan, n))).to.deep.equal([0, 1, 2]);
  });
});

describe('a plan with a wrong field', () => {
  it('is refused with the line, the field and the fix', () => {
    const text = planText().replace('"batchSize": 32', '"batchSize": "many"');
    const line = text.split('\n').findIndex((row) => row.includes('many')) + 1;
    const error = refusalOf(() => parsePlan(text));
    expect(error.code).to.equal('invalid-argument');
    expect(error.message).to.equal(`line ${line}: task.batchSize must be a whole number from 1 to 1000000, not "many"`);
    expect(error.fix).to.include('Set task.batchSize to a whole number from 1 to 1000000.');
  });

  const expires = '2031-01-01T00:00:00Z';
  const wrong: readonly [string, unknown, string][] = [
    ['rounds', 0, 'rounds'],
    ['rounds', undefined, 'rounds'],
    ['cohort.min', 3.5, 'cohort.min'],
    ['consortium', 'Not An Id', 'consortium'],
    ['task.model.weightsDigest', 'abc', 'task.model.weightsDigest'],
    ['task.steps', 5, 'task'],
    ['clippingNorm', 0, 'clippingNorm'],
    ['deadlines.stepMillis', 2 ** 40, 'deadlines.stepMillis'],
    ['metrics', [{ name: 'accuracy', kind: 'rate', max: 2 }], 'metrics[0]'],
    ['onShortfall', { action: 'pause', times: 2 }, 'onShortfall.times'],
    ['epochz', 1, 'epochz'],
    ['approval.expires', 'soon', 'approval.expires'],
    ['approval', { rule: 'most', expires }, 'approval.rule'],
    ['approval', { rule: 'all', parts: 1, expires }, 'approval.parts'],
    ['approval', { rule: 'share', parts: 2, expires }, 'approval'],
    ['approval', { rule: 'share', parts: 0, of: 3, expires }, 'approval.parts'],
    ['approval', { rule: 'share', parts: 2, of: 4097, expires }, 'approval.of'],
    ['approval', { rule: 'named', participants: [], expires }, 'approval.participants'],
    ['approval', { rule: 'named', participants: ['Not An Id'], expires }, 'approval.participants[0]'],
    ['approval', { rule: 'each', refusals: 'seen', expires }, 'approval.refusals'],
    ['secureAggregation.rotation', 'walsh', 'secureAggregation.rotation'],
    ['cohort.overSelection', 0.9, 'cohort.overSelection'],
    ['cohort.overSelection', 4.1, 'cohort.overSelection'],
    ['mode', 'async', 'mode'],
    ['mode', {}, 'mode'],
    ['mode', { async: { bufferSize: 4, maxStaleness: 1 } }, 'mode.async'],
    ['mode', { async: { bufferSize: 4, maxStaleness: 1, stalenessWeight: 'squared' } }, 'mode.async.stalenessWeight'],
    ['mode', { async: { bufferSize: 4, maxStaleness: -1, stalenessWeight: 'none' } }, 'mode.async.maxStaleness'],
    ['mode', { async: { bufferSize: 4, maxStaleness: 1, stalenessWeight: 'none', more: 1 } }, 'mode.async.more'],
    ['secureAggregation.rotation', true, 'secureAggregation.rotation'],
    ['secureAggregation.aggregateCheck', true, 'secureAggregation.aggregateCheck'],
    ['secureAggregation.aggregateCheck', 'sometimes', 'secureAggregation.aggregateCheck'],
  ];
  for (const [path, value, rule] of wrong) {
    it(`${path} = ${JSON.stringify(value)} names ${rule}`, () => {
      const error = refusalOf(() => requirePlan(changed(path, value)));
      expect(error.code).to.equal('invalid-argument');
      expect(error.detail.rule ?? error.message).to.contain(rule.replace(/^rounds$/, value === undefined ? '' : rule));
      expect(error.fix).to.be.a('string').and.not.equal('');
    });
  }

  it('that is not JSON is refused with the line', () => {
    for (const [text, line] of [
      ['{\n  "schema": ,\n}', 2],
      ['{\n"a": 1,\n"a": 2\n}', 3],
      ['[1 2]', 1],
      ['{"a": 01}', 1],
      ['{"a": 1} x', 1],
      ['['.repeat(50), 1],
      ['', 1],
    ] as const) {
      const error = refusalOf(() => parsePlan(text));
      expect([error.code, error.detail.line], text).to.deep.equal(['malformed', line]);
    }
  });
});

describe('a plan that asks for what does not exist yet', () => {
  const missing: readonly [string, unknown, string][] = [
    ['secureAggregation.abortCertificates', true, 'abort certificates'],
    ['secureAggregation.suite', 'CSA2', 'another suite than CSA1'],
    ['privacy.mechanism', 'gaussian', 'differential privacy'],
    ['strategy.name', 'fedadam', 'another strategy than fedavg'],
    ['stopWhen', { metric: 'accuracy' }, 'stopping early'],
    ['cohort.max', 300, 'one session holds at most 256 participants'],
  ];
  for (const [path, value, name] of missing) {
    it(`${path} is refused by name`, () => {
      const error = refusalOf(() => requirePlan(changed(path, value)));
      expect(error.code).to.equal('refused');
      expect(error.message).to.contain(name);
      expect(error.detail.rule).to.equal(path);
    });
  }
});

describe('a plan that waits for approvals', () => {
  const { expires } = examplePlan().approval;

  it('has the digest it always had where it waits for nobody', () => {
    expect(examplePlan().approval).to.deep.equal({ rule: 'each', expires });
  });

  it('says its rule, and whether refusals are visible', () => {
    for (const rule of [
      { rule: 'all' },
      { rule: 'share', parts: 2, of: 3, refusals: 'visible' },
      { rule: 'named', participants: ['alpha', 'beta'], refusals: 'hidden' },
    ] as const) {
      const plan = examplePlan({ approval: rule });
      expect(plan.approval).to.deep.equal({ ...rule, expires });
      expect(decodePlan(encodePlan(plan))).to.deep.equal(plan);
    }
  });

  it('of more than there are, or of one twice, is refused', () => {
    const more = refusalOf(() => examplePlan({ approval: { rule: 'share', parts: 4, of: 3 } }));
    expect(more.detail).to.deep.include({ rule: 'approval.parts', required: 3, offered: 4 });
    const twice = refusalOf(() =>
      examplePlan({ approval: { rule: 'named', participants: ['beta', 'alpha', 'beta'] } }),
    );
    expect(twice.detail).to.deep.include({ rule: 'approval.participants', offered: 'beta' });
  });
});

describe('a plan with the aggregate check', () => {
  it('is what a draft becomes that says nothing of it', () => {
    const { secureAggregation, transcriptRetention } = checkedPlan();
    expect([secureAggregation.aggregateCheck, transcriptRetention]).to.deep.equal(['on', 2]);
  });

  it('keeps transcripts for two rounds at least', () => {
    const error = refusalOf(() => checkedPlan({ transcriptRetention: 1 }));
    expect([error.code, error.detail.rule, error.detail.required]).to.deep.equal(['refused', 'transcriptRetention', 2]);
    expect(checkedPlan({ transcriptRetention: 0, aggregateCheck: 'off' }).transcriptRetention).to.equal(0);
  });
});

describe('a plan whose thresholds cannot hold', () => {
  const make = (
    over: Partial<Plan['cohort']>,
    secagg: { minSurvivors?: number; maxColluders?: number } = {},
    goal?: number,
  ) =>
    refusalOf(() => {
      const plan = examplePlan();
      const cohort = { ...plan.cohort, ...over };
      requirePlan({
        ...plan,
        cohort,
        reportingGoal: goal ?? cohort.min,
        secureAggregation: { ...plan.secureAggregation, ...secagg },
      });
    });

  it('is refused with the field, what was required and what was offered', () => {
    const cases: readonly [FederatedError, string][] = [
      [make({}, { minSurvivors: 2 }), 'secureAggregation.minSurvivors'],
      [make({}, { minSurvivors: 5 }), 'cohort.min'],
      [make({}, {}, 3), 'reportingGoal'],
      [make({ size: 4, max: 4 }, {}, 5), 'cohort.size'],
      [make({ max: 4 }), 'cohort.max'],
      [make({}, { maxColluders: 3 }), 'secureAggregation.maxColluders'],
    ];
    for (const [error, rule] of cases) {
      expect([error.code, error.detail.rule], error.message).to.deep.equal(['refused', rule]);
      expect(error.fix).to.contain('Keep');
    }
  });

  it('says for three organizations what it means', () => {
    const error = make({ min: 3, size: 3, max: 3 }, { maxColluders: 2 });
    expect(error.message).to.contain('3 organizations: all must answer; 4 are needed to lose one.');
  });

  it('counts the smallest sum of three', () => {
    expect(make({ min: 2, size: 3, max: 3 }).detail).to.deep.include({ rule: 'cohort.min', required: 3, offered: 2 });
  });
});

describe('a plan of asynchronous rounds', () => {
  const rules = { bufferSize: 4, maxStaleness: 3, stalenessWeight: 'inverse-sqrt' } as const;
  const make = (over: object = {}) =>
    examplePlan({ mode: { async: rules }, cohort: { min: 4, size: 9, max: 6 }, ...over });
  const buffering = (bufferSize: number) => refusalOf(() => make({ mode: { async: { ...rules, bufferSize } } }));

  it('says how many updates make a session, how old one may be and how it counts then', () => {
    expect(make({ cohort: { min: 4, size: 6 } }).mode).to.deep.equal({ async: rules });
    expect(make({ cohort: { min: 4, size: 6 } }).cohort).to.include({ size: 6, max: 6 });
  });

  it('is refused when a buffer is no session of the plan', () => {
    for (const [size, over] of [
      [3, { min: 4, size: 6 }],
      [7, { min: 4, size: 6 }],
      [7, { min: 4, size: 6, max: 9 }],
    ] as const) {
      const error = refusalOf(() => make({ cohort: over, mode: { async: { ...rules, bufferSize: size } } }));
      expect([error.code, error.detail.rule, error.detail.offered]).to.deep.equal([
        'refused',
        'mode.async.bufferSize',
        size,
      ]);
    }
  });

  it('is refused with groups or over-selection', () => {
    expect(buffering(4).detail.rule).to.equal('secureAggregation.groups');
    const over = refusalOf(() => make({ cohort: { min: 4, size: 6, overSelection: 1.2 } }));
    expect([over.code, over.detail.rule]).to.deep.equal(['refused', 'cohort.overSelection']);
  });
});

describe('a plan whose ring could overflow', () => {
  const wide = (max: number, bits: 16 | 24 | 32, quantBits: number) =>
    examplePlan({ cohort: { min: 4, size: 5, max }, lanes: { bits, quantBits } });

  it('is refused with the segment, the cohort and the fix', () => {
    const error = refusalOf(() => wide(5, 16, 16));
    expect(error.code).to.equal('refused');
    expect(error.message).to.equal('segment model could overflow its ring of 16 bits, for 5 participants');
    expect(error.fix).to.contain('wider lanes');
  });

  it('fits exactly at the limits of the design', () => {
    expect(() => wide(256, 24, 16)).not.to.throw();
    expect(() => wide(256, 24, 17)).to.throw(FederatedError);
    expect(() => wide(256, 16, 8)).not.to.throw();
    expect(() => wide(256, 16, 9)).to.throw(FederatedError);
  });

  it('or whose lanes do not fit model, weight and metrics', () => {
    const plan = examplePlan();
    const [model, weight, metrics] = plan.secureAggregation.segments;
    const withSegments = (...segments: unknown[]) =>
      refusalOf(() => requirePlan({ ...plan, secureAggregation: { ...plan.secureAggregation, segments } }));
    expect(withSegments({ ...model, length: 8 }, weight, metrics).message).to.contain('model lanes');
    expect(withSegments(model, metrics).message).to.contain('weight lanes');
    expect(withSegments(model, weight).message).to.contain('metrics lanes');
    expect(withSegments({ ...model, bound: 5 }, weight, metrics).detail.rule).to.contain('bound');
    expect(withSegments(model, { ...weight, bits: 24 }, metrics).detail.rule).to.contain('bits');
  });
});

describe('a plan that rotates', () => {
  const plan = examplePlan({ rotation: 'hadamard', lanes: { bits: 16, quantBits: 8 } });
  const { secureAggregation } = plan;
  const withSecagg = (over: Record<string, unknown>) => ({
    ...plan,
    secureAggregation: { ...secureAggregation, ...over },
  });
  const without = (kind: string) => secureAggregation.segments.filter((segment) => segment.kind !== kind);

  it('says so, counts what is clipped in a segment of its own, and is read as it was written', () => {
    expect(secureAggregation.rotation).to.equal('hadamard');
    expect(secureAggregation.segments.map(({ kind }) => kind)).to.deep.equal(['model', 'weight', 'excess', 'metrics']);
    expect(decodePlan(encodePlan(plan))).to.deep.equal(plan);
  });

  it('has another digest than one that does not, and one that says "none" still another', () => {
    const plain = examplePlan({ lanes: { bits: 16, quantBits: 8 } });
    const none = requirePlan({ ...plain, secureAggregation: { ...plain.secureAggregation, rotation: 'none' } });
    const digests = [plan, plain, none].map((one) => toHex(hashPlan(nodeCrypto, one)));
    expect(new Set(digests).size).to.equal(3);
  });

  it('is what a draft becomes that does not say, where rounding alone would be too coarse', () => {
    const { task } = plan;
    const model = { ...task.model, tensors: [{ name: 'w', shape: [5000] }] };
    const rotationOf = (over: Parameters<typeof examplePlan>[0]) =>
      examplePlan({ task: { ...task, model }, ...over }).secureAggregation.rotation;
    const lanes = { bits: 16, quantBits: 8 } as const;
    expect([rotationOf({ lanes }), rotationOf({}), rotationOf({ lanes, rotation: 'none' })]).to.deep.equal([
      'hadamard',
      undefined,
      undefined,
    ]);
  });

  it('is refused with another bound than the rotation leaves, and without the lane that counts', () => {
    const { task } = plan;
    const model = { ...task.model, tensors: [{ name: 'w', shape: [5000] }] };
    const large = examplePlan({ task: { ...task, model }, rotation: 'hadamard' });
    const [first, ...others] = large.secureAggregation.segments;
    expect(first!.bound).to.be.below(large.clippingNorm / 8);
    const wide = { ...large.secureAggregation, segments: [{ ...first, bound: large.clippingNorm }, ...others] };
    const error = refusalOf(() => requirePlan({ ...large, secureAggregation: wide }));
    expect(error.detail).to.deep.include({ rule: 'secureAggregation.segments[0].bound', required: first!.bound });
    expect(error.fix).to.contain(`Set it to ${first!.bound}, what the rotation leaves of the clipping norm.`);
    expect(refusalOf(() => requirePlan(withSecagg({ segments: without('excess') }))).message).to.contain(
      'excess lanes',
    );
  });

  it('needs that lane, and no other plan may have it', () => {
    for (const rotation of ['none', undefined]) {
      expect(refusalOf(() => requirePlan(withSecagg({ rotation }))).message).to.contain('excess lanes do not fit');
    }
    const excess = secureAggregation.segments.find(({ kind }) => kind === 'excess')!;
    const narrow = { ...excess, bits: 16 };
    const error = refusalOf(() => requirePlan(withSecagg({ segments: [...without('excess'), narrow] })));
    expect(error.message).to.contain('segment excess holds integers');
  });
});

describe('a plan for more participants than one session holds', () => {
  const cohort = { min: 4, size: 20, max: 5 };
  const of = (groups: unknown, over: Partial<Plan> = {}) => {
    const plan = examplePlan({ cohort, groups: { combine: 'sum' } });
    return { ...plan, ...over, secureAggregation: { ...plan.secureAggregation, groups } };
  };

  it('is completed to groups whose sums are added, one of which makes a model', () => {
    expect(examplePlan({ cohort }).secureAggregation.groups).to.deep.equal({ min: 1, combine: 'sum' });
    const thousand = examplePlan({ cohort: { min: 34, size: 1000 } });
    expect(thousand.cohort).to.deep.include({ min: 34, size: 1000, max: 256 });
    expect(thousand.reportingGoal).to.equal(34);
  });

  it('with a robust rule needs three groups by default, and participants for all of them', () => {
    const plan = examplePlan({ cohort, groups: { combine: 'median' } });
    expect(plan.secureAggregation.groups).to.deep.equal({ min: 3, combine: 'median' });
    expect(plan.reportingGoal).to.equal(12);
    expect(decodePlan(encodePlan(plan))).to.deep.equal(plan);
  });

  it('has no groups where one session holds everybody, so that one meaning has one plan', () => {
    expect(examplePlan().secureAggregation).not.to.have.property('groups');
    const error = refusalOf(() => examplePlan({ groups: { combine: 'sum' } }));
    expect([error.code, error.detail.rule]).to.deep.equal(['refused', 'secureAggregation.groups']);
    expect(error.fix).to.contain('Remove the field');
  });

  const wrong: readonly [string, unknown, string, string][] = [
    ['none at all', undefined, 'refused', 'cohort.max'],
    ['a median of two', { min: 2, combine: 'median' }, 'refused', 'secureAggregation.groups.min'],
    [
      'a trimmed mean that trims nothing',
      { min: 3, combine: 'trimmed-mean', trimPercent: 33 },
      'refused',
      'secureAggregation.groups.trimPercent',
    ],
    ['more than can be filled', { min: 6, combine: 'sum' }, 'refused', 'reportingGoal'],
    ['a goal below what they need', { min: 2, combine: 'sum' }, 'refused', 'reportingGoal'],
    ['a rule that nobody knows', { min: 3, combine: 'krum' }, 'invalid-argument', 'secureAggregation.groups.combine'],
    [
      'half of them trimmed',
      { min: 3, combine: 'trimmed-mean', trimPercent: 50 },
      'invalid-argument',
      'secureAggregation.groups.trimPercent',
    ],
    [
      'a share that nothing trims',
      { min: 3, combine: 'median', trimPercent: 10 },
      'invalid-argument',
      'secureAggregation.groups.trimPercent',
    ],
  ];
  for (const [what, groups, code, rule] of wrong) {
    it(`is refused with ${what}`, () => {
      const goal = rule === 'reportingGoal' || groups === undefined ? 4 : 20;
      const error = refusalOf(() => requirePlan(of(groups, { reportingGoal: goal })));
      expect([error.code, error.detail.rule], error.message).to.deep.equal([code, rule]);
      expect(error.fix).to.be.a('string').and.not.equal('');
    });
  }

  it('is refused where the sum over all groups could leave the integers it is added in', () => {
    const error = refusalOf(() =>
      examplePlan({ cohort: { min: 34, size: 1000, max: 100 }, lanes: { bits: 32, quantBits: 24 } }),
    );
    expect([error.code, error.detail.rule]).to.deep.equal(['refused', 'secureAggregation.segments']);
    expect(error.message).to.contain('over all groups');
  });

  it('says how many groups there are, what is seen of each, and whom c has to bound', () => {
    const plan = examplePlan({ cohort: { min: 34, size: 1000, max: 250 }, maxColluders: 11 });
    expect(describeGroups(plan)).to.deep.equal([
      '1000 participants make 4 groups of 250; the coordinator draws them and sees the sum of each; whoever takes part is shown them too.',
      'At most 11 of all who take part, not of each group, may help it: it could put every one of them beside one organization, which is then hidden among at least 120 honest updates.',
      'A model needs 1 open group; their sums are added.',
    ]);
    expect(describeTolerance(plan)).to.match(/^in each group, of 250: 119 may drop out; /);
    expect(describeGroups(examplePlan())).to.deep.equal([]);
  });

  it('shows nobody but the coordinator the sums where it has no aggregate check', () => {
    const plan = examplePlan({ cohort, aggregateCheck: 'off' });
    expect(describeGroups(plan)[0]).to.match(/draws them and sees the sum of each\.$/);
    expect(examplePlan({ cohort }).secureAggregation.aggregateCheck).to.equal('on');
  });

  it('warns of groups that bear less than a third of dropouts', () => {
    const plan = examplePlan({ cohort: { min: 6, size: 23, max: 7 }, maxColluders: 3, groups: { combine: 'median' } });
    const said = describeGroups(plan);
    expect(said[0]).to.contain('make 3 groups of 7, 2 sit out');
    expect(said[2]).to.equal('A model needs 3 open groups; each coordinate is the median of their means.');
    expect(said[3]).to.equal(
      'Warning: groups below 10 (3 · maxColluders + 1) bear less than a third of dropouts; raise cohort.min.',
    );
  });
});
