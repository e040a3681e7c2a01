import { equalBytes, inOneBlock } from '../bytes.js';
import type { CryptoPort } from '../crypto/port.js';

const leafPrefix = Uint8Array.of(0);
const nodePrefix = Uint8Array.of(1);

/** Hash of one leaf: SHA-256(0x00 ‖ data). */
export function merkleLeaf(crypto: CryptoPort, data: Uint8Array): Uint8Array {
  return crypto.sha256(leafPrefix, data);
}

/**
 * The root over leaf hashes, 32 bytes; of no leaves, SHA-256 of nothing.
 *
 * @see RFC 6962 §2.1.
 */
export function merkleRoot(crypto: CryptoPort, leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return crypto.sha256();
  // An odd one out moves up unchanged, which is RFC 6962's split at the largest power of two.
  let level = leaves;
  while (level.length > 1) level = nextLevel(crypto, level);
  return level[0]!;
}

/**
 * The inclusion path of every leaf at once, lowest sibling first.
 *
 * @see RFC 6962 §2.1.1.
 */
export function merklePaths(crypto: CryptoPort, leaves: readonly Uint8Array[]): readonly (readonly Uint8Array[])[] {
  const paths: Uint8Array[][] = leaves.map(() => []);
  let level = leaves;
  for (let height = 0; level.length > 1; height++) {
    for (let index = 0; index < leaves.length; index++) {
      const sibling = level[(index >> height) ^ 1];
      if (sibling !== undefined) paths[index]!.push(sibling);
    }
    level = inOneBlock(nextLevel(crypto, level));
  }
  return paths;
}

/**
 * Whether the leaf hash stands at `index` of `count` leaves under `root`.
 *
 * @see RFC 9162 §2.1.3.2.
 */
export function merkleVerify(
  crypto: CryptoPort,
  proof: {
    readonly leaf: Uint8Array;
    readonly index: number;
    readonly count: number;
    readonly path: readonly Uint8Array[];
    readonly root: Uint8Array;
  },
): boolean {
  if (proof.index < 0 || proof.index >= proof.count) return false;
  let hash = proof.leaf;
  let index = proof.index;
  let last = proof.count - 1;
  let used = 0;
  for (; last > 0; index >>= 1, last >>= 1) {
    if ((index & 1) === 0 && index === last) continue;
    const sibling = proof.path[used++];
    if (sibling === undefined || sibling.length !== 32) return false;
    hash = (index & 1) === 1 ? crypto.sha256(nodePrefix, sibling, hash) : crypto.sha256(nodePrefix, hash, sibling);
  }
  return used === proof.path.length && equalBytes(hash, proof.root);
}

function nextLevel(crypto: CryptoPort, level: readonly Uint8Array[]): readonly Uint8Array[] {
  const next: Uint8Array[] = [];
  for (let i = 0; i + 1 < level.length; i += 2) next.push(crypto.sha256(nodePrefix, level[i]!, level[i + 1]!));
  if (level.length % 2 === 1) next.push(level[level.length - 1]!);
  return next;
}
