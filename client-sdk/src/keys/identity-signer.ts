import { type CryptoPort, FederatedError, type Signer, toHex } from '@concordat/core';
import { type Clock, systemClock } from '@concordat/node';

/**
 * Signs with a participant's identity key where that is kept: a hardware module, a key service, another process. The directory then holds
 * no identity key. What it signs is a label and a digest, at most 64 bytes.
 */
export interface IdentitySigner {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  /**
   * An Ed25519 signature (RFC 8032, not pre-hashed) of 64 bytes, the same one for the same message. Checked before it is used. Every step of
   * a round waits for it: some tens of milliseconds are well, and after ten seconds it is given up.
   */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

/** What a signature may take: a step of a round waits for it. */
const signMillis = 10_000;

/** A signature that is not there yet. No error of ours: the machines turn those into refusals, and pass this one on. */
class SignatureWanted extends Error {
  readonly statement: Uint8Array;

  constructor(statement: Uint8Array) {
    super('a signature is awaited');
    this.statement = statement;
  }
}

/** Who signs, and what the answer is checked and timed with. */
export interface Asking {
  readonly signer: IdentitySigner;
  readonly crypto: CryptoPort;
  /** The system's unless said. */
  readonly clock?: Pick<Clock, 'after'> | undefined;
}

/**
 * Do work that signs, with a signer that is asked and waited for. The machines of the core sign as they go and are synchronous: the work is
 * begun, ends at the first signature that is missing, and is begun again when it came. See docs/decisions/0025.
 *
 * @param work pure: the same each time, and without effects of its own.
 * @throws `unavailable` `identity.signer` when the signer fails or does not answer; `verification` `identity.signature` for a signature that
 *   is none of its key; what the work throws.
 */
export async function signingWith<Result>(asking: Asking, work: (signer: Signer) => Result): Promise<Result> {
  const held = new Map<string, Uint8Array>();
  const { publicKey } = asking.signer;
  const sign = (message: Uint8Array): Uint8Array => {
    const signature = held.get(toHex(message));
    if (signature === undefined) throw new SignatureWanted(message.slice());
    return signature.slice();
  };
  for (;;) {
    try {
      return work({ publicKey, sign });
    } catch (error) {
      if (!(error instanceof SignatureWanted)) throw error;
      held.set(toHex(error.statement), await signed(asking, error.statement));
    }
  }
}

/** Whether this is about the signer, and about nothing that anybody sent. */
export function isOfSigner(error: unknown): boolean {
  const rule = error instanceof FederatedError ? error.detail.rule : undefined;
  return rule === 'identity.signer' || rule === 'identity.signature';
}

/** @throws `invalid-argument` unless its key is one. */
export function requireSigner(signer: IdentitySigner): IdentitySigner {
  const { publicKey } = signer;
  if (publicKey instanceof Uint8Array && publicKey.length === 32) return signer;
  throw new FederatedError('invalid-argument', 'the identity signer has no Ed25519 public key', {
    detail: { required: '32 bytes', offered: publicKey instanceof Uint8Array ? publicKey.length : typeof publicKey },
    fix: 'Pass the raw public key, without DER around it.',
  });
}

async function signed({ signer, crypto, clock = systemClock }: Asking, message: Uint8Array): Promise<Uint8Array> {
  // As its method, and what it throws before it promises anything fails as a promise does.
  const signature = await inTime((async () => signer.sign(message.slice()))(), clock);
  const isGood = signature instanceof Uint8Array && crypto.ed25519Verify(message, signature, signer.publicKey);
  if (isGood) return signature.slice();
  throw new FederatedError('verification', 'the identity signer gave a signature that is none of its key', {
    detail: { rule: 'identity.signature', required: 'an Ed25519 signature of 64 bytes', offered: 'another one' },
    fix: 'Look which key the signer uses, and that it signs the message itself and no digest of it. Nothing was sent.',
  });
}

async function inTime(signing: Promise<Uint8Array>, clock: Pick<Clock, 'after'>): Promise<Uint8Array> {
  let answered: () => void = () => undefined;
  const late = new Promise<never>((_, reject) => {
    answered = clock.after(signMillis, () => reject(new Error(`no answer within ${signMillis} ms`)));
  });
  try {
    return await Promise.race([signing, late]);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n')[0]!.slice(0, 200) : 'unknown failure';
    throw new FederatedError('unavailable', `the identity signer does not sign: ${why}`, {
      cause,
      detail: { rule: 'identity.signer' },
      fix: 'Bring the hardware module or key service back, then start the client again: it goes on where that is safe.',
    });
  } finally {
    answered();
  }
}
