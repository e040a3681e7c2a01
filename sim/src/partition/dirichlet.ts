import { FederatedError } from '@concordat/core';
import { indicesByLabel } from './by-label.js';
import type { Partition, PartitionQuestion } from './partition.js';
import { cut } from './sizes.js';

interface DirichletTerms {
  /** Above 0: small means that few participants have most of a label, large that everybody has as much. */
  readonly alpha: number;
  /** Everybody gets so many, 10 unless said: it is drawn again until they do. */
  readonly examplesMin?: number | undefined;
}

const examplesMinDefault = 10;
const drawsMax = 1_000;

/**
 * Of every label each participant gets a share that is drawn from Dir(α).
 *
 * @throws `invalid-argument` without labels, or when somebody gets too few in a thousand draws.
 * @see Li et al. 2022 (arXiv:2102.02079), "Federated learning on non-IID data silos", distribution-based label imbalance; Yurochkin et al. 2019.
 */
export function byDirichlet(question: PartitionQuestion, terms: DirichletTerms): Partition {
  const { participants, draws } = question;
  const labels = indicesByLabel(question.examples);
  return drawnUntilEnough(question, terms, () => {
    const hands = Array.from({ length: participants }, (): number[] => []);
    for (const ofLabel of labels) {
      const parts = cut(draws.shuffled(ofLabel), draws.dirichlet(terms.alpha, participants));
      for (const [participant, part] of parts.entries()) hands[participant]!.push(...part);
    }
    return hands.map((own) => draws.shuffled(own));
  });
}

/** How much each participant gets is drawn from Dir(α), with no regard to labels. @see Li et al. 2022, quantity skew. */
export function byDirichletSizes(question: PartitionQuestion, terms: DirichletTerms): Partition {
  const { examples, participants, draws } = question;
  return drawnUntilEnough(question, terms, () =>
    cut(draws.shuffled(Array(examples.count).keys()), draws.dirichlet(terms.alpha, participants)),
  );
}

function drawnUntilEnough(
  { examples, participants }: PartitionQuestion,
  { alpha, examplesMin = examplesMinDefault }: DirichletTerms,
  draw: () => Partition,
): Partition {
  for (let attempt = 0; attempt < drawsMax; attempt++) {
    const dealt = draw();
    if (dealt.every((own) => own.length >= examplesMin)) return dealt;
  }
  throw new FederatedError(
    'invalid-argument',
    `no partition by Dir(${alpha}) in ${drawsMax} gave each of ${participants} participants ${examplesMin} of ${examples.count} examples`,
    { fix: 'Make alpha larger, examplesMin smaller, or have fewer participants.' },
  );
}
