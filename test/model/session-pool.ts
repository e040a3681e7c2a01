import {
  type AggregatorOptions,
  type RosterView,
  type Segment,
  type SessionConfig,
  type Signer,
  u16,
  utf8Encode,
} from '@concordat/core';
import { sessionCodec } from '@concordat/proto';
import { memoizedCrypto, memoizedIdentity } from '../support/memoized-crypto.js';
import type { SessionSetup } from './session-operation.js';

export const crypto = memoizedCrypto;
export const codec = sessionCodec;

/** Digits in lanes of 24 and 32 bits; a lane of 16 bits; the weights. */
const segments: readonly Segment[] = [
  { name: 'wide', length: 8, bits: 32, quantBits: 0, bound: 2 ** 21, kind: 'metrics' },
  { name: 'middle', length: 5, bits: 24, quantBits: 21, bound: 1, kind: 'model' },
  { name: 'narrow', length: 3, bits: 16, quantBits: 11, bound: 1, kind: 'model' },
  { name: 'weight', length: 1, bits: 32, quantBits: 0, bound: 32_768, kind: 'weight' },
];

/** Bytes that depend on a name and some numbers only. */
export function namedBytes(name: string, ...numbers: readonly number[]): Uint8Array {
  return crypto.sha256(utf8Encode(`model/${name}`), ...numbers.map((number) => u16(number)));
}

const identities = new Map<number, Signer>();

/** The identity of a place; the coordinator's is 99. */
export function identityOf(place: number): Signer {
  const known = identities.get(place) ?? memoizedIdentity(namedBytes('identity', place));
  identities.set(place, known);
  return known;
}

export const coordinatorPlace = 99;

/** Ids of n participants, in cohort order. */
export function idsOf(participants: number): readonly string[] {
  return Array.from({ length: participants }, (_, place) => `p${place}`);
}

/** The place of an id. */
export function placeOf(id: string): number {
  return Number(id.slice(1));
}

/** The roster of n participants, one organization each. */
export function rosterOf(participants: number): RosterView {
  return new Map(
    idsOf(participants).map((id, place) => [id, { organization: `org-${id}`, publicKey: identityOf(place).publicKey }]),
  );
}

/** C of one setup. @param nonce another number is another session of the same terms. */
export function configOf({ participants, colluders, pool }: SessionSetup, nonce = 0): SessionConfig {
  return {
    suite: 'CSA1',
    runId: 'run-1',
    round: 1,
    kind: 'train',
    sessionNonce: namedBytes('nonce', pool, nonce),
    rosterHash: namedBytes('roster', pool),
    baseModelHash: namedBytes('base', pool),
    planHash: namedBytes('plan', pool),
    parameters: 8,
    segments,
    clippingNorm: 1,
    maxWeight: 100,
    minCohort: Math.max(3, colluders + 2),
    maxCohort: participants,
    minSurvivors: 3,
    maxColluders: colluders,
    privacy: 'none',
    stepMillis: 10_000,
  };
}

/** What a session of one setup is opened with. @param nonce as of `configOf`. */
export function optionsOf(setup: SessionSetup, nonce = 0): AggregatorOptions {
  const { participants } = setup;
  return { config: configOf(setup, nonce), roster: rosterOf(participants), invited: idsOf(participants) };
}
