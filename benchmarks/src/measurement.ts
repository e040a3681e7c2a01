import type { KernelChoice } from '@concordat/node';

/** What a suite is asked about: one session of the plan's size. */
export interface Question {
  /** n: participants of the session. */
  readonly participants: number;
  /** d: model lanes. */
  readonly parameters: number;
  /** b: width of a lane. */
  readonly bits: 16 | 24 | 32;
  /** Share of the dealers that send no vector, 0 ≤ drop < 1. */
  readonly drop: number;
  readonly kernels: KernelChoice;
  /** Measured turns; the value is their median. */
  readonly repeats: number;
}

/** A measured claim beside its physical limit of the same run. */
export interface Measurement {
  readonly value: number;
  readonly unit: 'ms' | 'bytes' | 'MiB/s' | 'examples/s';
  readonly limit: number;
  /** How the limit is made, and whatever else explains the value: counts, terms, CPU time. */
  readonly detail: Readonly<Record<string, string | number>>;
}

/** One line of a suite's table. */
export interface Entry {
  readonly name: string;
  /** What is measured and beside what, as one phrase. */
  readonly about: string;
  measure(question: Question): Measurement | Promise<Measurement>;
}

/** What `--json` prints, one line each. */
export interface Line extends Omit<Measurement, 'detail'> {
  readonly suite: string;
  readonly name: string;
  /** value ÷ limit: 1 is the limit, below it is inside; of a rate the share that is reached. */
  readonly ratio: number;
  readonly detail: Measurement['detail'];
}

/** The line of a measurement. */
export function lineOf(suite: string, name: string, { detail, ...measured }: Measurement): Line {
  return { suite, name, ...measured, ratio: measured.value / measured.limit, detail };
}
