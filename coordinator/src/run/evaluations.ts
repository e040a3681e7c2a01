import type { Evaluator, PublishedModel } from '../evaluator.js';

/** What came of one evaluation. */
export type Evaluation =
  | { readonly type: 'evaluated'; readonly modelVersion: number; readonly metrics: Readonly<Record<string, number>> }
  | { readonly type: 'evaluation-failed'; readonly modelVersion: number; readonly message: string };

/** Evaluates published models one after another, in order, beside the rounds. A failure is told and stops nothing. */
export class Evaluations {
  readonly #evaluator: Evaluator | undefined;
  readonly #report: (evaluation: Evaluation) => void;
  #tail: Promise<void> = Promise.resolve();

  constructor(evaluator: Evaluator | undefined, report: (evaluation: Evaluation) => void) {
    this.#evaluator = evaluator;
    this.#report = report;
  }

  /** @param model read only when its turn comes, so that waiting models hold no memory. */
  add(modelVersion: number, model: () => Promise<PublishedModel>): void {
    const evaluator = this.#evaluator;
    if (evaluator === undefined) return;
    this.#tail = this.#tail.then(async () => {
      try {
        const metrics = await evaluator.evaluate(await model());
        this.#report({ type: 'evaluated', modelVersion, metrics });
      } catch (error) {
        this.#report({ type: 'evaluation-failed', modelVersion, message: (error as Error).message });
      }
    });
  }

  /** Resolves when everything added so far is told. */
  drained(): Promise<void> {
    return this.#tail;
  }
}
