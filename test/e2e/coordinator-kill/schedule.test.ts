import { expect } from 'chai';
import type { DisturbedRun } from './campaign.js';
import type { Kind } from './kind.js';
import { kinds } from './kinds/all.js';
import { failpoints, Schedule } from './schedule.js';
import { lineOf, tallyOf } from './tally.js';

const nothing = { play: async () => undefined };
const common: Kind = { name: 'common', alone: [], ...nothing };
const special: Kind = { name: 'special', alone: ['journal.paused'], ...nothing };
const places = ['coordinator.journal.paused.before', 'coordinator.receipt.after', 'coordinator.sum.before'];

function scheduleOf(seed: string, randoms = 0): Schedule {
  return new Schedule({ seed, kinds: [common, special], places, actions: ['crash'], randoms });
}

/** A run in which all that was armed came by, but what begins so. */
function played(kind: Kind, armed: readonly string[], but = 'nothing'): DisturbedRun {
  const isLate = (failpoint: string) => failpoint.startsWith(but);
  const lives = armed
    .filter((one) => !isLate(one))
    .map((kill) => ({ kill, by: 'SIGKILL', readyMillis: 1_000, violation: undefined }));
  const left = { armed: armed.filter(isLate), randoms: [] };
  return { kind: kind.name, lives, left, acknowledgements: 7, violations: [] };
}

describe('The schedule of a campaign', () => {
  it('gives a kind what it alone passes, and everything that is left to the last one', () => {
    const schedule = scheduleOf('any');
    const armed = new Map<string, readonly string[]>();
    for (let next = schedule.next(); next !== undefined; next = schedule.next()) {
      armed.set(next.kind.name, next.deaths.armed);
      schedule.note(played(next.kind, next.deaths.armed));
    }
    expect([...armed.keys()].sort()).to.deep.equal(['common', 'special']);
    expect([...armed.values()].flat().map((one) => one.replace(/:crash:\d+$/, ''))).to.have.members(places);
    expect(schedule.left).to.deep.equal([]);
  });

  it('tries what did not come by at its first occurrence, once, with those who alone pass it', () => {
    const schedule = scheduleOf('again');
    const tried: (readonly [string, readonly string[]])[] = [];
    for (let next = schedule.next(); next !== undefined; next = schedule.next()) {
      tried.push([next.kind.name, next.deaths.armed]);
      schedule.note(played(next.kind, next.deaths.armed, 'coordinator.journal.paused'));
    }
    expect(tried.at(-1)).to.deep.equal(['special', ['coordinator.journal.paused.before:crash:1']]);
    expect(tried).to.have.length(3);
    expect(schedule.left).to.deep.equal(['coordinator.journal.paused.before:crash']);
  });

  it('is the same of one seed, and another of another', () => {
    const drawn = (seed: string) => JSON.stringify([scheduleOf(seed, 5).next(), scheduleOf(seed, 5).next()]);
    expect(drawn('one')).to.equal(drawn('one'));
    expect(drawn('one')).not.to.equal(drawn('two'));
  });

  it('knows kinds by names that differ, and writes that there are', () => {
    expect(new Set(kinds.map(({ name }) => name)).size).to.equal(kinds.length);
    for (const write of kinds.flatMap(({ alone }) => alone))
      expect(failpoints).to.include(`coordinator.${write}.after`);
  });
});

describe('The tally of a campaign', () => {
  it('counts deaths by failpoint, and names what was never passed', () => {
    const line = lineOf(played(common, [`${places[1]}:crash:3`, `${places[2]}:error:1`, 'random:20']), 'kill 1');
    const tally = tallyOf([line], places);
    expect(tally).to.deep.include({ runs: 1, kills: 3, atRandom: 1, byErrors: 1, acknowledgements: 7, violations: 0 });
    expect(tally.failpoints).to.deep.equal({ passed: 2, of: 3, least: 1 });
    expect(tally.neverPassed).to.deep.equal([places[0]]);
  });
});
