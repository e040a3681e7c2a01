import { fromBase64url, isStrictEd25519Key, toBase64url } from '@concordat/core';

/** A person's public key as policies and commands write it: 32 bytes as 43 characters of base64url. */
export function approverKeyText(publicKey: Uint8Array): string {
  return toBase64url(publicKey);
}

/** Whether the text is a public key that {@link approverKeyText} wrote. */
export function isApproverKey(text: string): boolean {
  if (!/^[A-Za-z0-9_-]{43}$/.test(text)) return false;
  try {
    const key = fromBase64url(text);
    return isStrictEd25519Key(key) && toBase64url(key) === text;
  } catch {
    // The last character carries bits that no key has.
    return false;
  }
}
