import { comparePlans, completePlan, differenceLine, type PlanDraft } from '@concordat/core';
import { expect } from 'chai';
import { smallDraft } from '../../../support/small-draft.js';

const lines = (change: Partial<PlanDraft>, first: PlanDraft = smallDraft) =>
  comparePlans(completePlan(first), completePlan({ ...first, ...change })).map(differenceLine);

describe('two plans', () => {
  it('that are equal differ in nothing', () => {
    expect(lines({})).to.deep.equal([]);
  });

  it('are compared field by field: before → after', () => {
    expect(lines({ run: 'summer', purpose: 'read faces', rounds: 4 })).to.deep.equal([
      'run: "spring" → "summer"',
      'purpose: "read handwritten digits" → "read faces"',
      'rounds: 3 → 4',
    ]);
  });

  it('say which approvals another one waits for', () => {
    expect(lines({ approval: { rule: 'share', parts: 2, of: 3, refusals: 'visible' } })).to.deep.equal([
      'approval.rule: "each" → "share"',
      'approval.parts: (none) → 2',
      'approval.of: (none) → 3',
      'approval.refusals: (none) → "visible"',
    ]);
  });

  it('say what one has and the other has not', () => {
    const metric = { name: 'accuracy', kind: 'rate', max: 1 } as const;
    expect(lines({ metrics: [metric] })).to.include.members([
      'metrics[accuracy].max: (none) → 1',
      'metrics (order): (none) → accuracy',
    ]);
    expect(lines({ metrics: [] }, { ...smallDraft, metrics: [metric] })).to.include(
      'metrics[accuracy].max: 1 → (none)',
    );
  });

  it('tell items of a list apart by their names, and say when their order is another', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => ({ name, shape: [name.charCodeAt(0)] }));
    const taskOf = (...tensors: { name: string; shape: number[] }[]) => {
      return { task: { ...smallDraft.task, model: { ...smallDraft.task.model, tensors } } };
    };
    const first = { ...smallDraft, ...taskOf(a!, b!) };
    const ofTensors = (change: Partial<PlanDraft>) => lines(change, first).filter((line) => line.includes('tensors'));
    expect(ofTensors(taskOf(b!, a!))).to.deep.equal(['task.model.tensors (order): a, b → b, a']);
    expect(ofTensors(taskOf(c!, a!, b!))).to.have.members([
      'task.model.tensors[c].name: (none) → "c"',
      'task.model.tensors[c].shape: (none) → [99]',
      'task.model.tensors (order): a, b → c, a, b',
    ]);
  });

  it('never print what a terminal would obey, nor a field without end', () => {
    const [line] = lines({ purpose: `\u001b[31m${'x'.repeat(900)}` });
    expect(line).not.to.match(/\p{Cc}/u);
    expect(line!.length).to.be.lessThan(260);
  });
});
