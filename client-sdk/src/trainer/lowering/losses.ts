import { isTrue, isWithin, sumOfLast } from './activations.js';
import type { Graph } from './graph.js';
import { NotLowered } from './not-lowered.js';

/** What tfjs keeps probabilities away from 0 and 1 by. */
const epsilon = 1e-7;

export interface LoweredLoss {
  /** Scalar: the mean over the batch, and over all but the last axis. */
  readonly loss: string;
  /** Its derivative by what `by` says. */
  readonly gradient: string;
  /** `logits` where the softmax before is differentiated along with it. */
  readonly by: 'predicted' | 'logits';
}

/** [batch, …] both. `softmax`: `predicted` is the output of a softmax along the last axis. */
interface Compared {
  readonly truth: string;
  readonly predicted: string;
  readonly softmax: boolean;
}

type LowerLoss = (graph: Graph, compared: Compared) => LoweredLoss;

const losses: Readonly<Record<string, LowerLoss>> = {
  categoricalCrossentropy,
  // As in objective.ts: targets are one-hot before.
  sparseCategoricalCrossentropy: categoricalCrossentropy,
  binaryCrossentropy,
  meanSquaredError,
};

/** As `objective.ts` measures it, which is as `tfjs-layers/src/losses.ts` does. */
export function lowerLoss(graph: Graph, name: string, compared: Compared): LoweredLoss {
  const lower = Object.hasOwn(losses, name) ? losses[name] : undefined;
  if (lower === undefined) throw new NotLowered(`loss ${name.slice(0, 40)} is not lowered`);
  return lower(graph, compared);
}

function categoricalCrossentropy(g: Graph, { truth, predicted, softmax }: Compared): LoweredLoss {
  const sum = sumOfLast(g, predicted);
  const share = g.op('Div', [predicted, sum]);
  const clipped = g.op('Clip', [share, g.scalar(epsilon), g.scalar(1 - epsilon)]);
  const counted = isTrue(g, isWithin(g, share, epsilon, 1 - epsilon));
  const each = sumOfLast(g, g.op('Mul', [truth, g.op('Log', [clipped])]));
  const count = sizeOf(g, each);
  const loss = g.op('Neg', [g.op('ReduceMean', [each], { keepdims: 0 })]);
  const seen = g.op('Mul', [truth, counted]);
  if (softmax) {
    // Softmax, its normalization and the logarithm in one: Σ(seen) · p − seen. A clipped class has no slope, so it is not seen.
    const difference = g.op('Sub', [g.op('Mul', [predicted, sumOfLast(g, seen)]), seen]);
    return { loss, gradient: g.op('Div', [difference, count]), by: 'logits' };
  }
  const dShare = g.op('Neg', [g.op('Div', [g.op('Div', [seen, clipped]), count])]);
  const through = sumOfLast(g, g.op('Mul', [dShare, predicted]));
  const dSum = g.op('Div', [through, g.op('Mul', [sum, sum])]);
  return { loss, gradient: g.op('Sub', [g.op('Div', [dShare, sum]), dSum]), by: 'predicted' };
}

function binaryCrossentropy(g: Graph, { truth, predicted }: Compared): LoweredLoss {
  const one = g.scalar(1);
  const clipped = g.op('Clip', [predicted, g.scalar(epsilon), g.scalar(1 - epsilon)]);
  const rest = g.op('Sub', [one, clipped]);
  const odds = g.op('Div', [clipped, rest]);
  const logit = g.op('Log', [odds]);
  const decay = g.op('Exp', [g.op('Neg', [g.op('Abs', [logit])])]);
  const linear = g.op('Sub', [g.op('Relu', [logit]), g.op('Mul', [logit, truth])]);
  const each = g.op('Add', [linear, g.op('Log', [g.op('Add', [one, decay])])]);
  const loss = g.op('ReduceMean', [each], { keepdims: 0 });
  const dLogit = g.op('Div', [g.op('Sub', [g.op('Sigmoid', [logit]), truth]), sizeOf(g, each)]);
  // Through odds = c ∕ (1 − c), step by step as tfjs: near 0 and 1 rounding decides.
  const dOdds = g.op('Div', [dLogit, odds]);
  const byRest = g.op('Div', [g.op('Mul', [dOdds, clipped]), g.op('Mul', [rest, rest])]);
  const dClipped = g.op('Add', [g.op('Div', [dOdds, rest]), byRest]);
  const counted = isTrue(g, isWithin(g, predicted, epsilon, 1 - epsilon));
  return { loss, gradient: g.op('Mul', [dClipped, counted]), by: 'predicted' };
}

function meanSquaredError(g: Graph, { truth, predicted }: Compared): LoweredLoss {
  const difference = g.op('Sub', [predicted, truth]);
  const loss = g.op('ReduceMean', [g.op('Mul', [difference, difference])], { keepdims: 0 });
  const share = g.op('Div', [g.scalar(2), sizeOf(g, difference)]);
  return { loss, gradient: g.op('Mul', [difference, share]), by: 'predicted' };
}

/** How many values `x` has, known with the batch only. */
function sizeOf(graph: Graph, x: string): string {
  return graph.op('Cast', [graph.op('Size', [x])], { to: 1 });
}
