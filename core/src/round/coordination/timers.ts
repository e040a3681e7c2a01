import type { SessionStep } from '../../secagg/aggregator/contract.js';
import { layoutOf } from '../../secagg/layout.js';
import type { RoundKind } from '../../wire/messages.js';
import type { Plan } from '../plan.js';
import { roundSegments } from '../segments.js';
import type { Stage } from './state.js';

/** Timer names carry round and step: one that fires late belongs to nothing any more and is ignored. */
export const timerName = {
  approve: 'approve',
  select: (round: number) => `select:${round}`,
  checkIn: (round: number) => `check-in:${round}`,
  ready: (round: number) => `ready:${round}`,
  buffer: (round: number) => `buffer:${round}`,
  grace: (round: number) => `grace:${round}`,
  abort: (round: number) => `abort:${round}`,
  step: (round: number, group: number, step: SessionStep) =>
    group === 0 ? `step:${round}:${step}` : `step:${round}:${step}:${group}`,
};

/** The timers that may run where a round stands. */
export function timersOf(stage: Stage): string[] {
  if (stage.type === 'approve') return [timerName.approve];
  if (stage.type === 'buffer') return [timerName.buffer(stage.round)];
  if (!('attempt' in stage)) return [];
  const { round } = stage.attempt;
  switch (stage.type) {
    case 'select':
      return [timerName.select(round), timerName.checkIn(round)];
    case 'train':
      return [timerName.ready(round), timerName.grace(round)];
    case 'session':
      return stage.groups.flatMap((group) =>
        group.course === 'running' ? [timerName.step(round, group.index, group.step)] : [],
      );
    default:
      return [];
  }
}

/** Milliseconds that a step of the session may take; an upload has its size ÷ lease rate on top. */
export function stepMillis(plan: Plan, step: SessionStep, kind: RoundKind): number {
  const { stepMillis, leaseBytesPerSecond } = plan.deadlines;
  if (step !== 'upload') return stepMillis;
  const { lengthBytes } = layoutOf(roundSegments(plan, kind));
  return stepMillis + Math.ceil((1000 * lengthBytes) / leaseBytesPerSecond);
}
