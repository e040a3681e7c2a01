import { concat, toHex, u16, utf8Encode } from '../bytes.js';
import type { CryptoPort } from '../crypto/port.js';
import { isStrictX25519Key } from '../crypto/strict-keys.js';
import { FederatedError } from '../errors.js';

/**
 * Refuse X25519 public keys that not every implementation treats alike: top bit set, ≥ 2^255 − 19, of low order.
 *
 * @throws `verification` `cohort.key`.
 */
export function requireAgreementKey(publicKey: Uint8Array): void {
  if (isStrictX25519Key(publicKey)) return;
  throw new FederatedError('verification', 'an agreement key is not canonical, of low order, or not 32 bytes', {
    detail: {
      rule: 'cohort.key',
      required: 'a canonical X25519 key of 32 bytes, not of low order',
      offered: `another one, of ${publicKey.length} bytes`,
    },
    fix: 'the participant has to make new session keys',
  });
}

/**
 * Refuse a cohort in which any of the 2n keys occurs twice: equal keys would give equal masks.
 *
 * @throws `verification` `cohort.duplicate-key`.
 */
export function requireDistinctKeys(keys: readonly Uint8Array[]): void {
  const distinct = new Set(keys.map(toHex)).size;
  if (distinct === keys.length) return;
  throw new FederatedError('verification', 'an agreement key occurs twice in the cohort', {
    detail: { rule: 'cohort.duplicate-key', required: keys.length, offered: distinct },
    fix: 'leave out the participants that share a key',
  });
}

/** X25519 secrets of one advertisement; 32 bytes each, derived, never stored. */
export interface AdvertSecrets {
  readonly sealing: Uint8Array;
  /** s_u: the mask seed. */
  readonly mask: Uint8Array;
}

/** Secrets of one session: b_u and the keys of the two coefficient streams; 32 bytes each. */
export interface DealSecrets {
  /** b_u: the self-mask secret. */
  readonly self: Uint8Array;
  readonly selfCoefficients: Uint8Array;
  readonly maskCoefficients: Uint8Array;
}

/** The secrets behind an advertisement, from the root ρ and configHash. */
export function deriveAdvertSecrets(crypto: CryptoPort, root: Uint8Array, config: Uint8Array): AdvertSecrets {
  return { sealing: derive(crypto, root, config, 'sealing'), mask: derive(crypto, root, config, 'mask') };
}

/** The secrets behind a deal, from ρ and sid: the same cohort gives the same shares, so a resend is identical. */
export function deriveDealSecrets(crypto: CryptoPort, root: Uint8Array, sid: Uint8Array): DealSecrets {
  return {
    self: derive(crypto, root, sid, 'self'),
    selfCoefficients: derive(crypto, root, sid, 'self-coefficients'),
    maskCoefficients: derive(crypto, root, sid, 'mask-coefficients'),
  };
}

/**
 * Single-use key of the box from dealer to receiver, from their X25519 shared secret.
 *
 * @param direction cohort indexes; the key binds them and sid, so the nonce can be zero.
 */
export function boxKey(
  crypto: CryptoPort,
  shared: Uint8Array,
  sid: Uint8Array,
  direction: { dealer: number; receiver: number },
): Uint8Array {
  return crypto.hkdf(shared, sid, concat(utf8Encode('CSA1/seal'), u16(direction.dealer), u16(direction.receiver)));
}

/** K_uv: the keystream key two dealers share, from the X25519 secret of their mask keys. The order of the two does not matter. */
export function pairwiseMaskKey(
  crypto: CryptoPort,
  shared: Uint8Array,
  sid2: Uint8Array,
  one: number,
  other: number,
): Uint8Array {
  return crypto.hkdf(
    shared,
    sid2,
    concat(utf8Encode('CSA1/mask'), u16(Math.min(one, other)), u16(Math.max(one, other))),
  );
}

/** The keystream key of a dealer's own mask, from b_u. */
export function selfMaskKey(crypto: CryptoPort, self: Uint8Array, sid2: Uint8Array, dealer: number): Uint8Array {
  return crypto.hkdf(self, sid2, concat(utf8Encode('CSA1/self'), u16(dealer)));
}

function derive(crypto: CryptoPort, root: Uint8Array, context: Uint8Array, label: string): Uint8Array {
  return crypto.hkdf(root, context, utf8Encode(`CSA1/derive/${label}`));
}
