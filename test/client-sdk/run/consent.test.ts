import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  approverKeyText,
  Consent,
  decisionText,
  importDecision,
  KeyStore,
  parsePolicy,
  pauseParticipation,
  readSwitch,
  resumeParticipation,
  withdrawFromRun,
  withdrawPlan,
} from '@concordat/client-sdk';
import { type PlanDecisionDraft, refusal, signPlanDecision, utf8Encode } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { expect } from 'chai';
import { enrolHere, invitationOf, TestAdmission } from '../enrolled.js';
import { signerOf, TestConsortium, wallMillis } from '../transport/test-coordinator.js';

const dpo = signerOf(41);
const hour = 3_600_000;
const policyText = `schema: concordat/policy/1
proposers: [desk]
purposes: [test]
cohort: {min: 4}
approval: manual
approvers: {dpo: [${approverKeyText(dpo.publicKey)}]}
`;
const lapse = refusal('approval.withdrawn', 'taken back', { required: 'an approved plan', offered: 'withdrawn' });

/** Terms of a run of a plan with this name. */
const termsOf = (name: string) => ({
  plan: { approval: { rule: 'each', expires: new Date(wallMillis + 10 * hour).toISOString() } } as const,
  planHash: nodeCrypto.sha256(utf8Encode(`plan ${name}`)),
  rosterHash: nodeCrypto.sha256(utf8Encode('roster')),
});
const terms = termsOf('spring');
const { planHash, rosterHash } = terms;

