import { concat, utf8Encode } from '../bytes.js';
import type { CryptoPort, Signer } from '../crypto/port.js';
import { type ErrorDetail, FederatedError } from '../errors.js';
import type { Rule } from '../rules.js';
import type { BodyCodec, Signed } from '../wire/messages.js';

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
  | 'CSA1/abort'
  | 'CSA1/aggregate'
  | 'CSA1/result'
  | 'CSA1/disputed'
  | 'CSA1/receipt'
  | 'concordat/roster'
  | 'concordat/roster-key'
  | 'concordat/plan'
  | 'concordat/approval'
  | 'concordat/plan-decision'
  | 'concordat/key-rotation'
  | 'concordat/enrolment';

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

/**
 * Verify a signed body and decode it.
 *
 * @param expected.rule named in the error when the signature is wrong.
 * @throws `verification` for a wrong signature, `malformed` when the body does not decode.
 */
export function readSigned<T>(
  crypto: CryptoPort,
  codec: BodyCodec<T>,
  signed: Signed,
  expected: { readonly label: SignatureLabel; readonly publicKey: Uint8Array; readonly rule: Rule<'verification'> },
): T {
  if (!verifyBody(crypto, expected.publicKey, expected.label, signed)) {
    throw contradiction(expected.rule, 'a signature does not verify', {
      required: `a signature under ${expected.label}`,
      offered: 'a signature that does not verify',
    });
  }
  return decodeBody(codec, signed.body);
}

/**
 * Decode a body; whatever its codec throws becomes `malformed`.
 *
 * @throws `malformed`.
 */
export function decodeBody<T>(codec: BodyCodec<T>, body: Uint8Array): T {
  try {
    return codec.decode(body);
  } catch (cause) {
    if (cause instanceof FederatedError) throw cause;
    throw new FederatedError('malformed', 'a signed body does not decode', { detail: { bytes: body.length }, cause });
  }
}

/**
 * What was sent contradicts a signature, a commitment or something sent before.
 *
 * @param rule dotted name of the rule, e.g. `cohort.second`; the closed list says what to do.
 */
export function contradiction(
  rule: Rule<'verification'>,
  message: string,
  facts: ErrorDetail & { readonly required: string | number; readonly offered: string | number },
): FederatedError {
  return new FederatedError('verification', message, {
    detail: { rule, ...facts },
  });
}
