import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  approverKeyText,
  decisionsOn,
  decisionText,
  explainExport,
  exportText,
  importDecision,
  KeyStore,
  openExport,
  type PlanExport,
  parseExport,
  readPolicy,
  signExport,
  standingOf,
  whyNotApproved,
  withdrawPlan,
} from '@concordat/client-sdk';
import {
  encodePlan,
  FederatedError,
  fromBase64url,
  type PlanDecisionDraft,
  participantRole,
  type Signed,
  type SignedRoster,
  type Signer,
  signPlan,
  signPlanDecision,
  toHex,
} from '@concordat/core';
import { nodeCrypto, readIdentityFile } from '@concordat/node';
import { expect } from 'chai';
import { testPlan } from '../../support/test-plan.js';
import { enrolHere, invitationOf, TestAdmission } from '../enrolled.js';
import { failureOf, signerOf, TestConsortium, wallMillis } from '../transport/test-coordinator.js';

const [dpo, owner, stranger] = [41, 42, 43].map(signerOf) as [Signer, Signer, Signer];
const hour = 3_600_000;

describe('deciding on a plan', () => {
  let consortium: TestConsortium;
  let directory: string;
  let policyFile: string;
  let roster: SignedRoster;
  let exported: PlanExport;
  const at = () => ({ directory, policyFile, wallMillis: () => wallMillis });

  before(async () => {
    consortium = await TestConsortium.make();
    const admission = new TestAdmission(consortium);
    const running = await consortium.serve({ Membership: admission.handlers });
    directory = mkdtempSync(join(tmpdir(), 'concordat-decide-'));
    await enrolHere(directory, invitationOf(consortium, running.address));
    await running.stop();
    policyFile = join(directory, 'policy.yaml');
    writeFileSync(
      policyFile,
      `schema: concordat/policy/1
proposers: [desk]
purposes: [test]
cohort: {min: 4}
approval: manual
approvers:
  dpo: [${approverKeyText(dpo.publicKey)}]
  data-owner: [${approverKeyText(owner.publicKey)}]
`,
    );
    const keys = await KeyStore.open(directory, { wallMillis: () => wallMillis });
    roster = keys.roster.signed;
    exported = exportOf(planOf('spring'));
  });
  afterEach(() => rmSync(join(directory, 'approvals'), { recursive: true, force: true }));
  after(() => rmSync(directory, { recursive: true }));

  const planOf = (run: string, rounds = 2) =>
    testPlan(
      { topology: new Uint8Array(1), tensors: [{ name: 'w', shape: [2], values: new Float32Array(2) }] },
      {
        consortium: consortium.id,
        run,
        rounds,
        cohort: { min: 4, size: 5 },
        clippingNorm: 1,
        expires: new Date(wallMillis + 10 * hour).toISOString(),
      },
    );
  const exportOf = (plan: ReturnType<typeof planOf>, previous?: Uint8Array): PlanExport => ({
    consortium: consortium.id,
    participantId: 'acme',
    rootKey: consortium.root.publicKey,
    plan: signPlan(nodeCrypto, consortium.operator, encodePlan(plan)),
    roster,
    ...(previous === undefined ? {} : { previous }),
  });
  const planHash = () => nodeCrypto.sha256(exported.plan.body);

  async function opened(of: PlanExport = exported) {
    const path = join(directory, 'plan.json');
    writeFileSync(path, exportText(of, ['whatever a liar wrote here']));
    return openExport(path, { now: wallMillis });
  }

  async function signedBy(person: Signer, role: string, change: Partial<PlanExport> = {}): Promise<Signed> {
    const answer = { decision: 'approved', expires: wallMillis + hour } as const;
    const open = await opened();
    return signExport({ ...open, exported: { ...open.exported, ...change } }, person, { role, answer, now: wallMillis })
      .signed;
  }

  async function take(signed: Signed, change: { planHash?: Uint8Array; decision?: 'withdrawn' } = {}) {
    const file = join(directory, 'signed.json');
    writeFileSync(file, decisionText(signed));
    return importDecision({ ...at(), file, decision: 'approved', ...change });
  }
  const refusalOf = async (work: Promise<unknown>): Promise<string> => {
    const { code, rule } = await failureOf(work);
    return rule === undefined ? code : `${code} ${rule}`;
  };
  async function ruleNow(now = wallMillis): Promise<unknown> {
    const keys = await KeyStore.open(directory, { wallMillis: () => wallMillis });
    const { plan, rosterHash } = await opened();
    const decisions = await decisionsOn({ directory, planHash: planHash(), wallMillis: () => wallMillis });
    const policy = (await readPolicy(policyFile))!;
    const standing = standingOf({ policy, identityKey: keys.identityKey, plan, rosterHash, decisions, now });
    return whyNotApproved(standing, now)?.detail.rule;
  }

  it('takes a signature of every role, and remembers it on disk', async () => {
    expect(await ruleNow()).to.equal('approval.missing');
    await take(await signedBy(dpo, 'dpo'));
    expect(await ruleNow()).to.equal('approval.missing');
    await take(await signedBy(owner, 'data-owner'));
    await take(await signedBy(owner, 'data-owner'));
    expect(await ruleNow()).to.equal(undefined);
    expect(readdirSync(join(directory, 'approvals'))).to.have.length(2);
    expect(await ruleNow(wallMillis + hour)).to.equal('approval.expired');
  });

  it('is refused with a wrong key, a wrong role, the key of another role, and as the participant', async () => {
    expect(await refusalOf(take(await signedBy(stranger, 'dpo')))).to.equal('refused approval.key');
    expect(await refusalOf(take(await signedBy(owner, 'dpo')))).to.equal('refused approval.key');
    expect(await refusalOf(take(await signedBy(dpo, 'director')))).to.equal('refused approval.role');
    expect(await refusalOf(take(await signedBy(dpo, participantRole)))).to.equal('refused approval.role');
    expect(readdirSync(directory)).not.to.include('approvals');
  });

  it('is refused as the participant’s where the policy names nobody: its own key signs at the participant alone', async () => {
    const identity = await readIdentityFile(join(directory, 'identity.key'));
    const plain = join(directory, 'plain.yaml');
    writeFileSync(plain, readFileSync(policyFile, 'utf8').replace(/approvers:[\s\S]*/, ''));
    const file = join(directory, 'signed.json');
    writeFileSync(file, decisionText(await signedBy(identity, participantRole)));
    const work = importDecision({ ...at(), policyFile: plain, file, decision: 'approved' });
    expect(await refusalOf(work)).to.equal('refused approval.role');
  });

  it('is refused for another participant and another consortium: no signature is good for two', async () => {
    expect(await refusalOf(take(await signedBy(dpo, 'dpo', { participantId: 'beta' })))).to.equal(
      'refused approval.foreign',
    );
    expect(await refusalOf(take(await signedBy(dpo, 'dpo', { consortium: 'south' })))).to.equal(
      'refused approval.foreign',
    );
  });

  it('is refused where another plan was meant, and counts for its own plan alone', async () => {
    const other = nodeCrypto.sha256(encodePlan(planOf('summer')));
    expect(await refusalOf(take(await signedBy(dpo, 'dpo'), { planHash: other }))).to.equal('refused approval.foreign');
    const others = await opened(exportOf(planOf('summer')));
    const answer = { decision: 'approved' } as const;
    for (const [person, role] of [
      [dpo, 'dpo'],
      [owner, 'data-owner'],
    ] as const) {
      await take(signExport(others, person, { role, answer, now: wallMillis }).signed);
    }
    expect(await ruleNow()).to.equal('approval.missing');
  });

  it('is refused when it has run out, or is another decision than was asked for', async () => {
    const signed = await signedBy(dpo, 'dpo');
    const file = join(directory, 'signed.json');
    writeFileSync(file, decisionText(signed));
    const late = { ...at(), wallMillis: () => wallMillis + hour };
    expect(await refusalOf(importDecision({ ...late, file, decision: 'approved' }))).to.equal(
      'refused approval.expired',
    );
    expect(await refusalOf(take(signed, { decision: 'withdrawn' }))).to.equal('invalid-argument');
  });

  it('is refused with any bit flipped, in the file and in what was kept of it', async () => {
    const text = decisionText(await signedBy(dpo, 'dpo'));
    const file = join(directory, 'signed.json');
    const bits = Array.from({ length: 64 }, (_, i) => Math.floor((i * text.length) / 64));
    for (const [i, position] of bits.entries()) {
      const bytes = Buffer.from(text);
      bytes[position]! ^= 1 << (i % 7);
      if (bytes.toString() === text) continue;
      writeFileSync(file, bytes);
      const refused = await refusalOf(importDecision({ ...at(), file, decision: 'approved' }));
      // The line break at the end is no part of the decision.
      expect(refused, `byte ${position}`).to.match(/^(malformed|verification|refused)/);
    }
    await take(await signedBy(dpo, 'dpo'));
    await take(await signedBy(owner, 'data-owner'));
    const [name] = readdirSync(join(directory, 'approvals'));
    const kept = join(directory, 'approvals', name!);
    writeFileSync(
      kept,
      readFileSync(kept, 'utf8').replace(
        /"signature":"(.)/,
        (all, first: string) => `${all.slice(0, -1)}${first === 'A' ? 'B' : 'A'}`,
      ),
    );
    expect(await refusalOf(ruleNow())).to.equal('state-lost approval.file');
  });

  it('does not count what was put beside the others under a wrong name, or is somebody else’s', async () => {
    await take(await signedBy(dpo, 'dpo'));
    const folder = join(directory, 'approvals');
    const [name] = readdirSync(folder);
    const other = nodeCrypto.sha256(encodePlan(planOf('summer')));
    writeFileSync(join(folder, name!.replace(toHex(planHash()), toHex(other))), readFileSync(join(folder, name!)));
    expect(await refusalOf(decisionsOn({ ...at(), planHash: other }))).to.equal('state-lost approval.file');
    writeFileSync(
      join(folder, `${toHex(planHash())}.0.json`),
      decisionText(await signedBy(owner, 'data-owner', { participantId: 'beta' })),
    );
    expect(await ruleNow()).to.equal('approval.missing');
  });

  it('is taken back without a network, and a signature of before does not bring it back', async () => {
    const signatures = [await signedBy(dpo, 'dpo'), await signedBy(owner, 'data-owner')];
    for (const signed of signatures) await take(signed);
    await withdrawPlan({ ...at(), planHash: planHash(), reason: 'consent was\u001b withdrawn' });
    expect(await ruleNow()).to.equal('approval.withdrawn');
    for (const signed of signatures) await take(signed);
    expect(await ruleNow()).to.equal('approval.withdrawn');
    const [taken] = (await decisionsOn({ ...at(), planHash: planHash() })).filter(
      (one) => one.decision === 'withdrawn',
    );
    expect(taken?.decision === 'withdrawn' && taken.reason).to.equal('consent was  withdrawn');
  });

  it('is taken back by a person of a role, with a signature of its own', async () => {
    await take(await signedBy(dpo, 'dpo'));
    await take(await signedBy(owner, 'data-owner'));
    const answer = { decision: 'withdrawn', reason: 'the purpose changed' } as const;
    const { signed } = signExport(await opened(), owner, { role: 'data-owner', answer, now: wallMillis + 1 });
    await take(signed, { decision: 'withdrawn' });
    expect(await ruleNow(wallMillis + 2)).to.equal('approval.withdrawn');
  });

  it('shows what the plan says, who takes part and what changed, whatever the file says in words', async () => {
    const { lines } = await opened(exportOf(planOf('summer', 3), exported.plan.body));
    const text = lines.join('\n');
    expect(text).to.include('proposed by its operator desk, to be approved for acme');
    expect(text).to.include('Purpose: test').and.to.include('Who may take part (roster epoch 1): acme, beta.');
    expect(text)
      .to.match(/It differs from plan [0-9a-f]{64}:/)
      .and.to.include('  run: "spring" → "summer"\n  rounds: 2 → 3');
    expect(text).not.to.include('liar');
  });

  it('refuses an export whose plan no operator signed, whose roster is another’s, or which is about a stranger', async () => {
    const forged = { ...exported, plan: signPlan(nodeCrypto, stranger, exported.plan.body) };
    expect(await refusalOf(opened(forged))).to.equal('verification plan.signature');
    expect(await refusalOf(opened({ ...exported, rootKey: stranger.publicKey }))).to.match(/^verification/);
    expect(await refusalOf(opened({ ...exported, participantId: 'nobody' }))).to.equal('malformed');
    expect(await refusalOf(opened(exportOf({ ...planOf('spring'), consortium: 'south' })))).to.equal('malformed');
    expect(() => parseExport(exportText(exported, []).slice(0, -9), 'x')).to.throw(FederatedError, 'not JSON');
    expect(() => explainExport(nodeCrypto, { ...exported, consortium: 'south' }, wallMillis)).to.throw(FederatedError);
  });

  it('gives an approval no longer life than its plan', async () => {
    const open = await opened();
    for (const expires of [wallMillis, wallMillis + 11 * hour]) {
      const answer = { decision: 'approved', expires } as const;
      expect(() => signExport(open, dpo, { role: 'dpo', answer, now: wallMillis })).to.throw(
        FederatedError,
        'ends after now',
      );
    }
    // Whoever signs with another program may write any time: the plan's own end stands.
    const long: PlanDecisionDraft = {
      decision: 'approved',
      consortium: consortium.id,
      participantId: 'acme',
      planHash: planHash(),
      rosterHash: open.rosterHash,
      issuedAt: wallMillis,
      expires: wallMillis + 99 * hour,
      role: 'dpo',
    };
    await take(signPlanDecision(nodeCrypto, dpo, long));
    await take(signPlanDecision(nodeCrypto, owner, { ...long, role: 'data-owner' }));
    expect(await ruleNow(wallMillis + 10 * hour)).to.equal('approval.expired');
    expect(fromBase64url(approverKeyText(dpo.publicKey))).to.deep.equal(dpo.publicKey);
  });
});
