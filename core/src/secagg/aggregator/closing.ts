import { freezeCohort } from './advertise.js';
import { certifySurvivors, isCertified } from './certify.js';
import { freezeDealers } from './confirm.js';
import type { AggregatorEffect, AggregatorPorts, Dropout } from './contract.js';
import { isRevealed, orderSum } from './reveal.js';
import { deliverBoxes } from './share.js';
import { type AggregatorState, type AggregatorStep, answerKey, isLive, type LivePhase, withDropped } from './state.js';
import { freezeSurvivors } from './upload.js';

// A state never changes, and one event asks for this some eight times: in a round of many groups the answer for all but one is known.
const known = new WeakMap<LivePhase, readonly string[]>();

/** Who still has to answer in the current step; empty when the session is over or given up. */
export function awaited(state: AggregatorState): readonly string[] {
  if (!isLive(state)) return [];
  const before = known.get(state);
  if (before !== undefined) return before;
  const found = missing(state).filter((participant) => !state.absent.has(participant));
  known.set(state, found);
  return found;
}

/** Close as many steps as are complete: one absence can end several. */
export function closeWhenComplete(ports: AggregatorPorts, step: AggregatorStep): AggregatorStep {
  const effects: AggregatorEffect[] = [...step.effects];
  let { state } = step;
  while (isLive(state) && isComplete(state)) {
    const next = closeStep(ports, state);
    effects.push(...next.effects);
    state = next.state;
  }
  return { state, effects };
}

/**
 * Go on with who answered.
 *
 * @param late why whoever did not answer is lost; undefined when the step closes early, and only those known to be absent are.
 */
export function closeStep(ports: AggregatorPorts, state: LivePhase, late?: string): AggregatorStep {
  const lost = lostInStep(state).flatMap((participant): readonly Dropout[] => {
    const reason = state.absent.get(participant) ?? late;
    return reason === undefined ? [] : [{ participant, step: state.phase, reason }];
  });
  const dropping = withDropped(state, lost);
  const next = freeze(ports, dropping.state);
  return { state: next.state, effects: [...dropping.effects, ...next.effects] };
}

function isComplete(state: LivePhase): boolean {
  if (state.phase === 'certify' && isCertified(state)) return true;
  if (state.phase === 'reveal' && isRevealed(state)) return true;
  return awaited(state).length === 0;
}

function freeze(ports: AggregatorPorts, state: LivePhase): AggregatorStep {
  switch (state.phase) {
    case 'advertise':
      return freezeCohort(ports, state);
    case 'share':
      return deliverBoxes(ports, state);
    case 'confirm':
      return freezeDealers(ports, state);
    case 'upload':
      return freezeSurvivors(ports, state);
    case 'certify':
      return certifySurvivors(state);
    case 'reveal':
      return orderSum(ports, state);
  }
}

// An advertisement whose sender left before the cohort was frozen is not in the cohort; later answers keep their worth.
function lostInStep(state: LivePhase): readonly string[] {
  if (state.phase !== 'advertise') return missing(state);
  return state.options.invited.filter(
    (participant) => !state.adverts.has(participant) || state.absent.has(participant),
  );
}

function missing(state: LivePhase): readonly string[] {
  return expected(state).filter((participant) => !state.answers.has(answerKey(state.phase, participant)));
}

function expected(state: LivePhase): readonly string[] {
  if (state.phase === 'advertise') return state.options.invited;
  return expectedIndexes(state).map((index) => state.cohort[index]!.participantId);
}

function expectedIndexes(state: Exclude<LivePhase, { phase: 'advertise' }>): readonly number[] {
  switch (state.phase) {
    case 'share':
      return state.cohort.map((_, index) => index);
    case 'confirm':
      return [...state.deals.keys()];
    case 'upload':
    case 'reveal':
      return state.dealers;
    case 'certify':
      return state.survivors;
  }
}
