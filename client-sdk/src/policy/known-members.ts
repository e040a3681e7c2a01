import { type RosterView, sameFingerprint } from '@concordat/core';
import { fingerprintOf } from '@concordat/node';

/**
 * Members whose identity key has one of the fingerprints that a person compared.
 *
 * @param known of `policy.yaml`: hexadecimal, whole or its first 128 bits as people read them to each other.
 * @returns participant ids; undefined without a list, which is not the same as an empty one.
 */
export function listedMembers(
  roster: RosterView,
  known: readonly string[] | undefined,
): ReadonlySet<string> | undefined {
  if (known === undefined) return undefined;
  const members = [...roster].filter(([, { publicKey }]) =>
    known.some((typed) => sameFingerprint(fingerprintOf(publicKey), typed)),
  );
  return new Set(members.map(([participantId]) => participantId));
}
