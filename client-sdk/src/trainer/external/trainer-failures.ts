import { FederatedError, printable, refusal } from '@concordat/core';

/** What stands in errors about a trainer: where it comes from, as `python3 train.py`. */
export type TrainerName = string;

/** How a launched trainer ended. */
export interface ProcessEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** The last it printed; safe for a terminal. */
  readonly lines: readonly string[];
}

/** `refused` `task.rule`: trainer.proto has no word for a local rule. */
export function ruleUnknown(trainer: TrainerName): FederatedError {
  return refusal('task.rule', `the trainer ${trainer} cannot be told of a local rule`, {
    required: 'a task without a local rule',
    offered: 'a local rule',
  });
}

/** `unavailable` `trainer.start`: the program cannot be run at all. */
export function cannotStart(trainer: TrainerName, cause: unknown): FederatedError {
  const why = cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : 'unknown failure';
  return new FederatedError('unavailable', `the trainer ${trainer} cannot be launched (${printable(String(why))})`, {
    detail: { rule: 'trainer.start', required: 'a program that may be run', offered: printable(String(why)) },
    cause,
  });
}

/** `unavailable` `trainer.died`. Its last lines are in the detail: they may tell of records, and stay at the participant. */
export function died(trainer: TrainerName, { exitCode, signal, lines }: ProcessEnd): FederatedError {
  const how = signal !== null ? `was ended by ${signal}` : `ended with exit code ${exitCode}`;
  return new FederatedError('unavailable', `the trainer ${trainer} ${how}`, {
    detail: { rule: 'trainer.died', required: 'to stay', offered: signal ?? `exit code ${exitCode}`, lines },
  });
}

/** `unavailable` `trainer.died`: it is connected no more. */
export function hungUp(trainer: TrainerName): FederatedError {
  return new FederatedError('unavailable', `the trainer ${trainer} closed its connection`, {
    detail: { rule: 'trainer.died', required: 'to stay', offered: 'connection closed', lines: [] },
  });
}

/** `unavailable` `trainer.absent`. */
export function absent(trainer: TrainerName, waitedMillis: number): FederatedError {
  return new FederatedError('unavailable', `no trainer came within ${seconds(waitedMillis)}: ${trainer}`, {
    detail: { rule: 'trainer.absent', required: `within ${waitedMillis} ms`, offered: 'none' },
  });
}

/** `deadline` `trainer.silent`. */
export function silent(trainer: TrainerName, what: string, afterMillis: number): FederatedError {
  return new FederatedError('deadline', `the trainer ${trainer} ${what} for ${seconds(afterMillis)}`, {
    detail: { rule: 'trainer.silent', required: `a word every ${afterMillis} ms`, offered: 'none' },
  });
}

/** `protocol` `trainer.version`. */
export function otherVersion(trainer: TrainerName, required: number, offered: number): FederatedError {
  return new FederatedError(
    'protocol',
    `the trainer ${trainer} speaks version ${offered} of trainer.proto; this client speaks version ${required}`,
    { detail: { rule: 'trainer.version', required, offered } },
  );
}

/** `protocol` `trainer.task`: a message that was not due. */
export function notDue(
  trainer: TrainerName,
  facts: { readonly required: string; readonly offered: string },
): FederatedError {
  return new FederatedError('protocol', `the trainer ${trainer} sent ${facts.offered} instead of ${facts.required}`, {
    detail: { rule: 'trainer.task', ...facts },
  });
}

/** `verification` `trainer.capability`. What was offered is never shown: it may be a secret that strayed. */
export function wrongCapability(trainer: TrainerName, of: 'the token file' | 'its task'): FederatedError {
  return new FederatedError('verification', `the trainer ${trainer} has not the capability of ${of}`, {
    detail: { rule: 'trainer.capability', required: of, offered: 'another' },
  });
}

/** `malformed` `trainer.weights`. */
export function wrongWeights(
  trainer: TrainerName,
  facts: { readonly required: string | number; readonly offered: string | number },
  cause?: unknown,
): FederatedError {
  return new FederatedError('malformed', `the trainer ${trainer} gave back no weights of this model`, {
    detail: { rule: 'trainer.weights', ...facts },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** `refused` `trainer.refused`. Its words are in the detail, as the last lines of one that died. */
export function refusedBy(trainer: TrainerName, code: string, message: string): FederatedError {
  const said = printable(message).trim();
  return new FederatedError('refused', `the trainer ${trainer} gave no result`, {
    detail: { rule: 'trainer.refused', required: 'a result', offered: code, lines: said === '' ? [] : [said] },
  });
}

function seconds(millis: number): string {
  return millis % 1000 === 0 ? `${millis / 1000} s` : `${millis} ms`;
}
