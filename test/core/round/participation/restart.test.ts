import { type ParticipationEffect, type ParticipationRecord, toHex } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { expect } from 'chai';
import { examplePlan } from '../example-plan.js';
import { effectName, everyone, kindOf, RoundTable } from '../round-table.js';

const name = 'beta';
const one = (over = {}) => new RoundTable({ plan: examplePlan({ rounds: 1, ...over }) });
const initial = new Uint8Array(32);
const entered = (runId: string, round: number): ParticipationRecord => {
  return { type: 'session-entered', kind: 'train', runId, round, baseModelHash: initial };
};

const effectsOf = (table: RoundTable) => table.chairs.get(name)!.effects;
const ofType = <T extends ParticipationEffect['type']>(table: RoundTable, type: T) =>
  effectsOf(table).filter((effect): effect is Extract<ParticipationEffect, { type: T }> => effect.type === type);

/** What left the participant in a session: kind → digests of the distinct messages. */
function said(table: RoundTable): Map<string, Set<string>> {
  const kinds = new Map<string, Set<string>>();
  for (const effect of effectsOf(table)) {
    const message = effect.type === 'upload' ? effect.header : effect.type === 'send' ? effect.message : undefined;
    if (message === undefined || (!('body' in message) && message.type !== 'session')) continue;
    const kind = 'body' in message ? 'upload' : kindOf(message);
    const text = JSON.stringify(message, (_, value) => (value instanceof Uint8Array ? toHex(value) : value));
    const digest = toHex(nodeCrypto.sha256(new TextEncoder().encode(text)));
    kinds.set(kind, (kinds.get(kind) ?? new Set()).add(digest));
  }
  return kinds;
}

/** Killed before that effect and started again at once, while what others withhold is lacking. */
function killedBefore(effect: string, ...withheld: readonly string[]): RoundTable {
  const table = one();
  for (const answer of withheld) table.withheld.add(answer);
  table.dying.add(`${name}/${effect}`);
  table.start();
  expect([...table.dying], 'it was killed').to.deep.equal([]);
  return table.connect(name).pass(60_000);
}

describe('A participant that is killed in a session and starts again', () => {
  const names = effectsOf(one().start()).map(effectName);
  const inSession = [...new Set(names.slice(names.indexOf('journal session-entered') + 1))].filter(
    (effect) => effect !== 'report' && effect !== 'cancel-timer' && effect !== 'set-timer',
  );
  /** Where its vector is on disk and its answer to the certificate is not yet journalled. */
  const spooled = inSession.slice(inSession.indexOf('journal masked') + 1, inSession.indexOf('journal revealed') + 1);
  const undisturbed = one().start();

  it('can be killed at every one of its answers', () => {
    expect(inSession).to.include.members([
      'seal-root',
      'advertise',
      'share',
      'confirm',
      'mask',
      'upload',
      'certify',
      'reveal',
    ]);
    expect(spooled).to.include.members(['journal contributed', 'upload', 'certify']);
  });

  for (const effect of inSession) {
    it(`before "${effect}" answers with the same bytes, and masks once at most`, () => {
      const table = killedBefore(effect);
      for (const [kind, bytes] of said(table)) expect(bytes.size, kind).to.equal(1);
      expect(ofType(table, 'mask').length).to.be.at.most(1);
      expect(ofType(table, 'seal-root').length).to.be.at.most(1);
      expect(table.rounds[0]!.outcome.type).to.equal('published');
      const { roots, spool } = table.chairs.get(name)!;
      expect([roots.size, spool.size], 'secrets are destroyed').to.deep.equal([0, 0]);
    });
  }

  for (const effect of spooled) {
    it(`before "${effect}" is in the sum, which is the one of an undisturbed round, and needs its signature`, () => {
      const table = killedBefore(effect, 'gamma/certify');
      expect(table.rounds[0]!.survivors).to.deep.equal([...everyone].sort());
      expect(table.sums).to.deep.equal(undisturbed.sums);
      expect(ofType(table, 'train')).to.have.lengthOf(1);
    });
  }

  it('without its update sits out at the upload, and still gives the others its shares', () => {
    const table = killedBefore('journal dealers-accepted');
    expect(table.rounds[0]!.survivors).not.to.include(name);
    expect(table.rounds[0]!.recovered).to.deep.equal([name]);
    expect(said(table)).to.include.keys('share', 'confirm', 'reveal').and.not.to.include.keys('upload', 'certify');
    expect(ofType(table, 'mask')).to.deep.equal([]);
    const reports = ofType(table, 'report').map(({ progress }) => progress.type);
    expect(reports).to.include('sitting-out');
  });

  it('sends its vector again unless the receipt is in its journal', () => {
    expect(ofType(killedBefore('journal uploaded', 'gamma/certify'), 'upload')).to.have.lengthOf(2);
    expect(ofType(killedBefore('certify', 'gamma/certify'), 'upload')).to.have.lengthOf(1);
  });

  it('after its reveal gives it again while the round lasts, also where everyone is needed', () => {
    const plan = examplePlan({ rounds: 1, cohort: { min: 3, size: 3 } });
    const table = new RoundTable({ plan, people: ['alpha', name, 'gamma'] });
    table.withheld.add(`${name}/reveal`);
    table.start();
    expect(table.rounds).to.deep.equal([]);
    table.withheld.clear();
    table.kill(name).connect(name);
    expect(table.rounds[0]!.outcome.type).to.equal('published');
    expect(said(table).get('reveal')!.size).to.equal(1);
    expect(table.chairs.get(name)!.roots.size).to.equal(0);
  });

  it('whose root is gone says so and leaves', () => {
    const table = one();
    table.dying.add(`${name}/confirm`);
    table.start();
    table.chairs.get(name)!.roots.clear();
    table.connect(name).pass(60_000);
    expect(table.declined(name)).to.deep.equal(['state-lost']);
    expect(table.rounds[0]!.survivors).to.have.lengthOf(4);
    expect(ofType(table, 'seal-root')).to.have.lengthOf(1);
  });

  it('writes no record of its session twice', () => {
    const table = killedBefore('upload');
    const written = table.chairs.get(name)!.journal.map((record) => effectName({ type: 'journal', record }));
    expect(written.filter((record) => record !== 'journal approved')).to.deep.equal([
      'journal session-entered',
      'journal advertised',
      'journal cohort-accepted',
      'journal boxes-confirmed',
      'journal dealers-accepted',
      'journal masked',
      'journal contributed',
      'journal uploaded',
      'journal survivors-signed',
      'journal base-signed',
      'journal revealed',
      'journal session-left',
    ]);
  });

  it('keeps what it was told while its root is opened, and takes it once when it is told again', () => {
    const table = one();
    table.dying.add(`${name}/certify`);
    table.start().connect(name).disconnect(name).connect(name).pass(60_000);
    expect(table.rounds[0]!.survivors).to.include(name);
    for (const [kind, bytes] of said(table)) expect(bytes.size, kind).to.equal(1);
  });

  it('leaves the session when its round is over, and takes part in the next', () => {
    const table = one({ onShortfall: { action: 'retry', times: 1 } });
    for (const other of ['alpha', 'epsilon']) table.withheld.add(`${other}/share`);
    table.start().kill(name);
    table.pass(10_000);
    table.withheld.clear();
    table.connect(name).pass(120_000);
    expect(table.rounds.map(({ outcome }) => outcome.type)).to.deep.equal(['abandoned', 'published']);
    expect(table.rounds[1]!.survivors).to.include(name);
    expect(ofType(table, 'erase').map(({ round }) => round)).to.include.members([1, 2]);
  });
});

