import type { Adversary, Attacked } from './adversary.js';
import { normalQuantile } from './normal-quantile.js';

/** An attack by its name in scenario files. */
export type AttackRule =
  | { readonly name: 'label-flip' }
  | { readonly name: 'sign-flip'; readonly factor: number }
  | { readonly name: 'scale'; readonly factor: number }
  | { readonly name: 'gaussian'; readonly deviation: number }
  | { readonly name: 'free-rider' }
  | { readonly name: 'alie' }
  | { readonly name: 'ipm'; readonly factor: number };

/** The adversary of a rule. */
export function adversaryOf(rule: AttackRule): Adversary {
  switch (rule.name) {
    case 'label-flip':
      return { relabel: flipped };
    case 'sign-flip':
      return { delta: ({ own }) => scaled(own, -rule.factor) };
    case 'scale':
      return { delta: ({ own }) => scaled(own, rule.factor) };
    case 'gaussian':
      return { delta: ({ own, draws }) => own.map(() => rule.deviation * draws.normal()) };
    case 'free-rider':
      return { delta: ({ own }) => own.fill(0) };
    case 'alie':
      return { delta: littleIsEnough };
    case 'ipm':
      return { delta: ({ colluding }) => scaled(meanOf(colluding), -rule.factor) };
  }
}

/** The last class for the first, and so on. @see Fang et al. 2020 (arXiv:1911.11815), label flipping attack. */
function flipped(classes: number): number[] {
  return Array.from({ length: classes }, (_, label) => classes - 1 - label);
}

/**
 * The adversaries' own mean, moved against it by as many of its standard deviations as a defence still takes for one of the majority.
 *
 * @see Baruch et al. 2019 (arXiv:1902.06156), "A little is enough", Algorithm 3; mean and deviation are those of the adversaries' own
 *   trained deltas, since they see no others.
 */
function littleIsEnough({ own, colluding, participants }: Attacked): Float32Array {
  const supporters = Math.floor(participants / 2 + 1) - colluding.length;
  const honest = participants - colluding.length;
  // Alone, or in the majority: nobody to hide among.
  if (colluding.length < 2 || supporters < 1 || honest <= supporters) return own;
  const deviations = normalQuantile((honest - supporters) / honest);
  const mean = meanOf(colluding);
  return mean.map((value, i) => {
    let squares = 0;
    for (const delta of colluding) squares += (delta[i]! - value) ** 2;
    return value - deviations * Math.sqrt(squares / colluding.length);
  });
}

/** Sums in float64. */
function meanOf(deltas: readonly Float32Array[]): Float32Array {
  return deltas[0]!.map((_, i) => {
    let sum = 0;
    for (const delta of deltas) sum += delta[i]!;
    return sum / deltas.length;
  });
}

function scaled(delta: Float32Array, factor: number): Float32Array {
  for (let i = 0; i < delta.length; i++) delta[i] = factor * delta[i]!;
  return delta;
}
