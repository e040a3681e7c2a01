import { equalBytes, toBase64url } from '../bytes.js';
import type { CryptoPort, Signer } from '../crypto/port.js';
import { FederatedError } from '../errors.js';
import { signBody, verifyBody } from '../secagg/signing.js';
import { canonicalJson } from '../wire/canonical.js';
import type { KeyRotation, Roster, RosterMember } from './roster.js';
import type { VerifiedRoster } from './signed-roster.js';

/** How a later epoch differs from the one that was approved. Ids, sorted. */
export interface RosterChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** A new key that the old one signed. */
  readonly rotated: readonly string[];
  /** Any other difference: `member <id>`, `operators`, `coordinator key`, `epochs 4 to 6 are not at hand`. */
  readonly altered: readonly string[];
}

export type RosterSuccession =
  /** The approved epoch itself. */
  | { readonly type: 'unchanged' }
  /** May be used without a new approval. */
  | { readonly type: 'accepted'; readonly changes: RosterChanges }
  /** Well signed, but a person or policy has to approve it first. */
  | { readonly type: 'needs-approval'; readonly changes: RosterChanges };

/**
 * Whether a later epoch may be used on the strength of an approval of an earlier one. Root and roster key belong to the
 * operator, so their signatures prove nothing against the operator: without a new approval an epoch may only remove members
 * or rotate keys with the old key's signature, all else equal, directly behind the approved epoch. Additions need approval
 * unless the policy says `roster.additions: auto`.
 *
 * @param approved the epoch this participant approved last. @param next verified by `verifyRoster`.
 * @throws `verification` for a fork (same epoch with other content, or a broken chain) and for an earlier epoch.
 */
export function acceptRoster(
  crypto: CryptoPort,
  approved: VerifiedRoster,
  next: VerifiedRoster,
  policy: { readonly additions: 'auto' | 'ask' } = { additions: 'ask' },
): RosterSuccession {
  if (equalBytes(approved.hash, next.hash)) return { type: 'unchanged' };
  const [before, after] = [approved.roster, next.roster];
  if (before.consortium !== after.consortium) throw fork('the roster is of another consortium', before, after);
  if (after.epoch < before.epoch) throw fork('the roster is older than the approved one', before, after);
  if (after.epoch === before.epoch) throw fork('two rosters for one epoch', before, after);
  const direct = after.epoch === before.epoch + 1;
  if (direct && !equalBytes(after.previousHash ?? new Uint8Array(0), approved.hash)) {
    throw fork('the roster does not follow the approved one', before, after);
  }
  const changes = compare(crypto, before, after);
  if (!direct) {
    const missing = `epochs ${before.epoch + 1} to ${after.epoch - 1} are not at hand`;
    return { type: 'needs-approval', changes: { ...changes, altered: [...changes.altered, missing] } };
  }
  const free = changes.altered.length === 0 && (changes.added.length === 0 || policy.additions === 'auto');
  return { type: free ? 'accepted' : 'needs-approval', changes };
}

/** Replace an identity key. @param previous signer of the key that is given up. @returns what the new entry carries. */
export function rotateKey(
  crypto: CryptoPort,
  previous: Signer,
  entry: { readonly consortium: string; readonly participantId: string; readonly publicKey: Uint8Array },
): KeyRotation {
  const { signature } = signBody(crypto, previous, 'concordat/key-rotation', rotationBody(entry));
  return { previousKey: previous.publicKey, signature };
}

function rotationBody(entry: {
  readonly consortium: string;
  readonly participantId: string;
  readonly publicKey: Uint8Array;
}): Uint8Array {
  const { consortium, participantId } = entry;
  return canonicalJson({
    schema: 'concordat/key-rotation/1',
    consortium,
    participantId,
    publicKey: toBase64url(entry.publicKey),
  });
}

function compare(crypto: CryptoPort, before: Roster, after: Roster): RosterChanges {
  const earlier = new Map(before.members.map((member) => [member.participantId, member]));
  const later = new Map(after.members.map((member) => [member.participantId, member]));
  const added = [...later.keys()].filter((name) => !earlier.has(name));
  const removed = [...earlier.keys()].filter((name) => !later.has(name));
  const rotated: string[] = [];
  const altered: string[] = [];
  for (const [name, member] of later) {
    const was = earlier.get(name);
    if (was === undefined || sameMember(was, member)) continue;
    if (isRotation(crypto, after.consortium, was, member)) rotated.push(name);
    else altered.push(`member ${name}`);
  }
  if (!sameOperators(before, after)) altered.push('operators');
  if (!equalBytes(before.coordinatorKey, after.coordinatorKey)) altered.push('coordinator key');
  return { added, removed, rotated, altered };
}

function isRotation(crypto: CryptoPort, consortium: string, was: RosterMember, member: RosterMember): boolean {
  const { rotation, participantId, publicKey } = member;
  if (rotation === undefined || !equalBytes(rotation.previousKey, was.publicKey)) return false;
  const { publicKey: _key, rotation: _rotation, ...rest } = member;
  const { publicKey: _wasKey, rotation: _wasRotation, ...wasRest } = was;
  const body = rotationBody({ consortium, participantId, publicKey });
  const proven = verifyBody(crypto, was.publicKey, 'concordat/key-rotation', { body, signature: rotation.signature });
  return proven && equalBytes(canonicalJson(rest), canonicalJson(wasRest));
}

function sameMember(a: RosterMember, b: RosterMember): boolean {
  const plain = ({ publicKey, rotation, ...rest }: RosterMember) => ({
    ...rest,
    publicKey: toBase64url(publicKey),
    rotation: rotation && {
      previousKey: toBase64url(rotation.previousKey),
      signature: toBase64url(rotation.signature),
    },
  });
  return equalBytes(canonicalJson(plain(a)), canonicalJson(plain(b)));
}

function sameOperators(a: Roster, b: Roster): boolean {
  const plain = (roster: Roster) =>
    roster.operators.map(({ id, publicKey }) => `${id} ${toBase64url(publicKey)}`).join();
  return plain(a) === plain(b);
}

function fork(message: string, approved: Roster, offered: Roster): FederatedError {
  return new FederatedError('verification', message, {
    detail: { approvedEpoch: approved.epoch, offeredEpoch: offered.epoch },
    fix: 'Ask the operator and the other participants which roster they hold: the operator may be showing different ones.',
  });
}