describe('What an earlier process left open', () => {
  const restarted = (...records: readonly ParticipationRecord[]) => {
    const table = one();
    table.chairs.get(name)!.journal.push(...records);
    return table.kill(name);
  };

  it('is kept for an hour, and not longer because the connection comes and goes', () => {
    const table = restarted(entered('run-1', 7)).connect(name);
    expect(ofType(table, 'erase')).to.deep.equal([]);
    table.pass(3_000_000).disconnect(name).connect(name).pass(600_000);
    expect(ofType(table, 'erase')).to.deep.equal([{ type: 'erase', runId: 'run-1', round: 7 }]);
  });

  it('is left when another run is offered', () => {
    const table = restarted(entered('other', 7)).start();
    expect(ofType(table, 'erase')[0]).to.deep.equal({ type: 'erase', runId: 'other', round: 7 });
    expect(table.rounds[0]!.survivors).to.include(name);
  });

  it('goes at once when there was nothing left to do in it', () => {
    const record = { type: 'ended' } as const;
    const table = restarted(entered('run-1', 1), { type: 'session', runId: 'run-1', round: 1, record }).connect(name);
    const kinds = effectsOf(table).map(effectName);
    expect(kinds.slice(0, 3)).to.deep.equal(['journal session-left', 'erase', 'cancel-timer']);
    expect(table.start().declined(name)).to.deep.equal(['session.left']);
  });

  it('is not gone on with once it was left', () => {
    const table = restarted(entered('run-1', 1), { type: 'session-left', runId: 'run-1', round: 1 }).start();
    expect(table.declined(name)).to.deep.equal(['session.left']);
    expect(table.rounds[0]!.survivors).to.have.lengthOf(4);
    for (const type of ['open-root', 'seal-root', 'upload'] as const)
      expect(ofType(table, type), type).to.deep.equal([]);
  });

  it('goes when its participant leaves', () => {
    const table = restarted(entered('run-1', 7)).connect(name).participant(name, { type: 'stop' });
    expect(ofType(table, 'erase')).to.deep.equal([{ type: 'erase', runId: 'run-1', round: 7 }]);
  });

  it('goes when its round or its run is over', () => {
    const published = { type: 'published', round: 7, modelVersion: 1, modelHash: initial, survivors: 3 } as const;
    const abandoned = { type: 'abandoned', round: 7, reason: 'a test', retry: true } as const;
    const finished = { type: 'finished', modelVersion: 1, modelHash: initial, outcome: 'aborted', reason: '' } as const;
    for (const message of [published, abandoned, finished]) {
      const table = restarted(entered('run-1', 7)).connect(name).participant(name, { type: 'message', message });
      expect(ofType(table, 'erase'), message.type).to.deep.equal([{ type: 'erase', runId: 'run-1', round: 7 }]);
    }
  });

  it('goes when a session of a later round is entered', () => {
    const table = one({ onShortfall: { action: 'retry', times: 1 } });
    for (const other of ['alpha', 'epsilon']) table.withheld.add(`${other}/share`);
    table.dying.add(`${name}/share`);
    table.start().pass(10_000);
    // The abandoned round is not spoken of any more when it comes back.
    table.withheld.clear();
    table.connect(name).pass(120_000);
    const kinds = effectsOf(table).map(effectName);
    const left = kinds.indexOf('journal session-left');
    expect(left).to.be.greaterThan(-1).and.lessThan(kinds.lastIndexOf('journal session-entered'));
  });
});
