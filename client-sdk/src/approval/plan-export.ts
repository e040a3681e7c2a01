import {
  bounds,
  type CryptoPort,
  comparePlans,
  decodePlan,
  describePlan,
  differenceLine,
  FederatedError,
  type Plan,
  printable,
  type Signed,
  type SignedRoster,
  toBase64url,
  toHex,
  verifyPlanSignature,
  verifyRoster,
} from '@concordat/core';
import { fingerprintOf, spokenFingerprint } from '@concordat/node';
import { z } from 'zod';
import { base64urlBytes, idText, parse } from '../keys/enrolment-file.js';

/** A plan to be decided on by people, away from the participant's machine: everything it takes, nothing secret. */
export interface PlanExport {
  readonly consortium: string;
  readonly participantId: string;
  /** Ed25519 key of the consortium's root. */
  readonly rootKey: Uint8Array;
  readonly plan: Signed;
  readonly roster: SignedRoster;
  /** Canonical bytes of the plan that was approved here last; absent for the first. */
  readonly previous?: Uint8Array;
}

const schema = 'concordat/plan-export/1';
const signed = (bodyBytesMax: number) =>
  z.strictObject({ body: base64urlBytes(1, bodyBytesMax), signature: base64urlBytes(64) });

const shape = z.strictObject({
  schema: z.literal(schema),
  consortium: idText,
  participantId: idText,
  rootKey: base64urlBytes(32),
  plan: signed(bounds.planBytesMax),
  roster: z.strictObject({
    document: signed(bounds.rosterBytesMax),
    rosterKey: signed(bounds.certificateBytesMax),
  }),
  previous: base64urlBytes(1, bounds.planBytesMax).optional(),
  // For eyes: whoever signs is shown what is computed of the plan, not what stands here.
  says: z.array(z.string()).max(100_000),
});

/** Longest file of an export: its parts as text, and its sentences. */
export const exportFileBytesMax = 8 * 1024 * 1024;

/** An export as JSON text, with its sentences. */
export function exportText(exported: PlanExport, says: readonly string[]): string {
  const { consortium, participantId, rootKey, plan, roster, previous } = exported;
  const json = {
    schema,
    consortium,
    participantId,
    rootKey: toBase64url(rootKey),
    plan: plain(plan),
    roster: { document: plain(roster.document), rosterKey: plain(roster.rosterKey) },
    ...(previous === undefined ? {} : { previous: toBase64url(previous) }),
    says,
  };
  return `${JSON.stringify(json, undefined, 2)}\n`;
}

/** @throws `malformed`; says nothing about signatures. */
export function parseExport(text: string, path: string): PlanExport {
  const { schema: _, says: _says, previous, ...exported } = parse(shape, text, path);
  return { ...exported, ...(previous === undefined ? {} : { previous }) };
}

/** What an export asks of a person, computed from the plan itself. */
export interface ExplainedExport {
  readonly plan: Plan;
  readonly planHash: Uint8Array;
  readonly rosterHash: Uint8Array;
  /** Sentences: who asks whom, what the plan means, who takes part, what changed. */
  readonly lines: readonly string[];
}

const membersShown = 40;
const differencesShown = 100;

/**
 * Verify an export and say what it means.
 *
 * @param now milliseconds since 1970.
 * @throws `verification` when roster or plan are not signed as they have to be; `malformed`, `refused` for a plan that this version
 *   does not understand or that is another consortium's; nothing of `says` is believed.
 */
export function explainExport(crypto: CryptoPort, exported: PlanExport, now: number): ExplainedExport {
  const { consortium, participantId, rootKey } = exported;
  const { roster, hash: rosterHash } = verifyRoster(crypto, exported.roster, { rootKey, consortium, now });
  const { planHash, operatorId } = verifyPlanSignature(crypto, exported.plan, roster);
  const plan = decodePlan(exported.plan.body);
  const members = roster.members.filter(({ role }) => role === 'participant').map((member) => member.participantId);
  if (plan.consortium !== consortium || !members.includes(participantId)) throw foreign(exported, plan);
  return {
    plan,
    planHash,
    rosterHash,
    lines: [
      `Plan ${toHex(planHash)}`,
      `of consortium ${consortium}, proposed by its operator ${operatorId}, to be approved for ${participantId}.`,
      `The consortium's root has the fingerprint ${spokenFingerprint(fingerprintOf(rootKey))}.`,
      ...describePlan(plan).map(printable),
      membersLine(members, roster.epoch),
      ...differenceLines(crypto, exported.previous, plan, planHash),
    ],
  };
}

/** What changed, as lines; one line for a first plan, or for none that differs. */
export function changeLines(
  before: { readonly plan: Plan; readonly planHash: Uint8Array } | undefined,
  plan: Plan,
): readonly string[] {
  if (before === undefined) return ['It is the first plan here: there is none to compare it with.'];
  const differences = comparePlans(before.plan, plan);
  if (differences.length === 0) return [`It does not differ from plan ${toHex(before.planHash)}.`];
  const more = differences.length - differencesShown;
  return [
    `It differs from plan ${toHex(before.planHash)}:`,
    ...differences.slice(0, differencesShown).map((one) => `  ${differenceLine(one)}`),
    ...(more > 0 ? [`  and ${more} more fields`] : []),
  ];
}

function differenceLines(crypto: CryptoPort, previous: Uint8Array | undefined, plan: Plan, planHash: Uint8Array) {
  if (previous === undefined) return changeLines(undefined, plan);
  const before = { plan: decodePlan(previous), planHash: crypto.sha256(previous) };
  return toHex(before.planHash) === toHex(planHash) ? changeLines(undefined, plan) : changeLines(before, plan);
}

function membersLine(members: readonly string[], epoch: number): string {
  const more = members.length - membersShown;
  const named = members.slice(0, membersShown).join(', ');
  return `Who may take part (roster epoch ${epoch}): ${named}${more > 0 ? `, and ${more} more` : ''}.`;
}

function foreign({ consortium, participantId }: PlanExport, plan: Plan): FederatedError {
  return new FederatedError(
    'malformed',
    'the file holds a plan of another consortium, or a roster without the participant',
    {
      detail: { required: `${participantId} of ${consortium}`, offered: plan.consortium },
      fix: 'Export the plan again at the participant.',
    },
  );
}

function plain({ body, signature }: Signed) {
  return { body: toBase64url(body), signature: toBase64url(signature) };
}
