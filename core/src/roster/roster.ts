import { fromBase64url, toBase64url } from '../bytes.js';
import { isStrictEd25519Key } from '../crypto/strict-keys.js';
import { FederatedError } from '../errors.js';
import { isId } from '../ids.js';
import type { RosterView } from '../secagg/roster-view.js';
import { bounds } from '../wire/bounds.js';
import { canonicalJson, type JsonValue, parseCanonical } from '../wire/canonical.js';

export type MemberRole = 'participant' | 'auditor' | 'viewer';

/** A replacement of a member's identity key, signed by the key it replaces. */
export interface KeyRotation {
  /** Ed25519, 32 bytes. */
  readonly previousKey: Uint8Array;
  /** By `previousKey`, over the rotation body; see `rotateKey`. */
  readonly signature: Uint8Array;
}

export interface RosterMember {
  readonly participantId: string;
  readonly organization: string;
  /** Ed25519 identity key, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The entry counts from `notBefore` (inclusive) to `notAfter` (exclusive), milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly role: MemberRole;
  readonly rotation?: KeyRotation;
}

export interface RosterOperator {
  readonly id: string;
  /** Ed25519 key that signs plans, 32 bytes. */
  readonly publicKey: Uint8Array;
}

/** Who belongs to a consortium, for one epoch. Its canonical bytes are signed by the roster key; their SHA-256 is its identity. */
export interface Roster {
  readonly consortium: string;
  /** 1, 2, 3, … */
  readonly epoch: number;
  /** SHA-256 of the document of the epoch before; absent in epoch 1. */
  readonly previousHash?: Uint8Array;
  readonly members: readonly RosterMember[];
  readonly operators: readonly RosterOperator[];
  /** Ed25519 key that signs C, proposals and receipts, 32 bytes. */
  readonly coordinatorKey: Uint8Array;
}

const schema = 'concordat/roster/1';
const roles: readonly MemberRole[] = ['participant', 'auditor', 'viewer'];
const organizationCharactersMax = 128;

/**
 * The canonical document of a roster: members and operators sorted by id, keys as base64url.
 *
 * @throws `invalid-argument` when the roster breaks a rule of {@link decodeRoster}.
 */
export function encodeRoster(roster: Roster): Uint8Array {
  const bytes = canonicalJson({
    schema,
    consortium: roster.consortium,
    epoch: roster.epoch,
    previousHash: roster.previousHash === undefined ? undefined : toBase64url(roster.previousHash),
    members: [...roster.members].sort((a, b) => order(a.participantId, b.participantId)).map(memberToJson),
    operators: [...roster.operators]
      .sort((a, b) => order(a.id, b.id))
      .map(({ id, publicKey }) => ({ id, publicKey: toBase64url(publicKey) })),
    coordinatorKey: toBase64url(roster.coordinatorKey),
  });
  try {
    decodeRoster(bytes);
  } catch (cause) {
    const why = cause instanceof FederatedError ? cause : undefined;
    throw new FederatedError('invalid-argument', `this roster cannot be signed: ${why?.message}`, {
      detail: why?.detail ?? {},
      cause,
    });
  }
  return bytes;
}

/**
 * The roster of a canonical document.
 *
 * @throws `malformed` unless every field is there, in bounds and of its form; members and operators strictly sorted, so that
 *   none occurs twice; every key strict Ed25519 and used once; epoch 1 without, every later epoch with a previous hash.
 */
export function decodeRoster(bytes: Uint8Array): Roster {
  const document = parseCanonical(bytes, bounds.rosterBytesMax);
  const found = objectWith(
    document,
    ['schema', 'consortium', 'epoch', 'members', 'operators', 'coordinatorKey'],
    ['previousHash'],
  );
  if (found.schema !== schema) throw malformed('schema', `"${schema}"`);
  const epoch = integer(found.epoch, 'epoch', 1);
  if ((epoch === 1) !== (found.previousHash === undefined)) throw malformed('previousHash', 'absent in epoch 1 only');
  const roster: Roster = {
    consortium: id(found.consortium, 'consortium'),
    epoch,
    ...(found.previousHash === undefined ? {} : { previousHash: bytesOf(found.previousHash, 'previousHash', 32) }),
    members: list(found.members, 'members', bounds.rosterMembersMax).map(memberFromJson),
    operators: list(found.operators, 'operators', bounds.rosterOperatorsMax).map(operatorFromJson),
    coordinatorKey: key(found.coordinatorKey, 'coordinatorKey'),
  };
  requireSorted(
    roster.members.map((member) => member.participantId),
    'members',
  );
  requireSorted(
    roster.operators.map((operator) => operator.id),
    'operators',
  );
  requireDistinctKeys(roster);
  return roster;
}

/** Participants whose entry counts at `now`, as a session wants them. @param now milliseconds since 1970. */
export function rosterView(roster: Roster, now: number): RosterView {
  return new Map(
    roster.members
      .filter((member) => member.role === 'participant' && member.notBefore <= now && now < member.notAfter)
      .map(({ participantId, organization, publicKey }) => [participantId, { organization, publicKey }]),
  );
}

