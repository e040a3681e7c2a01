// Which public keys and signatures every implementation of the port accepts. Libraries differ exactly here:
// tweetnacl takes S + L and low-order points, OpenSSL takes non-canonical X25519 keys, a small-order
// identity key verifies any message in both, and libsodium alone refuses an R of small order. So the checks are ours and come before the library.

/** Field prime p = 2^255 − 19, little-endian. */
const fieldPrime = littleEndian('7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed');

/** Group order L = 2^252 + 27742317777372353535851937790883648493, little-endian. */
const groupOrder = littleEndian('1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed');

/** u-coordinates of order 1, 2, 4 and 8 on the curve and its twist (RFC 7748 §7; Bernstein's list without the aliases ≥ p). */
const lowOrderU = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000001',
  '7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec',
  '00b8495f16056286fdb1329ceb8d09da6ac49ff1fae35616aeb8413b7c7aebe0',
  '57119fd0dd4e22d8868e1c58c45c44045bef839c55b1d0b1248c50a3bc959c5f',
].map(littleEndian);

/** y-coordinates of the eight points of small order on edwards25519; the sign bit of x is looked at separately. */
const smallOrderY = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000001',
  '7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec',
  '05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826',
  '7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7',
].map(littleEndian);

/** Whether an X25519 public key is 32 bytes, canonical (top bit clear, below p) and not of low order (RFC 7748 §5, §7). */
export function isStrictX25519Key(publicKey: Uint8Array): boolean {
  return (
    publicKey.length === 32 &&
    isBelow(publicKey, fieldPrime) &&
    !lowOrderU.some((point) => compare(publicKey, point) === 0)
  );
}

/** Whether an Ed25519 public key is 32 bytes with a canonical y and not of small order. It need not lie on the curve. */
export function isStrictEd25519Key(publicKey: Uint8Array): boolean {
  return publicKey.length === 32 && isStrictPoint(publicKey);
}

/** Whether an Ed25519 signature is 64 bytes with S < L (RFC 8032 §5.1.7) and an R that is canonical and not of small order, as libsodium demands. */
export function isStrictEd25519Signature(signature: Uint8Array): boolean {
  return (
    signature.length === 64 && isBelow(signature.subarray(32), groupOrder) && isStrictPoint(signature.subarray(0, 32))
  );
}

/** Whether the y of a point is canonical and not that of a small order; its top bit is the sign of x. */
function isStrictPoint(point: Uint8Array): boolean {
  const y = point.slice();
  y[31]! &= 0x7f;
  return isBelow(y, fieldPrime) && !smallOrderY.some((small) => compare(y, small) === 0);
}

function isBelow(value: Uint8Array, limit: Uint8Array): boolean {
  return compare(value, limit) < 0;
}

/** Little-endian comparison of public values. */
function compare(a: Uint8Array, b: Uint8Array): number {
  for (let i = 31; i >= 0; i--) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return 0;
}

function littleEndian(bigEndianHex: string): Uint8Array {
  return Uint8Array.from(bigEndianHex.match(/../g)!, (pair) => Number.parseInt(pair, 16)).reverse();
}
