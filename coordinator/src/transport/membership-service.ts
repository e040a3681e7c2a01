import { bounds, FederatedError, requireId } from '@concordat/core';
import type { SignedRosterFrame, wire } from '@concordat/proto';
import { type Enrolment, type EnrolmentState, membershipChanges } from '../enrolment/enrolment.js';
import type { RosterKeeper } from '../roster-keeper.js';
import { memberOf } from './caller.js';
import type { CheckIns } from './check-ins.js';
import { type CallContext, unary } from './handlers.js';

export interface MembershipServiceOptions extends CallContext {
  readonly enrolment: Enrolment;
  readonly roster: RosterKeeper;
  readonly checkIns: CheckIns;
  /** End whatever this participant has open. @param change why: `suspend` or `revoke`. */
  readonly cutOff: (participant: string, change: string) => void;
}

/** Membership: enrolment for whoever holds an invitation, the roster for members, invitations and admissions for operators. */
export function membershipService(options: MembershipServiceOptions): wire.MembershipHandlers {
  const { enrolment, roster, checkIns } = options;
  return {
    Enroll: unary<wire.EnrollRequest__Output, wire.EnrollReply>(options, async (request) => {
      const { clockMillis, certificateRequest, identityKey, identityProof, invitationSecret } = request;
      return enrolReply(
        await enrolment.enrol({
          consortium: shortText(request.consortium),
          participant: requireId(request.participantId, 'participant id'),
          organization: shortText(request.organization),
          secret: plainBytes(invitationSecret, 64),
          certificateRequest: plainBytes(certificateRequest, bounds.certificateBytesMax),
          identityKey: plainBytes(identityKey, 32),
          identityProof: plainBytes(identityProof, 64),
          clockMillis,
        }),
      );
    }),
    Enrollment: unary<wire.EnrollmentRequest__Output, wire.EnrollReply>(options, async (request) =>
      enrolReply(
        await enrolment.state(
          requireId(request.participantId, 'participant id'),
          plainBytes(request.invitationSecret, 64),
        ),
      ),
    ),
    Roster: unary<wire.RosterRequest__Output, wire.RosterReply>(options, () => ({ roster: roster.current().signed })),
    Renew: unary<wire.RenewRequest__Output, wire.RenewReply>(options, async ({ certificateRequest }, caller) => ({
      certificateChain: [
        ...(await enrolment.renew(memberOf(caller), plainBytes(certificateRequest, bounds.certificateBytesMax))),
      ],
    })),
    Invite: unary<wire.InviteRequest__Output, wire.InviteReply>(options, async (request) => ({
      invitation: await enrolment.invite({
        participant: requireId(request.participantId, 'participant id'),
        organization: shortText(request.organization),
        validMillis: request.validMillis,
      }),
    })),
    Participants: unary<wire.ParticipantsRequest__Output, wire.ParticipantsReply>(options, async () => ({
      participants: (await enrolment.participants()).map(({ participant, ...row }) => ({
        participantId: participant,
        connected: checkIns.isConnected(participant),
        ...row,
      })),
    })),
    Change: unary<wire.ChangeRequest__Output, wire.RosterReply>(options, async (request) => {
      const participant = requireId(request.participantId, 'participant id');
      const change = membershipChanges.find((one) => one === request.change);
      if (change === undefined) throw new FederatedError('malformed', 'no such change of a membership');
      const signed = await enrolment.change(participant, change);
      if (roster.participant(participant) === undefined) options.cutOff(participant, change);
      return { roster: signed };
    }),
    Admit: unary<wire.AdmitRequest__Output, wire.RosterReply>(options, async ({ participantId, fingerprint }) => ({
      roster: await enrolment.admit(requireId(participantId, 'participant id'), shortText(fingerprint)),
    })),
  };
}

function enrolReply(state: EnrolmentState): wire.EnrollReply {
  if (state.state === 'pending') return { state: 'pending' };
  const roster: SignedRosterFrame = state.roster;
  return { state: 'admitted', certificateChain: [...state.certificateChain], roster };
}

function plainBytes(value: Uint8Array, bytesMax: number): Uint8Array {
  if (value.byteLength <= bytesMax) return new Uint8Array(value);
  throw new FederatedError('malformed', 'a field is too long', {
    detail: { required: bytesMax, offered: value.byteLength },
  });
}

/** Names that end in documents, certificates and terminals: printable, at most 200 characters. */
function shortText(value: string): string {
  if (value.length > 0 && value.length <= 200 && !/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u.test(value)) return value;
  throw new FederatedError('malformed', 'a name is empty, too long or has control characters', {
    detail: { required: '1 to 200 printable characters', offered: value.length },
  });
}
