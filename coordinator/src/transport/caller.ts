import { FederatedError } from '@concordat/core';

/** Who is calling, from the certificate and the current roster only; nothing in a message changes it. */
export type Caller =
  | { readonly role: 'anonymous' }
  | { readonly role: 'participant'; readonly id: string; readonly organization: string }
  | { readonly role: 'operator'; readonly id: string };

export type ParticipantCaller = Extract<Caller, { role: 'participant' }>;
export type OperatorCaller = Extract<Caller, { role: 'operator' }>;

/** The interceptor let only participants through; a handler that asks again costs nothing. */
export function participantOf(caller: Caller): ParticipantCaller {
  if (caller.role === 'participant') return caller;
  throw new FederatedError('permission', 'this method is for participants');
}

export function operatorOf(caller: Caller): OperatorCaller {
  if (caller.role === 'operator') return caller;
  throw new FederatedError('permission', 'this method is for operators');
}

/** Whoever the roster knows. */
export function memberOf(caller: Caller): ParticipantCaller | OperatorCaller {
  if (caller.role !== 'anonymous') return caller;
  throw new FederatedError('permission', 'this method is for participants and operators');
}

/** Role and id for a log. */
export function callerName(caller: Caller): string {
  return caller.role === 'anonymous' ? 'anonymous' : `${caller.role} ${caller.id}`;
}