describe('waiting for an organization and its people to take part again', () => {
  let directory: string;
  let policyFile: string;
  let keys: KeyStore;
  let consent: Consent;
  /** Of every decision and every look: later than the one before. */
  let now = wallMillis;
  const tick = () => ++now;

  before(async () => {
    const consortium = await TestConsortium.make();
    const running = await consortium.serve({ Membership: new TestAdmission(consortium).handlers });
    directory = mkdtempSync(join(tmpdir(), 'concordat-consent-'));
    await enrolHere(directory, invitationOf(consortium, running.address));
    await running.stop();
    policyFile = join(directory, 'policy.yaml');
    writeFileSync(policyFile, policyText);
    keys = await KeyStore.open(directory, { wallMillis: () => wallMillis });
  });
  beforeEach(async () => {
    consent = new Consent({
      keys,
      policy: parsePolicy(policyText),
      crypto: nodeCrypto,
      wallMillis: tick,
      readSwitch: () => readSwitch(directory),
      egress: { maskedAt: [] },
      contributedBefore: [],
      onEvent: () => undefined,
    });
    await approve();
    await ask('run-1');
    await withdraw();
  });
  afterEach(() => {
    rmSync(join(directory, 'approvals'), { recursive: true });
    rmSync(join(directory, 'participation.json'), { force: true });
  });
  after(() => rmSync(directory, { recursive: true }));

  const approve = async (): Promise<void> => {
    const { consortium, participantId } = keys.enrolment;
    const issuedAt = tick();
    const draft: PlanDecisionDraft = {
      ...{ decision: 'approved', consortium, participantId, planHash, rosterHash, role: 'dpo', issuedAt },
      expires: now + hour,
    };
    const file = join(directory, 'signed.json');
    writeFileSync(file, decisionText(signPlanDecision(nodeCrypto, dpo, draft)));
    await importDecision({ directory, policyFile, file, decision: 'approved', wallMillis: tick });
  };
  const withdraw = () => withdrawPlan({ directory, planHash, reason: '', wallMillis: tick });
  const isGone = () => false;
  const ask = (runId: string, of = terms) =>
    consent.untilApproved(runId, of, { pause: () => expect.fail('it is approved'), isGone });
  /** Pauses so often as there are steps; then nobody asks any more. */
  const patience = (...steps: readonly (() => unknown)[]) => {
    let paused = 0;
    return {
      pause: async () => {
        await steps[paused++]?.();
      },
      isGone: () => paused > steps.length,
      paused: () => paused,
    };
  };
  const again = (wait: ReturnType<typeof patience>, runId = 'run-1', why = lapse) =>
    consent.untilWillingAgain(runId, why, wait);
  const nothing = () => undefined;

  it('gives the offer that is to be answered anew, at the first look that finds it approved', async () => {
    const wait = patience(nothing, nothing, approve, nothing);
    expect(await again(wait)).to.deep.equal({ planHash, rosterHash });
    expect(wait.paused()).to.equal(3);
  });

  it('ends without one when nobody asks any more, though it was approved at that moment', async () => {
    const wait = patience();
    expect(await again({ ...wait, pause: () => wait.pause().then(approve) })).to.equal(undefined);
  });

  it('is done once at a time', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const first = again(patience(() => held.then(approve)));
    const meanwhile = patience(nothing);
    expect(await again(meanwhile)).to.equal(undefined);
    expect(meanwhile.paused()).to.equal(0);
    release();
    expect(await first).to.deep.equal({ planHash, rosterHash });
  });

  it('is done a second time by whoever stopped', async () => {
    expect(await again(patience())).to.equal(undefined);
    expect(await again(patience(approve))).to.deep.equal({ planHash, rosterHash });
  });

  it('is done a second time when the new approval is taken back as well', async () => {
    expect(await again(patience(approve))).to.deep.equal({ planHash, rosterHash });
    await withdraw();
    expect(await again(patience(nothing, approve))).to.deep.equal({ planHash, rosterHash });
  });

  it('is done a second time when it failed', async () => {
    const failing = patience(() => Promise.reject(new Error('the clock is gone')));
    const failure = await again(failing).catch((error: Error) => error.message);
    expect(failure).to.equal('the clock is gone');
    expect(await again(patience(approve))).to.deep.equal({ planHash, rosterHash });
  });

  it('goes on over a decision that does not read: it may be the no', async () => {
    const damaged = () => {
      const [name] = readdirSync(join(directory, 'approvals'));
      const digest = '0'.repeat(32);
      const path = join(directory, 'approvals', name!.replace(/\.[0-9a-f]{32}\./, `.${digest}.`));
      writeFileSync(path, 'no decision');
      return path;
    };
    let path = '';
    const wait = patience(
      async () => {
        await approve();
        path = damaged();
      },
      nothing,
      async () => rmSync(path),
    );
    expect(await again(wait)).to.deep.equal({ planHash, rosterHash });
    expect(wait.paused()).to.equal(3);
  });

  const pause = () => pauseParticipation(directory, { reason: '', now: tick() });
  const resume = () => resumeParticipation(directory);

  it('ends when the organization resumes, where its people still approve', async () => {
    const paused = refusal('participation.paused', 'paused', { required: 'that it resumes', offered: 'paused' });
    await approve();
    await pause();
    const wait = patience(nothing, nothing, resume);
    expect(await again(wait, 'run-1', paused)).to.deep.equal({ planHash, rosterHash });
    expect(wait.paused()).to.equal(3);
  });

  it('goes on while it has paused, though its people approve again', async () => {
    await pause();
    const wait = patience(approve, nothing, resume);
    expect(await again(wait)).to.deep.equal({ planHash, rosterHash });
    expect(wait.paused()).to.equal(3);
  });

  it('ends without an offer when the organization withdraws from the run, which is for ever', async () => {
    const wait = patience(() => withdrawFromRun(directory, { runId: 'run-1', reason: '', now: tick() }), approve);
    expect(await again(wait)).to.equal(undefined);
    expect(wait.paused()).to.equal(1);
  });

  it('is done for what an approval or a resumption cures, and for nothing else', async () => {
    const bars = { required: 'one thing', offered: 'another' };
    for (const rule of [
      'approval.withdrawn',
      'approval.expired',
      'approval.missing',
      'participation.paused',
    ] as const) {
      const wait = patience(nothing);
      await again(wait, 'run-1', refusal(rule, 'no', bars));
      expect(wait.paused(), rule).to.be.greaterThan(0);
    }
    for (const rule of ['participation.withdrawn', 'rounds.per-day', 'rounds.hours', 'purposes'] as const) {
      const wait = patience(nothing);
      expect(await again(wait, 'run-1', refusal(rule, 'no', bars)), rule).to.equal(undefined);
      expect(wait.paused(), rule).to.equal(0);
    }
  });

  it('is done for the run that people were asked about last, and for no other', async () => {
    const early = patience(approve);
    expect(await again(early, 'run-2')).to.equal(undefined);
    await approve();
    await ask('run-2');
    expect(await again(early)).to.equal(undefined);
    expect(early.paused()).to.equal(0);
    expect(await again(early, 'run-2')).to.deep.equal({ planHash, rosterHash });
  });
});
