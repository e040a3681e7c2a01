import { writeFileSync } from 'node:fs';
import type { RoundTerms } from './thresholds.js';

/** What the plan is for; policies name it word for word. */
export const purpose = 'Reading handwritten digits, a demonstration';

export interface PolicyTerms {
  readonly terms: RoundTerms;
  /** Operator whose plans are considered. */
  readonly proposer: string;
  /** A slow line; undefined for as fast as it goes. */
  readonly uploadBytesPerSecond: number | undefined;
}

/**
 * Write one organization's own rules. Everything the demo's plan needs is allowed by name, and nothing else; a plan with
 * another purpose, another metric or fewer participants would be refused.
 */
export function writePolicy(path: string, { terms, proposer, uploadBytesPerSecond }: PolicyTerms): void {
  const lines = [
    '# What this organization agrees to. What is not allowed here is refused.',
    'schema: concordat/policy/1',
    `proposers: [${proposer}]`,
    `purposes: ["${purpose}"]`,
    `cohort: { min: ${terms.cohort.min} }         # fewest participants in a cohort`,
    `survivors: { min: ${terms.minSurvivors} }      # fewest updates in a sum that is opened`,
    `maxColluders: ${terms.maxColluders}             # the plan must hold against so many colluders`,
    'differentialPrivacy: optional   # so few participants would otherwise need it; a demonstration',
    'approval: automatic         # this file approves; no person is asked',
    'weighting: { exactCounts: true }  # the sum may carry exact example counts',
    'metrics: [accuracy, loss]',
    ...(uploadBytesPerSecond === undefined
      ? []
      : [`uploadBytesPerSecond: ${uploadBytesPerSecond}   # a slow line, so that the demo can be watched`]),
  ];
  writeFileSync(path, `${lines.join('\n')}\n`);
}
