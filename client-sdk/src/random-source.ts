import type { Random } from '@concordat/core';
import { systemRandom } from '@concordat/node';

/** What a client draws random bytes for: telling its starts apart, pauses before repetitions, session secrets, stochastic rounding, chunks to check. */
export type RandomPurpose = 'start' | 'backoff' | 'session-root' | 'rounding' | 'check';

/** One generator for all purposes, or one for each, so that what one purpose draws changes nothing for another. */
export type RandomSource = Random | ((purpose: RandomPurpose) => Random);

/** The generator of a purpose; the system's unless a source was given. */
export function randomFor(purpose: RandomPurpose, source: RandomSource = systemRandom): Random {
  return typeof source === 'function' ? source(purpose) : source;
}
