import { parsePolicy } from '@concordat/client-sdk';
import { decodeRoster, identityFingerprint, type RosterMember, rosterView, signPlan } from '@concordat/core';
import { identityFromSeed, nodeCrypto } from '@concordat/node';
import { replaced } from '../../support/mutations.js';
import type { EnrolledConsortium } from '../consortium.js';
import type { CoordinatorCase } from '../hostile-case.js';
import type { Stage } from '../stage.js';
import { victim } from './forging.js';

const others = 'bluebird, cobalt, delta, echo';
const mallory = identityFromSeed(new Uint8Array(32).fill(66));
const member = (consortium: EnrolledConsortium, change: Partial<RosterMember>): RosterMember => ({
  ...consortium.roster.members[0]!,
  participantId: 'mallory',
  organization: 'mallory ltd',
  publicKey: mallory.publicKey,
  ...change,
});

/** From now on this roster is the consortium's. */
function show(stage: Stage, members: readonly RosterMember[], epochs = 0): void {
  const { consortium } = stage;
  const { roster, signedRoster } = consortium;
  const next = epochs === 0 ? {} : { previousHash: nodeCrypto.sha256(signedRoster.document.body) };
  const signed = consortium.forgeRoster({ members, epoch: roster.epoch + epochs, ...next });
  stage.server.roster = signed;
  stage.rosterHash = nodeCrypto.sha256(signed.document.body);
  stage.roster = rosterView(decodeRoster(signed.document.body), Date.now());
}

/** It knows the fingerprints of some others only. */
const knowing =
  (...known: readonly string[]) =>
  (consortium: EnrolledConsortium) =>
    parsePolicy(`
schema: concordat/policy/1
proposers: [operator]
purposes: [test]
cohort: {min: 4}
differentialPrivacy: optional
approval: automatic
roster:
  known: [${known.map((name) => identityFingerprint(nodeCrypto, consortium.signers.get(name)!.publicKey)).join(', ')}]
`);

export const rosterCases: readonly CoordinatorCase[] = [
  {
    lie: 'enters two participants for one organization',
    verdict: {
      refuses: Object.fromEntries(
        ['acme', 'bluebird', 'cobalt', 'delta', 'echo'].map((name) => [name, ['cohort.organization']]),
      ),
      ends: ['abandoned in share'],
    },
    script: async (stage) => {
      const { members } = stage.consortium.roster;
      const { roster } = stage;
      show(stage, replaced(members, 4, { ...members[4]!, organization: members[3]!.organization }), 1);
      // Its own machine would leave one of the two out.
      await stage.play({ roster });
    },
  },
  {
    lie: 'adds a member that nobody approved, once its first roster was',
    verdict: { refuses: { [victim]: ['roster.additions'] }, ends: [] },
    script: async (stage) => {
      await stage.gather();
      show(stage, [...stage.consortium.roster.members, member(stage.consortium, {})], 1);
      stage.offer(victim);
      await stage.refuses(victim);
    },
  },
  {
    lie: 'changes a member’s key without the old key’s signature',
    verdict: { refuses: { [victim]: ['roster.additions'] }, ends: [] },
    script: async (stage) => {
      await stage.gather();
      const { members } = stage.consortium.roster;
      show(stage, replaced(members, 3, { ...members[3]!, publicKey: mallory.publicKey }), 1);
      stage.offer(victim);
      await stage.refuses(victim);
    },
  },
  {
    lie: 'shows a second roster of one epoch',
    verdict: { refuses: { [victim]: ['verification'] }, ends: [] },
    script: async (stage) => {
      await stage.gather();
      show(stage, stage.consortium.roster.members.slice(0, 4));
      stage.offer(victim);
      await stage.refuses(victim);
    },
  },
  {
    lie: 'enters a participant whose key verifies anything',
    // The neutral element: y = 1. OpenSSL and tweetnacl accept made-up signatures under it.
    verdict: { refuses: { [victim]: ['malformed'] }, ends: [] },
    present: [victim],
    script: async (stage) => {
      await stage.until(() => stage.server.isConnected(victim));
      const neutral = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0));
      const { document, rosterKey } = stage.consortium.signedRoster;
      const text = Buffer.from(document.body).toString();
      const key = Buffer.from(stage.consortium.signers.get('delta')!.publicKey).toString('base64url');
      const body = Buffer.from(text.replace(key, Buffer.from(neutral).toString('base64url')));
      stage.server.roster = { document: stage.consortium.signRosterBytes(body), rosterKey };
      stage.rosterHash = nodeCrypto.sha256(body);
      stage.offer(victim);
      await stage.refuses(victim);
    },
  },
  {
    lie: 'fills a cohort with members whom the participant does not know',
    verdict: { refuses: { [victim]: ['cohort.unlisted'] }, ends: [`sum of ${others}`] },
    policy: knowing('bluebird', 'cobalt'),
  },
  {
    lie: 'offers a plan that the operator did not sign',
    verdict: { refuses: { [victim]: ['plan.signature'] }, ends: [] },
    present: [victim],
    plan: (consortium) => {
      const plan = consortium.plan();
      return { ...plan, signed: signPlan(nodeCrypto, mallory, plan.signed.body) };
    },
    script: (stage) => stage.gather(),
  },
  {
    lie: 'offers a plan for smaller cohorts than the policy allows',
    verdict: { refuses: { [victim]: ['cohort.min'] }, ends: [] },
    present: [victim],
    plan: (consortium) => consortium.plan({ cohort: { min: 3, size: 5, max: 5 } }),
    script: (stage) => stage.gather(),
  },
  {
    lie: 'gives another model than the one it names',
    verdict: { refuses: { [victim]: ['blob.digest'] }, ends: [] },
    present: [victim],
    script: async (stage) => {
      await stage.gather();
      stage.server.swapBlobs(Buffer.from('another model'));
      await stage.train();
    },
  },
];
