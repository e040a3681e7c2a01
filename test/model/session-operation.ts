import type { SessionFrame, SessionStep } from '@concordat/core';
import fc from 'fast-check';

/** A session to run: who takes part, and from which of a few sets of secrets. */
export interface SessionSetup {
  /** n. */
  readonly participants: number;
  /** c; the last c members of the cohort sign whatever a lying coordinator wants. */
  readonly colluders: number;
  /** Which roots, keys and nonce. */
  readonly pool: number;
  /** Letters that arrive in order before anything goes wrong, so that the last steps see as much trouble as the first. */
  readonly warmup: number;
}

/**
 * What happens next. `at` picks one of the letters on their way, oldest first, modulo their number; `who` a participant.
 * Frames, answers and uploads are letters; a delivered letter is gone.
 */
export type SessionOperation =
  /** The oldest letters arrive, in order. */
  | { readonly type: 'deliver'; readonly count: number }
  /** A letter overtakes those before it. */
  | { readonly type: 'reorder'; readonly at: number }
  | { readonly type: 'drop'; readonly at: number }
  /** A letter arrives, and will arrive again. */
  | { readonly type: 'duplicate'; readonly at: number }
  /** A call is handled; its answer is lost. */
  | { readonly type: 'lose-answer'; readonly at: number }
  /** The header of an upload arrives; its stream breaks. */
  | { readonly type: 'break-upload'; readonly at: number }
  /** A letter arrives and its receiver dies after so many effects of what it does with it. */
  | { readonly type: 'die-of'; readonly at: number; readonly effects: number }
  | { readonly type: 'crash'; readonly who: number }
  | { readonly type: 'restart'; readonly who: number }
  /** The stream of a participant is opened again: it is told everything again, and repeats every call without an answer. */
  | { readonly type: 'reconnect'; readonly who: number }
  /** The deadline of the step under way passes. */
  | { readonly type: 'deadline' }
  /** The coordinator gives the session up. */
  | { readonly type: 'give-up' }
  /** A participant leaves the session. */
  | { readonly type: 'leave'; readonly who: number }
  /** A letter arrives with one thing in it changed. */
  | { readonly type: 'tamper'; readonly at: number; readonly which: number }
  /** One letter to one participant overtakes all others: the youngest with this kind of frame. */
  | {
      readonly type: 'favour';
      readonly who: number;
      readonly frame: SessionFrame['type'];
      /** The receiver dies after so many effects; null: it lives. */
      readonly effects: number | null;
    }
  /**
   * A participant is asked for an abort at any time, before everything else, or shown as a certificate whatever aborts were heard, with
   * those of the colluders.
   */
  | { readonly type: 'lure-abort'; readonly who: number; readonly show: boolean }
  /** A participant dies, starts again and is told what it was told before, up to the first frame of this kind. */
  | { readonly type: 'rewind'; readonly who: number; readonly frame: SessionFrame['type'] }
  /**
   * The coordinator leads a second session, of the same C or of another: with everything it has heard before a step, and with what the
   * participants of a bitmap said in it. What that session sends is on its way too.
   */
  | {
      readonly type: 'fork';
      readonly shadow: number;
      readonly step: SessionStep;
      readonly senders: number;
      /** The colluders sign what it proposes. */
      readonly collude: boolean;
      /** It shows whatever statements it has as a certificate, be they few. */
      readonly short: boolean;
      /** What it sends overtakes everything. */
      readonly urgent: boolean;
    };

export const sessionSteps: readonly SessionStep[] = ['advertise', 'share', 'confirm', 'upload', 'certify', 'reveal'];
const frameTypes: readonly SessionFrame['type'][] = [
  'open',
  'cohort',
  'boxes',
  'dealers',
  'proposal',
  'certificate',
  'abort-proposal',
  'abort-certificate',
];

/** Sets of secrets; few, so that the runs of a campaign repeat each other's arithmetic. */
const pools = 4;
const operationsMax = 48;

const at = fc.nat({ max: 15 });
const who = fc.nat({ max: 5 });

const faults = [
  {
    weight: 8,
    arbitrary: fc.record({ type: fc.constant('deliver' as const), count: fc.integer({ min: 1, max: 12 }) }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('reorder' as const), at }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('drop' as const), at }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('duplicate' as const), at }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('lose-answer' as const), at }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('break-upload' as const), at }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('die-of' as const), at, effects: fc.nat({ max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('crash' as const), who }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('restart' as const), who }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('reconnect' as const), who }) },
  { weight: 1, arbitrary: fc.constant({ type: 'deadline' as const }) },
] as const;

const lies = [
  { weight: 1, arbitrary: fc.record({ type: fc.constant('tamper' as const), at, which: fc.nat({ max: 4095 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('fork' as const),
      shadow: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) }),
      // Most can be gained where survivors are chosen.
      step: fc.constantFrom(...sessionSteps, 'upload' as const, 'upload' as const, 'upload' as const),
      senders: fc.integer({ min: 1, max: 63 }),
      collude: fc.boolean(),
      short: fc.boolean(),
      urgent: fc.boolean(),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('favour' as const),
      who,
      frame: fc.constantFrom(...frameTypes),
      effects: fc.option(fc.nat({ max: 3 })),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('rewind' as const), who, frame: fc.constantFrom(...frameTypes) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('leave' as const), who }) },
] as const;

/** What ends most sessions: at its full weight there would be no others. */
const endings = [
  { weight: 1, arbitrary: fc.constant({ type: 'give-up' as const }) },
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constant('lure-abort' as const), who, show: fc.boolean() }),
  },
] as const;

type Weighted = { readonly weight: number; readonly arbitrary: fc.Arbitrary<SessionOperation> };
const often = (list: readonly Weighted[]): readonly Weighted[] =>
  list.map(({ weight, arbitrary }) => ({ weight: 12 * weight, arbitrary }));

const setup: fc.Arbitrary<SessionSetup> = fc.integer({ min: 3, max: 6 }).chain((participants) =>
  fc.record({
    participants: fc.constant(participants),
    colluders: fc.integer({ min: 0, max: participants - 2 }),
    pool: fc.nat({ max: pools - 1 }),
    warmup: fc.nat({ max: 20 * participants }),
  }),
);

/** Everyone is honest; processes die and the network loses, repeats and reorders. */
export const faultySession: fc.Arbitrary<SessionRun> = fc.record({
  setup,
  operations: fc.array(fc.oneof(...often(faults), endings[0]), { maxLength: operationsMax, size: 'max' }),
});

/** The same, under a coordinator that lies and up to c participants that help it. */
export const hostileSession: fc.Arbitrary<SessionRun> = fc.record({
  setup,
  operations: fc.array(fc.oneof(...often(faults), ...often(lies), ...endings), {
    maxLength: operationsMax,
    size: 'max',
  }),
});

export interface SessionRun {
  readonly setup: SessionSetup;
  readonly operations: readonly SessionOperation[];
}
