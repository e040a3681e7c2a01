import fc from 'fast-check';

/** A run to go through: who takes part, how often it publishes, how many colluders it bears. */
export interface RoundSetup {
  readonly participants: number;
  /** cohort.min; everyone else may be missing. */
  readonly cohortMin: number;
  readonly colluders: number;
  readonly rounds: number;
  /** Buffers instead of cohorts. */
  readonly asynchronous: boolean;
  readonly pool: number;
  /** Letters that arrive in order before anything goes wrong. */
  readonly warmup: number;
}

/**
 * What happens next. `at` picks a letter on its way, oldest first, modulo their number. Streams, calls, uploads and the work of a
 * runner (training, masking, opening a sum) are letters; only what crosses the network can be lost.
 */
export type RoundOperation =
  | { readonly type: 'deliver'; readonly count: number }
  | { readonly type: 'reorder'; readonly at: number }
  | { readonly type: 'drop'; readonly at: number }
  | { readonly type: 'duplicate'; readonly at: number }
  /** A call is handled; its answer is lost, and the client asks again. */
  | { readonly type: 'lose-answer'; readonly at: number }
  | { readonly type: 'break-upload'; readonly at: number }
  /** A letter arrives and the process that takes it dies after so many effects. */
  | { readonly type: 'die-of'; readonly at: number; readonly effects: number }
  | { readonly type: 'crash'; readonly who: number }
  /** The process starts again from its journal and connects. */
  | { readonly type: 'restart'; readonly who: number }
  | { readonly type: 'disconnect'; readonly who: number }
  /** The stream is opened again; calls without an answer are repeated. */
  | { readonly type: 'connect'; readonly who: number }
  | { readonly type: 'crash-coordinator' }
  | { readonly type: 'restart-coordinator' }
  /** Time passes; timers fire in order. */
  | { readonly type: 'pass'; readonly millis: number }
  /** The coordinator assigns some participants of a bitmap to a round of its own making, on any model there ever was. */
  | { readonly type: 'lure'; readonly senders: number; readonly ahead: number; readonly base: number }
  /** It opens a session for that round with whoever fell for it, and goes on with it. */
  | { readonly type: 'lure-session' }
  | { readonly type: 'lure-close' };

const pools = 4;
const operationsMax = 40;
const at = fc.nat({ max: 15 });
const who = fc.nat({ max: 5 });

const faults = [
  {
    weight: 10,
    arbitrary: fc.record({ type: fc.constant('deliver' as const), count: fc.integer({ min: 1, max: 20 }) }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('reorder' as const), at }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('drop' as const), at }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('duplicate' as const), at }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('lose-answer' as const), at }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('break-upload' as const), at }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('die-of' as const), at, effects: fc.nat({ max: 6 }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('crash' as const), who }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('restart' as const), who }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('disconnect' as const), who }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('connect' as const), who }) },
  { weight: 1, arbitrary: fc.constant({ type: 'crash-coordinator' as const }) },
  { weight: 2, arbitrary: fc.constant({ type: 'restart-coordinator' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('pass' as const), millis: fc.constantFrom(100, 6_000, 15_000, 65_000) }),
  },
] as const;

const lies = [
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('lure' as const),
      senders: fc.integer({ min: 1, max: 63 }),
      ahead: fc.nat({ max: 3 }),
      base: fc.nat({ max: 2 }),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ type: 'lure-session' as const }) },
  { weight: 6, arbitrary: fc.constant({ type: 'lure-close' as const }) },
] as const;

const setup: fc.Arbitrary<RoundSetup> = fc.integer({ min: 3, max: 5 }).chain((participants) =>
  fc.record({
    participants: fc.constant(participants),
    cohortMin: fc.integer({ min: 3, max: participants }),
    colluders: fc.nat({ max: 1 }),
    rounds: fc.integer({ min: 1, max: 2 }),
    asynchronous: fc.boolean(),
    pool: fc.nat({ max: pools - 1 }),
    warmup: fc.nat({ max: 60 * participants }),
  }),
);

export interface RoundRun {
  readonly setup: RoundSetup;
  readonly operations: readonly RoundOperation[];
}

/** Everyone is honest; processes die and the network loses, repeats and reorders. */
export const faultyRounds: fc.Arbitrary<RoundRun> = fc.record({
  setup,
  operations: fc.array(fc.oneof(...faults), { maxLength: operationsMax, size: 'max' }),
});

/** The same, under a coordinator that assigns and opens what no plan says. */
export const hostileRounds: fc.Arbitrary<RoundRun> = fc.record({
  setup,
  operations: fc.array(fc.oneof(...faults, ...lies), { maxLength: operationsMax, size: 'max' }),
});
