import { equalBytes } from '../bytes.js';
import type { CryptoPort } from '../crypto/port.js';
import { FederatedError } from '../errors.js';
import { plainKernels } from '../kernels/plain-kernels.js';
import type { Kernels } from '../kernels/port.js';
import type { Rule } from '../rules.js';
import type { ShareKind } from '../wire/messages.js';
import { selfSecretHash } from './dealing.js';
import { pairwiseMaskKey, selfMaskKey } from './keys.js';
import type { Layout } from './layout.js';
import type { MaskKey } from './masking.js';
import { unpackLanes } from './packing.js';
import { combine, type ShamirShare } from './shamir.js';

/** What a dealer committed to, against which its rebuilt secret is checked. */
export interface DealerCommitment {
  readonly sid: Uint8Array;
  readonly dealer: number;
  /** From its share body: H(b_u). */
  readonly selfSecretHash: Uint8Array;
  /** From its advertisement. */
  readonly maskKey: Uint8Array;
}

/**
 * Rebuild b_u (`self`) or s_u (`mask`) of a dealer from exactly t shares that match their leaves.
 *
 * @param shares [t] at x = 1 + cohort index.
 * @returns 32 bytes, secret; undefined when it contradicts the commitment: then the dealer dealt badly.
 */
export function rebuildSecret(
  crypto: CryptoPort,
  commitment: DealerCommitment,
  kind: ShareKind,
  shares: readonly ShamirShare[],
): Uint8Array | undefined {
  const secret = combine(shares);
  const matches =
    kind === 'self'
      ? equalBytes(selfSecretHash(crypto, commitment.sid, commitment.dealer, secret), commitment.selfSecretHash)
      : equalBytes(crypto.x25519PublicKey(secret), commitment.maskKey);
  return matches ? secret : undefined;
}

/**
 * The keystreams a dealer adds to its own vector: its self mask, and one with every other dealer, with + towards larger indexes.
 *
 * @param options.maskKeys [n] X25519 mask keys in cohort order.
 * @see Bonawitz et al., CCS 2017, §4: y_u = x_u + PRG(b_u) + Σ_{u<v} PRG(s_uv) − Σ_{u>v} PRG(s_uv).
 */
export function masksOfDealer(
  crypto: CryptoPort,
  options: {
    readonly sid2: Uint8Array;
    readonly dealer: number;
    readonly dealers: readonly number[];
    readonly self: Uint8Array;
    readonly mask: Uint8Array;
    readonly maskKeys: readonly Uint8Array[];
  },
): readonly MaskKey[] {
  const { sid2, dealer, dealers, maskKeys } = options;
  const others = dealers.filter((other) => other !== dealer);
  const shared = crypto.x25519(
    options.mask,
    others.map((other) => maskKeys[other]!),
  );
  const pairwise = others.map((other, at): MaskKey => {
    const key = pairwiseMaskKey(crypto, shared[at]!, sid2, dealer, other);
    return { key, sign: dealer < other ? 1 : -1 };
  });
  return [{ key: selfMaskKey(crypto, options.self, sid2, dealer), sign: 1 }, ...pairwise];
}

/**
 * The keystreams left in the survivors' sum, with the signs that take them out: every survivor's self mask, and what each survivor
 * shares with each dealer that dropped out. Masks between two survivors cancel by themselves.
 *
 * @param options.selfSecrets b_v by survivor index. @param options.maskSecrets s_v by index of a dropped dealer.
 */
export function masksOfSum(
  crypto: CryptoPort,
  options: {
    readonly sid2: Uint8Array;
    readonly selfSecrets: ReadonlyMap<number, Uint8Array>;
    readonly maskSecrets: ReadonlyMap<number, Uint8Array>;
    readonly maskKeys: readonly Uint8Array[];
  },
): readonly MaskKey[] {
  const { sid2, selfSecrets, maskSecrets, maskKeys } = options;
  const masks: MaskKey[] = [];
  for (const [survivor, self] of selfSecrets) masks.push({ key: selfMaskKey(crypto, self, sid2, survivor), sign: -1 });
  const survivors = [...selfSecrets.keys()];
  const keys = survivors.map((survivor) => maskKeys[survivor]!);
  for (const [dropped, secret] of maskSecrets) {
    const shared = crypto.x25519(secret, keys);
    survivors.forEach((survivor, at) => {
      const key = pairwiseMaskKey(crypto, shared[at]!, sid2, survivor, dropped);
      masks.push({ key, sign: survivor < dropped ? -1 : 1 });
    });
  }
  return masks;
}

/**
 * Decode an unmasked sum and check its guards.
 *
 * @param sum packed, all masks taken out; unchanged.
 * @param survivors |U3|: what every guard lane must sum to.
 * @returns one array per segment, [length], centred: the integer sum of the survivors' updates.
 * @throws `verification` `sum.guards` or `sum.padding`: a survivor's vector was not what the protocol says. Nothing of it may be used.
 */
export function openSum(
  layout: Layout,
  sum: Uint8Array,
  survivors: number,
  kernels: Kernels = plainKernels,
): readonly Int32Array[] {
  return unpackLanes(layout, sum, kernels).map(({ lanes, guards, padZero }, index) => {
    const name = layout.segments[index]!.segment.name;
    if (guards[0] !== survivors || guards[1] !== survivors) {
      throw spoiled('sum.guards', 'the guard lanes of an opened sum do not count its survivors', {
        segment: name,
        required: survivors,
      });
    }
    if (!padZero)
      throw spoiled('sum.padding', 'the padding of an opened sum is not zero', { segment: name, required: 0 });
    return lanes;
  });
}

function spoiled(
  rule: Rule<'verification'>,
  message: string,
  facts: { segment: string; required: number },
): FederatedError {
  return new FederatedError('verification', message, {
    detail: { rule, ...facts },
  });
}
