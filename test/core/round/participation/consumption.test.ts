import {
  type CoordinatorMessage,
  type ParticipationEffect,
  type ParticipationRecord,
  type SessionFrame,
  signBody,
} from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { sessionCodec } from '@concordat/proto';
import { expect } from 'chai';
import { examplePlan, measuredPlan } from '../example-plan.js';
import { effectName, RoundTable } from '../round-table.js';

const name = 'beta';
const initial = new Uint8Array(32);

/** The run of five, up to where the test has brought its first session; from there on the test speaks for the coordinator. */
class Alone {
  readonly table = new RoundTable({ plan: examplePlan({ rounds: 1 }) });

  constructor(withheld: readonly string[], millis = 0) {
    for (const answer of withheld) this.table.withheld.add(answer);
    this.table.start().pass(millis).disconnect(name);
  }

  get journal(): readonly ParticipationRecord[] {
    return this.table.chairs.get(name)!.journal;
  }

  /** What it did since it was told `message`, by name. */
  told(message: CoordinatorMessage): readonly string[] {
    return this.effectsOn(message).map(effectName);
  }

  effectsOn(message: CoordinatorMessage): readonly ParticipationEffect[] {
    const { effects } = this.table.chairs.get(name)!;
    const before = effects.length;
    this.table.participant(name, { type: 'message', message });
    return effects.slice(before);
  }

  abandoned(round = 1): readonly string[] {
    return this.told({ type: 'abandoned', round, reason: 'a test', retry: true });
  }

  train(round: number): readonly string[] {
    const assignment = { modelVersion: 0, baseModelHash: initial, readyMillis: 60_000 };
    return this.told({ type: 'train', kind: 'train', round, ...assignment });
  }

  frame(frame: SessionFrame, round = 1): readonly string[] {
    return this.told({ type: 'session', round, frame });
  }

  proposal(): SessionFrame {
    return { type: 'abort-proposal', sid: this.cohort().sid };
  }

  /** Signed by that many members of the cohort. Of five of which one may collude three are needed. */
  certificate(signers = 3): SessionFrame {
    const { sid, participants } = this.cohort();
    const body = sessionCodec.abort.encode({ sid });
    const signatures = participants.slice(0, signers).map((other, participant) => {
      const { signer } = this.table.chairs.get(other)!;
      return { participant, signature: signBody(nodeCrypto, signer, 'CSA1/abort', body).signature };
    });
    return { type: 'abort-certificate', body, signatures };
  }

  refusals(): readonly unknown[] {
    const { effects } = this.table.chairs.get(name)!;
    return effects.flatMap((effect) => (effect.type === 'refuse' ? [effect.error.detail.rule] : []));
  }

  cohort() {
    const found = this.journal.flatMap((record) =>
      record.type === 'session' && record.record.type === 'cohort-accepted' ? [record.record] : [],
    );
    return found[0]!;
  }
}

/** It has uploaded; others have not, so nothing is proposed yet. */
const uploaded = () => new Alone(['alpha/vector', 'epsilon/vector']);
/** It has signed the survivors; two others have not, and four of five would be needed. */
const signed = () => new Alone(['alpha/certify', 'epsilon/certify']);
/** Its vector broke off, the others were certified without it, and it has revealed. */
const leftOut = () => new Alone([`${name}/vector`, 'gamma/reveal', 'delta/reveal'], 20_000);

