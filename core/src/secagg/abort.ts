import { equalBytes, toHex } from '../bytes.js';
import type { CryptoPort, Signer } from '../crypto/port.js';
import { refusal } from '../errors.js';
import type { AbortCertificateFrame, SessionCodec, Signed } from '../wire/messages.js';
import { contradiction, decodeBody, readSigned, signBody, verifyBody } from './signing.js';

interface AbortPorts {
  readonly crypto: CryptoPort;
  readonly codec: Pick<SessionCodec, 'abort'>;
}

/** Sign that nothing is ever revealed in the session of `sid`. Every member signs the same body. */
export function signAbort(
  { crypto, codec, signer }: AbortPorts & { readonly signer: Signer },
  sid: Uint8Array,
): Signed {
  return signBody(crypto, signer, 'CSA1/abort', codec.abort.encode({ sid }));
}

/**
 * One member's abort of this session.
 *
 * @throws `verification` `abort.signature`, `abort.session`; `malformed`.
 */
export function checkAbort(
  { crypto, codec }: AbortPorts,
  statement: Signed,
  expected: { readonly sid: Uint8Array; readonly publicKey: Uint8Array },
): void {
  const { publicKey, sid } = expected;
  const body = readSigned(crypto, codec.abort, statement, { label: 'CSA1/abort', publicKey, rule: 'abort.signature' });
  requireAbortOf(sid, body.sid);
}

/** @throws `verification` `abort.session` when an abort is about another session than the one whose cohort was accepted. */
export function requireAbortOf(sid: Uint8Array, offered: Uint8Array): void {
  if (equalBytes(sid, offered)) return;
  throw contradiction('abort.session', 'an abort is about another session', {
    required: toHex(sid),
    offered: toHex(offered),
  });
}

/**
 * An abort certificate: A distinct members of the cohort signed abort, so at most n − A + c < T shares of this session can ever exist.
 *
 * @param expected.cohort [n] identity keys in cohort order; undefined for a member the roster does not know any more. @param expected.abortQuorum A.
 * @returns cohort indexes of the signers, as the certificate lists them.
 * @throws `refused` `abort.short`; `verification` `abort.session`, `abort.repeated`, `abort.signer`, `abort.signature`; `malformed`.
 */
export function readAbortCertificate(
  { crypto, codec }: AbortPorts,
  frame: AbortCertificateFrame,
  expected: {
    readonly sid: Uint8Array;
    readonly cohort: readonly (Uint8Array | undefined)[];
    readonly abortQuorum: number;
  },
): readonly number[] {
  const { sid, cohort, abortQuorum } = expected;
  const { body, signatures } = frame;
  requireAbortOf(sid, decodeBody(codec.abort, body).sid);
  if (signatures.length < abortQuorum) {
    throw refusal('abort.short', 'an abort certificate carries too few signatures', {
      required: abortQuorum,
      offered: signatures.length,
    });
  }
  const signers = new Set<number>();
  for (const { participant, signature } of signatures) {
    if (signers.has(participant)) {
      throw contradiction('abort.repeated', 'an abort certificate counts a signer twice', {
        required: 'distinct signers',
        offered: participant,
      });
    }
    signers.add(participant);
    const publicKey = cohort[participant];
    if (publicKey === undefined) {
      throw contradiction('abort.signer', 'an abort certificate is signed by somebody outside the cohort', {
        required: `an index below ${cohort.length}`,
        offered: participant,
      });
    }
    if (!verifyBody(crypto, publicKey, 'CSA1/abort', { body, signature })) {
      throw contradiction('abort.signature', 'a signature of an abort certificate does not verify', {
        required: 'a signature on this abort',
        offered: 'a signature that does not verify',
        participant,
      });
    }
  }
  return [...signers];
}
