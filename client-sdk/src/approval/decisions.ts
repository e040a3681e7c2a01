import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type CryptoPort,
  equalBytes,
  FederatedError,
  type PlanDecision,
  readPlanDecision,
  requireDecisionFor,
  type Signed,
  toHex,
} from '@concordat/core';
import { writeDurably } from '@concordat/node';
import { participantFile } from '../keys/participant-files.js';
import { decisionText, parseDecision } from './decision-file.js';

/** Whose decisions, where. */
export interface DecisionPlace {
  readonly directory: string;
  readonly consortium: string;
  readonly participantId: string;
  readonly crypto: CryptoPort;
}

/** Of one plan: sixteen roles that change their mind as often. */
const decisionsMax = 256;

/**
 * Keep a decision beside those that were kept before; the same one twice is one. Durable when it resolves. Files are only ever added, so
 * that a running client may read while a command writes.
 *
 * @throws as {@link readPlanDecision}; `refused` `approval.foreign` for another participant or consortium; `conflict` when a plan has 256.
 */
export async function keepDecision(place: DecisionPlace, signed: Signed): Promise<PlanDecision> {
  const decision = readPlanDecision(place.crypto, signed);
  requireDecisionFor(decision, place);
  const folder = participantFile(place.directory, 'approvals');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const name = fileName(place.crypto, decision.planHash, signed.body);
  const kept = await namesOf(folder, decision.planHash);
  if (kept.length >= decisionsMax && !kept.includes(name)) throw tooMany(folder);
  await writeDurably(join(folder, name), Buffer.from(decisionText(signed)));
  return decision;
}

/**
 * Every decision on a plan that was kept here, in no order; none when nobody decided. What is about somebody else does not count,
 * wherever it came from.
 *
 * @throws `state-lost` `approval.file` for a file that does not read or verify: it may have been the one that says no.
 */
export async function readDecisions(place: DecisionPlace, planHash: Uint8Array): Promise<readonly PlanDecision[]> {
  const folder = participantFile(place.directory, 'approvals');
  const names = await namesOf(folder, planHash);
  if (names.length > decisionsMax) throw tooMany(folder);
  const found = await Promise.all(names.map((name) => readKept(place, join(folder, name), planHash)));
  return found.filter(
    ({ consortium, participantId }) => consortium === place.consortium && participantId === place.participantId,
  );
}

async function readKept({ crypto }: DecisionPlace, path: string, planHash: Uint8Array): Promise<PlanDecision> {
  try {
    const signed = parseDecision(await readFile(path, 'utf8'), path);
    const decision = readPlanDecision(crypto, signed);
    if (equalBytes(decision.planHash, planHash)) return decision;
    throw new FederatedError('verification', 'the decision is about another plan than its name says');
  } catch (cause) {
    // The path is in the advice alone: the message may be told to the coordinator.
    throw new FederatedError('state-lost', 'a decision on the plan is not as it was kept', {
      detail: { rule: 'approval.file', path },
      fix: `Restore ${path} from a copy, or remove it and let the plan be approved anew.`,
      cause,
    });
  }
}

async function namesOf(folder: string, planHash: Uint8Array): Promise<readonly string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.filter((name) => name.startsWith(`${toHex(planHash)}.`) && name.endsWith('.json'));
}

function fileName(crypto: CryptoPort, planHash: Uint8Array, body: Uint8Array): string {
  return `${toHex(planHash)}.${toHex(crypto.sha256(body)).slice(0, 32)}.json`;
}

function tooMany(folder: string): FederatedError {
  return new FederatedError('conflict', `there are more than ${decisionsMax} decisions on one plan in ${folder}`, {
    detail: { required: decisionsMax },
    fix: 'Move those that no longer count out of the directory, while no client runs.',
  });
}
