import { concat, equalBytes, u16 } from '../bytes.js';
import type { CryptoPort } from '../crypto/port.js';
import type { DealtBox, ShareKind } from '../wire/messages.js';
import { taggedHash } from './identifiers.js';
import { boxKey, type DealSecrets } from './keys.js';
import { merkleLeaf, merkleRoot, merkleVerify } from './merkle.js';
import { shareBytes, split } from './shamir.js';

/** Poly1305 tag in front of the 64 bytes of two shares. */
export const boxBytes = 2 * shareBytes + 16;
// The key of a box is used once, so the nonce need not vary.
const nonce = new Uint8Array(24);

/** From whom to whom a pair of shares goes: sid and cohort indexes. */
export interface DealPosition {
  readonly sid: Uint8Array;
  readonly dealer: number;
  readonly receiver: number;
}

/** The two shares one member holds of one dealer; 32 bytes each, secret. */
export interface SharePair {
  readonly self: Uint8Array;
  readonly mask: Uint8Array;
}

/** A dealer's boxes with what it signs about them. */
export interface Deal {
  readonly boxes: readonly DealtBox[];
  readonly dealRoot: Uint8Array;
  readonly selfSecretHash: Uint8Array;
  /** The dealer's shares of its own secrets. */
  readonly own: SharePair;
}

/**
 * Share b_u and s_u with the cohort, one sealed pair per member. The same input gives the same bytes.
 *
 * @param options.shared [n] X25519 secrets with each member's sealing key; own entry unused.
 * @param options.maskSecret s_u, 32 bytes.
 */
export function deal(
  crypto: CryptoPort,
  options: {
    readonly sid: Uint8Array;
    readonly dealer: number;
    readonly threshold: number;
    readonly shared: readonly Uint8Array[];
    readonly maskSecret: Uint8Array;
    readonly secrets: DealSecrets;
  },
): Deal {
  const { sid, dealer, threshold, shared, secrets } = options;
  const coefficients = shareBytes * (threshold - 1);
  const self = split(secrets.self, crypto.keystream(secrets.selfCoefficients, 0, coefficients), shared.length);
  const mask = split(options.maskSecret, crypto.keystream(secrets.maskCoefficients, 0, coefficients), shared.length);
  const boxes = shared.map((secret, receiver) => {
    const position = { sid, dealer, receiver };
    const key = receiver === dealer ? undefined : boxKey(crypto, secret, sid, position);
    return {
      box:
        key === undefined
          ? new Uint8Array(0)
          : crypto.secretboxSeal(concat(self[receiver]!, mask[receiver]!), nonce, key),
      selfShareHash: shareHash(crypto, position, 'self', self[receiver]!),
      maskShareHash: shareHash(crypto, position, 'mask', mask[receiver]!),
    };
  });
  return {
    boxes,
    dealRoot: merkleRoot(crypto, dealLeaves(crypto, sid, dealer, boxes)),
    selfSecretHash: selfSecretHash(crypto, sid, dealer, secrets.self),
    own: { self: self[dealer]!, mask: mask[dealer]! },
  };
}

/** Leaf hashes of a deal, one per cohort index. */
export function dealLeaves(
  crypto: CryptoPort,
  sid: Uint8Array,
  dealer: number,
  boxes: readonly DealtBox[],
): readonly Uint8Array[] {
  return boxes.map((box, receiver) => dealLeaf(crypto, { sid, dealer, receiver }, box));
}

/**
 * Open one received box and check everything the dealer committed to.
 *
 * @param options.shared the X25519 secret with the dealer's sealing key.
 * @returns undefined when the path, the tag or a share hash is wrong: then the dealer is not confirmed, and nobody is accused.
 */
export function openBox(
  crypto: CryptoPort,
  options: {
    readonly position: DealPosition;
    readonly shared: Uint8Array;
    readonly cohort: number;
    readonly dealRoot: Uint8Array;
    readonly box: DealtBox;
    readonly path: readonly Uint8Array[];
  },
): SharePair | undefined {
  const { position, box } = options;
  if (box.box.length !== boxBytes) return undefined;
  const leaf = dealLeaf(crypto, position, box);
  const proof = { leaf, index: position.receiver, count: options.cohort, path: options.path, root: options.dealRoot };
  if (!merkleVerify(crypto, proof)) return undefined;
  const plaintext = crypto.secretboxOpen(box.box, nonce, boxKey(crypto, options.shared, position.sid, position));
  if (plaintext === undefined || plaintext.length !== 2 * shareBytes) return undefined;
  const pair = { self: plaintext.slice(0, shareBytes), mask: plaintext.slice(shareBytes) };
  const matches =
    equalBytes(shareHash(crypto, position, 'self', pair.self), box.selfShareHash) &&
    equalBytes(shareHash(crypto, position, 'mask', pair.mask), box.maskShareHash);
  return matches ? pair : undefined;
}

/** H("CSA1/b" or "CSA1/s", sid, u, v, share). No salt: a share is 256 uniform bits. */
export function shareHash(crypto: CryptoPort, position: DealPosition, kind: ShareKind, share: Uint8Array): Uint8Array {
  const tag = kind === 'self' ? 'CSA1/b' : 'CSA1/s';
  return taggedHash(crypto, tag, position.sid, u16(position.dealer), u16(position.receiver), share);
}

/** H(b_u): the commitment against which a rebuilt self-mask secret is checked. */
export function selfSecretHash(crypto: CryptoPort, sid: Uint8Array, dealer: number, self: Uint8Array): Uint8Array {
  return taggedHash(crypto, 'CSA1/self-secret', sid, u16(dealer), self);
}

function dealLeaf(crypto: CryptoPort, position: DealPosition, box: DealtBox): Uint8Array {
  const { sid, dealer, receiver } = position;
  const content = taggedHash(
    crypto,
    'CSA1/deal',
    sid,
    u16(dealer),
    u16(receiver),
    crypto.sha256(box.box),
    box.selfShareHash,
    box.maskShareHash,
  );
  return merkleLeaf(crypto, content);
}
