import { refusal } from '@concordat/core';
import type { Policy } from './policy.js';

/** @throws `refused` `trainer.external` unless the policy allows a trainer in a process of its own. */
export function requireExternalAllowed(policy: Policy | undefined): void {
  if (policy?.externalTrainers === 'allowed') return;
  throw refusal('trainer.external', 'the policy does not give records to a trainer in a process of its own', {
    required: 'externalTrainers: allowed',
    offered: policy === undefined ? 'no policy file' : policy.externalTrainers,
  });
}