describe('An update in hand', () => {
  it('that was uploaded is not offered to a later round on its base model: it is trained afresh', () => {
    const alone = uploaded();
    expect(alone.abandoned()).to.include('erase').and.not.to.include('discard-update');
    const again = alone.train(2);
    expect(again).to.include.members(['discard-update', 'train', 'ready']);
    expect(again.indexOf('discard-update')).to.be.lessThan(again.indexOf('train'));
  });

  it('is free with the abort certificate of its session, and offered again as it is', () => {
    const alone = uploaded();
    alone.abandoned();
    expect(alone.frame(alone.certificate())).to.deep.equal(['journal abort-certified']);
    const again = alone.train(2);
    expect(again).to.include('ready').and.not.to.include.members(['train']);
    expect(again).not.to.include('discard-update');
  });

  it('is free when the certificate of its session leaves it out', () => {
    const alone = leftOut();
    const revealed = alone.journal.flatMap((record) => (record.type === 'session' ? [record.record] : [])).at(-1);
    expect(revealed).to.include({ type: 'revealed', included: false });
    alone.abandoned();
    expect(alone.train(2)).to.include('ready').and.not.to.include('train');
  });

  it('is gone when the certificate of its session holds it', () => {
    const table = new RoundTable({ plan: examplePlan({ rounds: 1 }) }).start();
    const kinds = table.chairs.get(name)!.effects.map(effectName);
    expect(kinds.indexOf('discard-update')).to.equal(kinds.indexOf('journal revealed') + 1);
  });

  it('stays bound when the certificate is short, repeats a signer, or is about something else', () => {
    const alone = uploaded();
    alone.abandoned();
    const good = alone.certificate();
    if (good.type !== 'abort-certificate') throw new Error('no certificate');
    const [first, ...others] = good.signatures;
    const body = sessionCodec.abort.encode({ sid: new Uint8Array(32) });
    alone.frame(alone.certificate(2));
    alone.frame({ ...good, signatures: [first!, first!, ...others] });
    alone.frame({ ...good, body });
    expect(alone.refusals()).to.deep.equal(['abort.short', 'abort.repeated', 'abort.session']);
    expect(alone.train(2)).to.include.members(['discard-update', 'train']);
  });
});

describe('A base model for which survivors were signed', () => {
  it('is contributed to again after the abort certificate of that session, and not before', () => {
    const alone = signed();
    expect(alone.journal.map(({ type }) => type)).to.include('base-signed');
    alone.abandoned();
    expect(alone.train(2)).to.deep.equal(['journal refused', 'refuse', 'decline']);
    alone.frame(alone.proposal());
    expect(alone.train(3)).to.deep.equal(['journal refused', 'refuse', 'decline']);
    alone.frame(alone.certificate());
    expect(alone.train(4)).to.include('ready').and.not.to.include('train');
    expect(alone.refusals()).to.deep.equal(['base.signed', 'base.signed']);
  });

  it('stays barred after a reveal in that session, whatever was certified', () => {
    const alone = new Alone(['gamma/reveal', 'delta/reveal']);
    alone.abandoned();
    expect(alone.train(2)).to.include('decline');
    expect(alone.frame(alone.proposal())).to.deep.equal(['journal refused', 'refuse']);
    expect(alone.refusals()).to.deep.equal(['base.signed', 'abort.revealed']);
  });
});

describe('An abort', () => {
  const aborts = (effects: readonly ParticipationEffect[]) =>
    effects.flatMap((effect) =>
      effect.type === 'send' && effect.message.type === 'session' && effect.message.frame.type === 'abort'
        ? [effect.message.frame.statement]
        : [],
    );
  const proposalOf = (alone: Alone) => ({ type: 'session', round: 1, frame: alone.proposal() }) as const;

  it('is signed in the session under way, which ends with it', () => {
    const alone = uploaded();
    expect(alone.frame(alone.proposal())).to.deep.equal([
      'journal abort-signed',
      'abort',
      'journal session-left',
      'erase',
      'cancel-timer',
    ]);
  });

  it('is signed when the session is over here, once, and repeated byte for byte', () => {
    const alone = uploaded();
    alone.abandoned();
    const [first] = aborts(alone.effectsOn(proposalOf(alone)));
    expect(first).not.to.equal(undefined);
    expect(aborts(alone.effectsOn(proposalOf(alone)))).to.deep.equal([first]);
    const statements = alone.journal.filter(
      (record) => effectName({ type: 'journal', record }) === 'journal abort-signed',
    );
    expect(statements).to.have.lengthOf(1);
  });

  it('is signed while another round is under way, which goes on', () => {
    const alone = uploaded();
    alone.abandoned();
    alone.table.withheld.add(`${name}/train`);
    alone.train(2);
    expect(alone.frame(alone.proposal())).to.deep.equal(['journal abort-signed', 'abort']);
    alone.frame(alone.certificate());
    alone.table.participant(name, { type: 'trained', round: 2 });
    expect(alone.table.chairs.get(name)!.effects.map(effectName).at(-2)).to.equal('ready');
  });

  it('is signed after a restart from the journal alone, and destroys what was left open', () => {
    const alone = uploaded();
    const { table } = alone;
    const proposal = proposalOf(alone);
    const certificate = alone.certificate();
    table.kill(name).connect(name).disconnect(name);
    // What it was told when it checked in brought it back into the session.
    table.kill(name);
    table.participant(name, { type: 'connected' });
    const { runId, planHash, rosterHash } = table.offer();
    table.participant(name, { type: 'message', message: { type: 'run', runId, planHash, rosterHash } });
    const effects = alone.effectsOn(proposal);
    expect(aborts(effects)).to.have.lengthOf(1);
    expect(effects.map(effectName)).to.include.members(['journal session-left', 'erase']);
    expect(table.chairs.get(name)!.roots.size).to.equal(0);
    expect(alone.frame(certificate)).to.deep.equal(['journal abort-certified']);
    expect(alone.train(1)).to.include('decline');
    expect(alone.train(2)).to.include.members(['train', 'ready']);
  });

  it('of a round whose session it never entered is ignored', () => {
    const alone = uploaded();
    const { effects } = alone.table.chairs.get(name)!;
    const before = effects.length;
    alone.frame(alone.proposal(), 7);
    alone.frame(alone.certificate(), 7);
    expect(effects.length).to.equal(before);
  });
});

