import { LineBudget, textLine } from '@concordat/coordinator';
import { expect } from 'chai';

const time = Date.UTC(2026, 2, 1, 12, 30, 7, 123);
const line = (fields: object) => textLine(JSON.stringify({ level: 30, time, msg: 'a model is published', ...fields }));

describe('a log line for people', () => {
  it('has time, level, what happened, and the fields behind it', () => {
    expect(line({ run: 'spring', round: 1, reason: 'too few came' })).to.equal(
      '2026-03-01T12:30:07.123Z info  a model is published  run=spring round=1 reason="too few came"\n',
    );
    expect(line({ awaited: ['acme', 'delta'], level: 40 })).to.equal(
      '2026-03-01T12:30:07.123Z warn  a model is published  awaited=["acme","delta"]\n',
    );
  });

  it('has the stack of what is our bug on lines of its own', () => {
    const err = {
      message: 'no such state',
      stack: 'Error: no such state\n    at step (run.js:1:2)\n    at go (run.js:3:4)',
    };
    expect(line({ level: 50, err })).to.equal(
      '2026-03-01T12:30:07.123Z error a model is published  error="no such state"\n    at step (run.js:1:2)\n    at go (run.js:3:4)\n',
    );
  });

  it('has nothing that a terminal would obey, and no second line that a peer made', () => {
    const text = line({
      msg: 'x\u001b[2J',
      reason: 'gone\n2026 info forged',
      names: ['\u202e'],
      err: { message: '\r', stack: 'a\n\u0007' },
    });
    expect(text).not.to.match(/[^\P{Cc}\n]|\p{Cf}/u);
    expect(text.split('\n')).to.have.lengthOf(3);
  });
});

describe('the lines that peers cause', () => {
  it('are so many in a second, and the next says how many were not written', () => {
    let now = 0;
    const budget = new LineBudget(2, { monotonicMillis: () => now });
    expect([budget.take(), budget.take(), budget.take(), budget.take()]).to.deep.equal([{}, {}, undefined, undefined]);
    now = 1_000;
    expect([budget.take(), budget.take(), budget.take()]).to.deep.equal([{ unwritten: 2 }, {}, undefined]);
  });
});
