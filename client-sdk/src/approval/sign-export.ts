import {
  type CryptoPort,
  type PlanDecision,
  printable,
  type Signed,
  type Signer,
  signPlanDecision,
} from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { approvalEnd } from './decide.js';
import { readBoundedText } from './decision-file.js';
import {
  type ExplainedExport,
  explainExport,
  exportFileBytesMax,
  type PlanExport,
  parseExport,
} from './plan-export.js';

/** An export that was read and verified on a person's computer. */
export interface OpenedExport extends ExplainedExport {
  readonly exported: PlanExport;
}

/**
 * Read an export and verify it. Nothing is sent, and nothing of it is signed yet.
 *
 * @throws `invalid-argument`, `malformed`, `verification`.
 */
export async function openExport(
  path: string,
  { crypto = nodeCrypto, now }: { readonly crypto?: CryptoPort; readonly now: number },
): Promise<OpenedExport> {
  const exported = parseExport(await readBoundedText(path, exportFileBytesMax), path);
  return { exported, ...explainExport(crypto, exported, now) };
}

/** What a person says to an opened export. `expires`: milliseconds since 1970; with the plan unless said. */
export type Answer =
  | { readonly decision: 'approved'; readonly expires?: number | undefined }
  | { readonly decision: 'withdrawn'; readonly reason: string };

/**
 * Sign an answer to an export.
 *
 * @param role as the participant's policy names it. @param now milliseconds since 1970.
 * @throws `invalid-argument` for an end that is past, or after the plan's.
 */
export function signExport(
  { exported, plan, planHash, rosterHash }: OpenedExport,
  person: Signer,
  {
    role,
    answer,
    now,
    crypto = nodeCrypto,
  }: {
    readonly role: string;
    readonly answer: Answer;
    readonly now: number;
    readonly crypto?: CryptoPort;
  },
): { readonly signed: Signed; readonly expires?: number } {
  const { consortium, participantId } = exported;
  const decided = { consortium, participantId, planHash, role, issuedAt: now };
  if (answer.decision === 'withdrawn') {
    const reason = printable(answer.reason);
    return { signed: signPlanDecision(crypto, person, { ...decided, decision: answer.decision, reason }) };
  }
  const expires = approvalEnd(answer.expires, Date.parse(plan.approval.expires), now);
  return {
    signed: signPlanDecision(crypto, person, { ...decided, decision: answer.decision, rosterHash, expires }),
    expires,
  };
}

/** Where the answer to an export is written unless said: beside it. */
export function answerPath(exportPath: string, role: string, decision: PlanDecision['decision']): string {
  return `${exportPath.replace(/\.json$/, '')}.${role}.${decision}.json`;
}
