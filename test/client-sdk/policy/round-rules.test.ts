import { parsePolicy, roundBar } from '@concordat/client-sdk';
import { expect } from 'chai';

const rounds = (text: string) =>
  parsePolicy(`
schema: concordat/policy/1
proposers: [operator]
purposes: [test]
cohort: {min: 4}
rounds: ${text}
`).rounds;
const at = (time: string) => Date.parse(`2026-07-01T${time}:00Z`);
const ruleAt = (text: string, time: string, contributed: readonly number[] = []) =>
  roundBar(rounds(text), at(time), contributed)?.detail.rule;

describe('the hours of a policy', () => {
  it('let rounds begin between two times of day', () => {
    const text = "{hours: {from: '08:00', to: '18:00'}}";
    expect(['07:59', '08:00', '17:59', '18:00'].map((time) => ruleAt(text, time))).to.deep.equal([
      'rounds.hours',
      undefined,
      undefined,
      'rounds.hours',
    ]);
  });

  it('go over midnight when they end earlier than they begin', () => {
    const text = "{hours: {from: '20:00', to: '06:00'}}";
    expect(['19:59', '20:00', '00:00', '05:59', '06:00'].map((time) => ruleAt(text, time))).to.deep.equal([
      'rounds.hours',
      undefined,
      undefined,
      undefined,
      'rounds.hours',
    ]);
  });

  it('are those of the zone that it names, in summer too', () => {
    const text = "{hours: {from: '08:00', to: '18:00', zone: Europe/Berlin}}";
    expect(['05:59', '06:00', '16:00'].map((time) => ruleAt(text, time))).to.deep.equal([
      'rounds.hours',
      undefined,
      'rounds.hours',
    ]);
    const bar = roundBar(rounds(text), at('05:59'), [])!;
    expect(bar.detail).to.include({ required: '08:00 to 18:00 Europe/Berlin', offered: '07:59' });
  });

  it('are refused with their line when they are none', () => {
    for (const wrong of [
      "{hours: {from: '8:00', to: '18:00'}}",
      "{hours: {from: '08:00', to: '18:00', zone: Mars}}",
      '{perDay: 0}',
    ]) {
      expect(() => rounds(wrong))
        .to.throw()
        .with.property('code', 'invalid-argument');
    }
  });
});

describe('the rounds a day of a policy', () => {
  it('are counted over the last 24 hours', () => {
    const contributed = [at('01:00'), at('02:00'), at('03:00')];
    expect(ruleAt('{perDay: 4}', '04:00', contributed)).to.equal(undefined);
    expect(ruleAt('{perDay: 3}', '04:00', contributed)).to.equal('rounds.per-day');
    const nextDay = at('01:30') + 86_400_000;
    expect(roundBar(rounds('{perDay: 3}'), nextDay, contributed)).to.equal(undefined);
  });

  it('are any number unless it says one', () => {
    expect(roundBar(rounds('{}'), at('04:00'), Array(1_000).fill(at('03:00')))).to.equal(undefined);
  });
});
