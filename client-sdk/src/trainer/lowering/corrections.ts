import type { Graph } from './graph.js';
import type { WeightToMove } from './optimizers.js';

/** What of a `LocalRule` stands in the graph; the tensors come in as inputs. */
export interface LoweredRule {
  /** μ */
  readonly proximal: number;
  readonly shifted: boolean;
}

/** A tensor of a weight's shape that stays the same from step to step. */
export interface RuleInput {
  readonly name: string;
  readonly weight: string;
  readonly shape: readonly number[];
  /** The weight at the beginning, or its shift. */
  readonly of: 'initial' | 'shift';
}

/** The weights with gradients corrected, and what the graph is to be fed for it. */
export function lowerRule(
  graph: Graph,
  { proximal, shifted }: LoweredRule,
  weights: readonly WeightToMove[],
): { readonly weights: readonly WeightToMove[]; readonly inputs: readonly RuleInput[] } {
  const inputs: RuleInput[] = [];
  const input = (weight: WeightToMove, of: RuleInput['of']): string => {
    const name = graph.input(`${weight.name}/${of}`, weight.shape);
    inputs.push({ name, weight: weight.name, shape: weight.shape, of });
    return name;
  };
  const corrected = weights.map((weight) => {
    const terms: string[] = [];
    if (proximal > 0) {
      const way = graph.op('Sub', [weight.name, input(weight, 'initial')]);
      terms.push(graph.op('Mul', [graph.scalar(proximal), way]));
    }
    if (shifted) terms.push(input(weight, 'shift'));
    if (terms.length === 0) return weight;
    const added = terms.reduce((sum, term) => graph.op('Add', [sum, term]));
    return { ...weight, gradient: { kind: 'tensor' as const, name: sumOf(graph, weight, added) } };
  });
  return { weights: corrected, inputs };
}

function sumOf(graph: Graph, { gradient }: WeightToMove, added: string): string {
  if (gradient.kind === 'product') return graph.op('Gemm', [gradient.left, gradient.right, added], { transA: 1 });
  if (gradient.kind === 'rows') {
    return graph.op('ScatterND', [added, gradient.at, gradient.slopes], { reduction: 'add' });
  }
  return graph.op('Add', [gradient.name, added]);
}
