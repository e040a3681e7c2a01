import type { FederatedError } from '@concordat/core';
import type { Policy } from './policy.js';

/**
 * Whether the coordinator hears the sentence of a refusal of a plan, or code and rule alone. What speaks of records is not quoted unless
 * the policy says so; what speaks of the policy is quoted unless it says otherwise.
 */
export function quotesRefusal(policy: Policy | undefined, { detail }: Pick<FederatedError, 'detail'>): boolean {
  const { refusals } = policy ?? {};
  if (refusals !== undefined) return refusals === 'reasons';
  const rule = String(detail.rule ?? '');
  return !rule.startsWith('data.') && rule !== 'examples.min';
}
