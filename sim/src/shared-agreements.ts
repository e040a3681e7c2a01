import type { CryptoPort } from '@concordat/core';
import type { Verifications } from './shared-verifications.js';
import { textOf } from './text-of.js';

/** What parties of a simulation share: the answers of signature checks alone, or agreements and derived keys as well. */
export type Sharing = 'verifications' | 'agreements';

/** Secrets kept for the other side. A round of a thousand in four groups has some 150,000 that one side has asked for. */
const waitingMax = 1_048_576;

/**
 * A port whose agreements are computed by one side and handed to the other. Both parties of a pair agree on the same secret and derive the
 * same keys of it; a simulation has both in one process, so that the second to ask is given what the first computed. An answer is kept until
 * then and no longer: a third who asks computes it.
 *
 * For simulations only: their secrets are drawn from a seed, and nobody's.
 */
export class SharedAgreements {
  readonly crypto: CryptoPort;
  readonly #publicKeys = new Map<string, string>();
  readonly #agreed: Waiting;
  readonly #derived: Waiting;

  /** @param sharing `verifications`: everybody computes its own, which is counted. */
  constructor(crypto: CryptoPort, sharing: Sharing = 'agreements') {
    const isShared = sharing === 'agreements';
    this.#agreed = new Waiting(isShared);
    this.#derived = new Waiting(isShared);
    const { x25519, x25519PublicKey, hkdf } = crypto;
    this.crypto = {
      ...crypto,
      x25519PublicKey: (secret) => {
        const publicKey = x25519PublicKey(secret);
        this.#publicKeys.set(textOf(secret), textOf(publicKey));
        return publicKey;
      },
      x25519: (secret, publicKeys) => {
        const ours = this.#publicKeys.get(textOf(secret)) ?? textOf(x25519PublicKey(secret));
        const names = publicKeys.map((key) => pairName(ours, textOf(key)));
        const given = names.map((name) => this.#agreed.take(name));
        const computed = x25519(
          secret,
          publicKeys.filter((_, i) => given[i] === undefined),
        );
        let next = 0;
        return given.map((known, i) => known ?? this.#agreed.keep(names[i]!, computed[next++]!));
      },
      hkdf: (secret, salt, info) => {
        // Salts have 32 bytes, so no byte can move from one part to the next; others are computed.
        if (salt.length !== 32 || secret.length !== 32) return hkdf(secret, salt, info);
        const name = textOf(secret) + textOf(salt) + textOf(info);
        return this.#derived.take(name) ?? this.#derived.keep(name, hkdf(secret, salt, info));
      },
    };
  }

  /** Of X25519 with one other. */
  get agreements(): Verifications {
    return this.#agreed.counts;
  }

  /** Of keys by HKDF. */
  get derivations(): Verifications {
    return this.#derived.counts;
  }
}

/** Answers of 32 bytes that one of two has asked for. */
class Waiting {
  readonly #answers = new Map<string, string>();
  readonly #isShared: boolean;
  #asked = 0;
  #computed = 0;

  constructor(isShared: boolean) {
    this.#isShared = isShared;
  }

  get counts(): Verifications {
    return { asked: this.#asked, computed: this.#computed };
  }

  take(name: string): Uint8Array | undefined {
    this.#asked++;
    const text = this.#answers.get(name);
    if (text === undefined) return undefined;
    this.#answers.delete(name);
    return bytesOf(text);
  }

  keep(name: string, answer: Uint8Array): Uint8Array {
    this.#computed++;
    if (!this.#isShared) return answer;
    if (this.#answers.size >= waitingMax) this.#answers.clear();
    this.#answers.set(name, textOf(answer));
    return answer;
  }
}

function pairName(one: string, other: string): string {
  return one < other ? one + other : other + one;
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}
