import type { CryptoPort } from '@concordat/core';
import { textOf } from './text-of.js';

/** What signatures of a simulation were verified. */
export interface Verifications {
  /** How often somebody asked whether a signature is right: as often as the participants of a real round do. */
  readonly asked: number;
  /** How many of them were computed; the rest had been, for the very same message, signature and key. */
  readonly computed: number;
}

/** Answers kept, some 400 bytes each. A round of a thousand in four groups signs some seven thousand statements. */
const answersMax = 65_536;

/**
 * A port whose signature checks are shared by everyone in a simulation. A thousand participants in one process check the same signatures
 * a thousand times; the answer for the same bytes is the same, so it is computed once.
 */
export class SharedVerifications {
  readonly crypto: CryptoPort;
  readonly #known = new Map<string, boolean>();
  #asked = 0;
  #computed = 0;

  constructor(crypto: CryptoPort) {
    const verify = crypto.ed25519Verify;
    this.crypto = { ...crypto, ed25519Verify: (...parts) => this.#verify(verify, parts) };
  }

  get counts(): Verifications {
    return { asked: this.#asked, computed: this.#computed };
  }

  #verify(verify: CryptoPort['ed25519Verify'], parts: Parameters<CryptoPort['ed25519Verify']>): boolean {
    this.#asked++;
    // Lengths, so that bytes cannot move from one part to the next.
    const name = parts.map((part) => `${part.length}:${textOf(part)}`).join('');
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    this.#computed++;
    const answer = verify(...parts);
    if (this.#known.size >= answersMax) this.#known.clear();
    this.#known.set(name, answer);
    return answer;
  }
}