function memberToJson(member: RosterMember): JsonValue {
  const { participantId, organization, notBefore, notAfter, role, rotation } = member;
  const json = { participantId, organization, notBefore, notAfter, role, publicKey: toBase64url(member.publicKey) };
  if (rotation === undefined) return json;
  const { previousKey, signature } = rotation;
  return { ...json, rotation: { previousKey: toBase64url(previousKey), signature: toBase64url(signature) } };
}

function memberFromJson(value: JsonValue): RosterMember {
  const names = ['participantId', 'organization', 'publicKey', 'notBefore', 'notAfter', 'role'];
  const found = objectWith(value, names, ['rotation']);
  const notBefore = integer(found.notBefore, 'notBefore', 0);
  const role = roles.find((one) => one === found.role);
  if (role === undefined) throw malformed('role', roles.join(', '));
  return {
    participantId: id(found.participantId, 'participantId'),
    organization: organizationName(found.organization),
    publicKey: key(found.publicKey, 'publicKey'),
    notBefore,
    notAfter: integer(found.notAfter, 'notAfter', notBefore + 1),
    role,
    ...(found.rotation === undefined ? {} : { rotation: rotationFromJson(found.rotation) }),
  };
}

function rotationFromJson(value: JsonValue): KeyRotation {
  const found = objectWith(value, ['previousKey', 'signature']);
  return { previousKey: key(found.previousKey, 'previousKey'), signature: bytesOf(found.signature, 'signature', 64) };
}

function operatorFromJson(value: JsonValue): RosterOperator {
  const found = objectWith(value, ['id', 'publicKey']);
  return { id: id(found.id, 'operator id'), publicKey: key(found.publicKey, 'publicKey') };
}

function requireSorted(names: readonly string[], what: string): void {
  for (let i = 1; i < names.length; i++) {
    if (order(names[i - 1]!, names[i]!) >= 0) throw malformed(what, 'sorted by id, each id once');
  }
}

// Two members with one key would be one party that counts twice; an operator's key must not speak for a member.
function requireDistinctKeys(roster: Roster): void {
  const keys = [...roster.members, ...roster.operators].map((entry) => toBase64url(entry.publicKey));
  keys.push(toBase64url(roster.coordinatorKey));
  if (new Set(keys).size !== keys.length) throw malformed('publicKey', 'used once in a roster');
}

// Ids are ASCII: code units are the order everywhere.
function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** An organization's name: 1 to 128 characters, trimmed, none that a terminal or log would obey. */
function organizationName(value: JsonValue | undefined): string {
  const fits =
    typeof value === 'string' &&
    value.length >= 1 &&
    value.length <= organizationCharactersMax &&
    value.trim() === value &&
    !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(value);
  if (!fits) throw malformed('organization', '1 to 128 printable characters');
  return value;
}

function key(value: JsonValue | undefined, field: string): Uint8Array {
  const bytes = bytesOf(value, field, 32);
  if (!isStrictEd25519Key(bytes)) throw malformed(field, 'a canonical Ed25519 key, not of small order');
  return bytes;
}

/** The members of a JSON object with exactly these names. @throws `malformed`. */
export function objectWith(
  value: JsonValue | undefined,
  required: readonly string[],
  optional: readonly string[] = [],
): Readonly<Record<string, JsonValue>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed('document', 'an object');
  const found = value as Readonly<Record<string, JsonValue>>;
  const missing = required.find((name) => !Object.hasOwn(found, name));
  if (missing !== undefined) throw malformed(missing, 'present');
  const foreign = Object.keys(found).find((name) => !required.includes(name) && !optional.includes(name));
  if (foreign !== undefined)
    throw malformed(foreign.slice(0, bounds.idCharactersMax), 'absent: this version does not know it');
  return found;
}

/** @throws `malformed` unless an id. */
export function id(value: JsonValue | undefined, field: string): string {
  if (typeof value !== 'string' || !isId(value)) throw malformed(field, 'an id: a–z, 0–9 and hyphen, at most 63');
  return value;
}

/** @throws `malformed` unless a safe integer of at least `least`. */
export function integer(value: JsonValue | undefined, field: string, least: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least) {
    throw malformed(field, `an integer of at least ${least}`);
  }
  return value;
}

/** @throws `malformed` unless base64url of exactly `length` bytes. */
export function bytesOf(value: JsonValue | undefined, field: string, length: number): Uint8Array {
  const fits = typeof value === 'string' && value.length === Math.ceil((length * 4) / 3);
  if (!fits) throw malformed(field, `${length} bytes as base64url`);
  return fromBase64url(value);
}

function list(value: JsonValue | undefined, field: string, most: number): readonly JsonValue[] {
  if (!Array.isArray(value) || value.length > most) throw malformed(field, `a list of at most ${most}`);
  return value;
}

function malformed(field: string, required: string): FederatedError {
  return new FederatedError('malformed', `${field} must be ${required}`, { detail: { field, required } });
}