describe('Contributions to one base model', () => {
  const contributed = (round: number): ParticipationRecord => {
    return { type: 'contributed', runId: 'other', round, baseModelHash: initial, metrics: true };
  };
  const ending = (round: number, record: Extract<ParticipationRecord, { type: 'session' }>['record']) => {
    return { type: 'session', runId: 'other', round, record } as const;
  };
  const aborted = (round: number) => ending(round, { type: 'abort-certified', sid: initial, signers: [] });
  const revealed = (round: number, included: boolean) =>
    ending(round, { type: 'revealed', sid2: initial, body: initial, included });
  const declined = (...records: readonly ParticipationRecord[]) => {
    const table = new RoundTable({ plan: examplePlan({ rounds: 1 }) });
    table.chairs.get(name)!.journal.push(...records);
    return table.kill(name).start().declined(name);
  };
  const three = [1, 2, 3].map(contributed);

  it('count while a sum could hold them', () => {
    expect(declined(...three)).to.deep.equal(['base.contributions']);
    expect(declined(...three, revealed(2, true))).to.deep.equal(['base.contributions']);
  });

  it('are not what a round brings that only measures: it bars nobody from training on the model', () => {
    const measured = (kind: 'train' | 'evaluate'): ParticipationRecord[] => [
      { type: 'session-entered', runId: 'other', round: 1, kind, baseModelHash: initial },
      contributed(1),
      { type: 'base-signed', runId: 'other', round: 1, baseModelHash: initial },
      { type: 'session-left', runId: 'other', round: 1 },
    ];
    expect(declined(...measured('evaluate'))).to.deep.equal([]);
    expect(declined(...measured('train'))).to.deep.equal(['base.signed']);
  });

  it('do not count once their session is aborted, or certified without them', () => {
    expect(declined(...three, aborted(2))).to.deep.equal([]);
    expect(declined(...three, revealed(2, false))).to.deep.equal([]);
  });

  it('carry metrics again only then', () => {
    const measuring = (...records: readonly ParticipationRecord[]) => {
      const table = new RoundTable({ plan: measuredPlan({ rounds: 1 }) });
      table.chairs.get(name)!.journal.push(...records);
      const { effects } = table.kill(name).start().chairs.get(name)!;
      return effects.flatMap((effect) =>
        effect.type === 'prepare-update' && effect.kind === 'train' ? [effect.metrics] : [],
      );
    };
    const here = (record: ParticipationRecord) => ({ ...record, runId: 'run-1', round: 0 }) as ParticipationRecord;
    expect(measuring(here(contributed(0)))).to.deep.equal([false]);
    expect(measuring(here(contributed(0)), here(revealed(0, true)))).to.deep.equal([false]);
    expect(measuring(here(contributed(0)), here(aborted(0)))).to.deep.equal([true]);
  });
});
