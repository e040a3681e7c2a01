import { describePlan, type PlanDraft } from '@concordat/core';
import { expect } from 'chai';
import { examplePlan, measuredPlan } from '../example-plan.js';

describe('a plan in sentences', () => {
  it('says what it is for, what leaves, what is opened and what is not limited', () => {
    expect(describePlan(measuredPlan()).slice(0, 7)).to.deep.equal([
      'Purpose: to test',
      'Run run-1 publishes 2 models.',
      'Trained where the records are: 9 parameters, 1 epoch of sgd (learning rate 0.1) in batches of 32, loss categoricalCrossentropy; an update is clipped to norm 4.',
      'Leaves your organization: in each round one masked update of 144 bytes, with accuracy masked in it; signatures, and that you take part. No record, and nothing unmasked.',
      'Opened: only sums, each of at least 3 updates, while at most 1 of those who take part help the coordinator.',
      'Checked: whoever is in a sum is shown what it takes to compute it anew, and signs it or disputes it.',
      'Not limited: what sums and models tell of records. No differential privacy guarantee.',
    ]);
  });

  it('says what is another way in another plan', () => {
    const mode = { async: { bufferSize: 4, maxStaleness: 1, stalenessWeight: 'inverse' } } as const;
    const lines = describePlan(
      examplePlan({ rounds: 1, aggregateCheck: 'off', transcriptRetention: 0, parent: 'A'.repeat(43), mode }),
    ).join('\n');
    expect(lines).to.contain('Run run-1 publishes 1 model, beginning with the model of an earlier run.');
    expect(lines).to.contain('Not checked: nobody but the coordinator can compute a sum.');
    expect(lines).to.contain('Asynchronous: up to 5 train at a time; 4 updates of one model make a session');
    expect(lines).to.contain('1 ÷ (1 + s); more than 1 version behind, an update is dropped.');
    const chosen = describePlan(examplePlan({ cohort: { min: 4, size: 5, overSelection: 1.5 } })).join('\n');
    expect(chosen).to.contain('8 are chosen to train, and the session opens with the first 5 that are ready');
  });

  it('says for whose approvals the first round waits, and who sees who refused', () => {
    const last = (approval: PlanDraft['approval']) =>
      describePlan(examplePlan(approval === undefined ? {} : { approval })).slice(-1)[0];
    expect(last(undefined)).to.equal(
      'Begins with those who approved, waiting for nobody; only the operator sees who refused.',
    );
    expect(last({ rule: 'share', parts: 2, of: 3, refusals: 'visible' })).to.equal(
      'Begins when the rule on approvals holds: the first round waits for the approval of at least 2 of every 3 participants of the roster, until 2031-01-01T00:00:00Z at the latest; every participant sees who refused and by which rule.',
    );
    expect(last({ rule: 'named', participants: 'abcdefghij'.split('') })).to.contain(
      'the approval of a, b, c, d, e, f, g, h and 2 more',
    );
    expect(last({ rule: 'all' })).to.contain('the approval of every participant of the roster');
  });
});
