import { concat, utf8Encode } from '../bytes.js';
import type { CryptoPort, Signer } from '../crypto/port.js';
import type { Signed } from '../wire/messages.js';

/** What a signature is for. One label, one kind of body. */
export type SignatureLabel =
  | 'CSA1/config'
  | 'CSA1/advert'
  | 'CSA1/share'
  | 'CSA1/confirm'
  | 'CSA1/upload'
  | 'CSA1/proposal'
  | 'CSA1/survivors'
  | 'CSA1/reveal'
  | 'CSA1/receipt'
  | 'concordat/roster'
  | 'concordat/roster-key'
  | 'concordat/plan'
  | 'concordat/approval';

/** Sign a body: Ed25519 over `label ‖ 0x00 ‖ SHA-256(body)`. */
export function signBody(crypto: CryptoPort, signer: Signer, label: SignatureLabel, body: Uint8Array): Signed {
  return { body, signature: signer.sign(statement(label, crypto.sha256(body))) };
}

/** Whether `signed` carries this key's signature under this label. Never throws. */
export function verifyBody(crypto: CryptoPort, publicKey: Uint8Array, label: SignatureLabel, signed: Signed): boolean {
  return verifyBodyHash(crypto, publicKey, label, {
    bodyHash: crypto.sha256(signed.body),
    signature: signed.signature,
  });
}

/** The same from the body's SHA-256 alone. */
export function verifyBodyHash(
  crypto: CryptoPort,
  publicKey: Uint8Array,
  label: SignatureLabel,
  signed: { readonly bodyHash: Uint8Array; readonly signature: Uint8Array },
): boolean {
  return crypto.ed25519Verify(statement(label, signed.bodyHash), signed.signature, publicKey);
}

function statement(label: SignatureLabel, bodyHash: Uint8Array): Uint8Array {
  return concat(utf8Encode(label), Uint8Array.of(0), bodyHash);
}
