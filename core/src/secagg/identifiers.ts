import { u16, utf8Encode } from '../bytes.js';
import type { CryptoPort } from '../crypto/port.js';
import { toBitmap } from './bitmap.js';

const separator = Uint8Array.of(0);

/** H(tag, …) = SHA-256(tag ‖ 0x00 ‖ …). Parts have fixed length or are hashes, so no two lists of parts collide. */
export function taggedHash(crypto: CryptoPort, tag: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return crypto.sha256(utf8Encode(tag), separator, ...parts);
}

/** Identity of a configuration: H("CSA1/config", SHA-256(C)). */
export function configHash(crypto: CryptoPort, configBody: Uint8Array): Uint8Array {
  return taggedHash(crypto, 'CSA1/config', crypto.sha256(configBody));
}

/**
 * Identity of a cohort: H("CSA1/sid", configHash, u16 n, SHA-256(advert body_0), …).
 *
 * @param advertBodies [n] in cohort order. A client computes it and never accepts one.
 */
export function sessionId(crypto: CryptoPort, config: Uint8Array, advertBodies: readonly Uint8Array[]): Uint8Array {
  return taggedHash(
    crypto,
    'CSA1/sid',
    config,
    u16(advertBodies.length),
    ...advertBodies.map((body) => crypto.sha256(body)),
  );
}

/**
 * Identity of the dealers: H("CSA1/dealers", sid, bitmap(U2), SHA-256(share body_v) for v ∈ U2 ascending).
 *
 * @param members [|U2|] ascending, each with the digest of its share body.
 */
export function dealersId(
  crypto: CryptoPort,
  sid: Uint8Array,
  cohort: number,
  members: readonly DigestOf[],
): Uint8Array {
  return taggedHash(crypto, 'CSA1/dealers', sid, ...bitmapAndDigests(cohort, members));
}

/**
 * What a survivors statement is about: H("CSA1/inputs", sid2, bitmap(U3), SHA-256(upload body_v) for v ∈ U3 ascending).
 *
 * @param members [|U3|] ascending, each with the digest of its upload body.
 */
export function inputsHash(
  crypto: CryptoPort,
  sid2: Uint8Array,
  cohort: number,
  members: readonly DigestOf[],
): Uint8Array {
  return taggedHash(crypto, 'CSA1/inputs', sid2, ...bitmapAndDigests(cohort, members));
}

/** A cohort index with the SHA-256 of the body it signed. */
export interface DigestOf {
  readonly index: number;
  readonly bodyHash: Uint8Array;
}

function bitmapAndDigests(cohort: number, members: readonly DigestOf[]): readonly Uint8Array[] {
  return [
    toBitmap(
      cohort,
      members.map((member) => member.index),
    ),
    ...members.map((member) => member.bodyHash),
  ];
}
