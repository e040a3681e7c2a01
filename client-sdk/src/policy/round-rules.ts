import { type FederatedError, refusal } from '@concordat/core';
import type { Policy } from './policy.js';

const dayMillis = 86_400_000;

/**
 * Why a round is not begun now: the rules of a policy that depend on when it comes, and not on its plan.
 *
 * @param now milliseconds since 1970. @param contributedAt when our updates left, in any order.
 * @returns undefined when it may be.
 */
export function roundBar(
  rounds: Policy['rounds'],
  now: number,
  contributedAt: readonly number[],
): FederatedError | undefined {
  const { hours, perDay } = rounds;
  if (hours !== undefined && !isWithin(hours, now)) {
    return refusal('rounds.hours', 'the policy begins no round at this time of day', {
      required: `${hours.from} to ${hours.to} ${hours.zone}`,
      offered: timeIn(hours.zone, now),
    });
  }
  if (perDay === undefined) return undefined;
  const offered = contributedAt.filter((at) => now - dayMillis < at && at <= now).length;
  if (offered < perDay) return undefined;
  return refusal('rounds.per-day', 'the policy gives no more updates within 24 hours', { required: perDay, offered });
}

function isWithin({ from, to, zone }: NonNullable<Policy['rounds']['hours']>, now: number): boolean {
  const time = timeIn(zone, now);
  return from < to ? from <= time && time < to : from <= time || time < to;
}

/** Hours and minutes, as 07:05. */
function timeIn(zone: string, now: number): string {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return format.format(now);
}
