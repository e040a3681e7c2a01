import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const declaration = `
schema: concordat/data/1
columns:
  - { name: age, type: number, min: 0, max: 120, scale: unit }
  - { name: returned, type: category, categories: ["no", "yes"], target: true }
source: { kind: csv, files: [records.csv] }
`;

/** Makes a directory with sixty declared records: who came back to a hospital. `at` makes each organization's others. */
export function writeReadmissions(directory: string, at = 0): void {
  mkdirSync(directory);
  writeFileSync(join(directory, 'data.yaml'), declaration);
  const records = Array.from({ length: 60 }, (_, i) => `${20 + ((i * 37 + at) % 80)},${i % 2 ? 'yes' : 'no'}`);
  writeFileSync(join(directory, 'records.csv'), ['age,returned', ...records].join('\n'));
}

/** A policy that lets the plan of {@link readmissionDraft} in. @param consent lines about approval and members. */
export function readmissionPolicy(consent: string, purpose = 'Predicting readmission'): string {
  return `
schema: concordat/policy/1
proposers: [operator]
purposes: [${purpose}]
cohort: {min: 3}
differentialPrivacy: optional
${consent}
`;
}

/** A plan for such records, as an operator drafts it: one round of three. */
export function readmissionDraft(run: string, change: object = {}): object {
  return {
    run,
    purpose: 'Predicting readmission',
    task: {
      loss: 'categoricalCrossentropy',
      optimizer: { name: 'sgd', learningRate: 0.5 },
      batchSize: 16,
      epochs: 1,
    },
    rounds: 1,
    cohort: { min: 3, size: 3, max: 5 },
    minSurvivors: 3,
    maxColluders: 1,
    clippingNorm: 20,
    deadlines: { selectMillis: 60_000, readyMillis: 60_000, stepMillis: 30_000, graceMillis: 60_000 },
    expires: '2099-01-01T00:00:00Z',
    ...change,
  };
}
