import { type AggregatorRecord, type CoordinationRecord, FederatedError } from '@concordat/core';
import { durably } from '@concordat/node';

type SessionKind = `session/${Exclude<AggregatorRecord['type'], 'input'>}`;
type RunKind = Exclude<CoordinationRecord['type'], 'session'> | SessionKind;

/** Every kind of event in the journal, of a run, of its results and of the consortium: each is a durable write. */
const journalKinds = {
  'run-started': true,
  approved: true,
  refused: true,
  'round-started': true,
  'training-assigned': true,
  'training-over': true,
  'cohort-assigned': true,
  'training-left': true,
  'session/session-opened': true,
  'session/cohort-frozen': true,
  'session/dealers-frozen': true,
  'session/survivors-frozen': true,
  'session/certified': true,
  'session/opened': true,
  'session/dropped': true,
  'session/unconfirmed': true,
  'session/blamed': true,
  'session/abandoned': true,
  'session/aborted': true,
  'sum-opened': true,
  'round-ended': true,
  pausing: true,
  paused: true,
  resumed: true,
  ending: true,
  finished: true,
  'result/opened': true,
  'result/verdict': true,
  'plan-proposed': true,
  'roster-epoch': true,
  revoked: true,
  invited: true,
  enrolled: true,
  'new-incarnation': true,
} as const satisfies Record<RunKind, true> & Readonly<Record<string, true>>;

/** Durable writes beside the journal's events, and where they go. */
const otherWrites = {
  /** What changed a session that is open; in the transaction of the events that follow from it. */
  'coordinator.session-input': 'session_answers',
  /** In the transaction of the events that a receipt acknowledges. */
  'coordinator.receipt': 'receipts',
  /** The answers of a session that is over go. */
  'coordinator.session-over': 'session_answers',
  'coordinator.answers-removed': 'session_answers',
  'coordinator.client-epoch': 'client_epochs',
  /** Where a run stands, at its end and when it is gone on with. */
  'coordinator.run-row': 'runs',
  /** Transcripts that were kept long enough are destroyed. */
  'coordinator.transcripts-ended': 'transcripts',
  'coordinator.blob': 'blobs/<sha-256>',
  'coordinator.masked-vector': 'spool/<run>/<round>/<participant>.masked',
  'coordinator.sum': 'spool/<run>/<round>/<session>.sum',
  'coordinator.round-removed': 'spool/<run>/<round>/',
  'coordinator.run-removed': 'spool/<run>/',
} as const;

/** The name of a durable write: `coordinator.journal.` and the kind of an event, or one of those beside the journal. */
export type CoordinatorWrite = keyof typeof otherWrites | `coordinator.journal.${string}`;

/** Every durable write of a coordinator, by name: where its promises rest, and where a failpoint can end it. */
export const coordinatorWrites: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.keys(journalKinds).map((kind) => [journalWrite(kind), 'events'])),
  ...otherWrites,
};

/** @param kind of an event in the journal. */
export function journalWrite(kind: string): CoordinatorWrite {
  return `coordinator.journal.${kind.replace('/', '-')}`;
}

/**
 * The durable writes of one store. A write that finds no room is refused by name, and may be tried again. A write that fails otherwise is
 * the last one: what the disk holds is then unknown, and a second fsync may report a success that was none.
 */
export class StoreWrites {
  #failure: FederatedError | undefined;
  #tell: (failure: FederatedError) => void = () => undefined;
  #full = false;
  /** Resolves when a write failed: the store takes nothing more. */
  readonly failed = new Promise<FederatedError>((resolve) => {
    this.#tell = resolve;
  });

  /** Whether the last write found no room on the disk. */
  get full(): boolean {
    return this.#full;
  }

  /**
   * Do a durable write under its names: of a transaction with several facts, each has one.
   *
   * @throws `unavailable`: rule `store.full` when the disk is full and nothing was written; `store.failed` when a write or
   *   an fsync failed, now or earlier; what `work` throws.
   */
  do<Result>(writes: CoordinatorWrite | readonly CoordinatorWrite[], work: () => Promise<Result>): Promise<Result> {
    const names = typeof writes === 'string' ? [writes] : writes;
    const named = names.reduceRight<() => Promise<Result>>((inner, name) => () => durably(name, inner), work);
    return this.guard(named);
  }

  /** Part of a durable write that has no name of its own: bytes that are flushed later. @throws as {@link do}. */
  async guard<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      const result = await work();
      this.#full = false;
      return result;
    } catch (error) {
      throw this.#judge(error);
    }
  }

  #judge(cause: unknown): unknown {
    const code = String((cause as NodeJS.ErrnoException | undefined)?.code);
    if (cause instanceof FederatedError) return cause;
    if (/^(ENOSPC|EDQUOT|SQLITE_FULL)$/.test(code)) {
      this.#full = true;
      return noRoom(cause);
    }
    if (!/^(EIO|EROFS|SQLITE_(IOERR|CORRUPT|NOTADB|READONLY|CANTOPEN)(_[A-Z_]+)?)$/.test(code)) return cause;
    this.#failure ??= new FederatedError('unavailable', 'the store of the coordinator cannot be written', {
      detail: { rule: 'store.failed', code },
      fix: 'Check the disk, then start the coordinator again: everything acknowledged is kept.',
      cause,
    });
    this.#tell(this.#failure);
    return this.#failure;
  }
}

/** Whether an error says that the disk of the store is full, or has no room for what was announced. */
export function isStoreFull(error: unknown): error is FederatedError {
  return error instanceof FederatedError && ['store.full', 'spool.space'].includes(String(error.detail.rule));
}

/** Whether an error says that the store takes nothing more. */
export function isStoreFailed(error: unknown): boolean {
  return error instanceof FederatedError && error.detail.rule === 'store.failed';
}

/** Whether an error says that another coordinator leads. */
export function isDeposed(error: unknown): boolean {
  return error instanceof FederatedError && error.detail.rule === 'coordinator.leader';
}

function noRoom(cause: unknown): FederatedError {
  return new FederatedError('unavailable', 'the disk of the coordinator’s store is full', {
    detail: { rule: 'store.full' },
    fix: 'Tell the operator to free disk space; the coordinator goes on by itself.',
    cause,
  });
}
