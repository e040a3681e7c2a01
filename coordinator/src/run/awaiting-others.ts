import { type CoordinationEvent, type CoordinationState, waitAt } from '@concordat/core';

/** What a run is told; the time is its own. */
export type RunEvent = CoordinationEvent extends infer E ? (E extends unknown ? Omit<E, 'now'> : never) : never;

/**
 * Whether these are answers of participants in a step that others have still to answer, so that as a rule nothing but their
 * acknowledgements depends on when they are handled.
 *
 * @param now of the run's clock, in milliseconds.
 */
export function awaitsOthers(
  state: CoordinationState,
  delivered: readonly { readonly event: RunEvent }[],
  now: number,
): boolean {
  if (!delivered.every(({ event }) => isAnswer(event))) return false;
  return (waitAt(state, now)?.awaited.length ?? 0) > delivered.length;
}

/** The header of an upload is a question: the vector follows its answer. */
function isAnswer(event: RunEvent): boolean {
  if (event.type === 'uploaded') return true;
  if (event.type !== 'message') return false;
  const { message } = event;
  return message.type === 'ready' || (message.type === 'session' && message.frame.type !== 'upload');
}
