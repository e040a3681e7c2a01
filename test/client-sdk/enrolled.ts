import { enroll } from '@concordat/client-sdk';
import {
  encodeInvitation,
  fromHex,
  type Invitation,
  type RosterMember,
  type SignedRoster,
  verifyEnrolment,
} from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import type { wire } from '@concordat/proto';
import {
  countingRandom,
  signerOf,
  type TestConsortium,
  virtualClock,
  wallMillis,
} from './transport/test-coordinator.js';

/** The coordinator's side of one enrolment; each answer can be turned into a lie. */
export class TestAdmission {
  readonly consortium: TestConsortium;
  readonly requests: wire.EnrollRequest__Output[] = [];
  /** Questions after which the operator admits; 0 at once. */
  admitAfter = 0;
  asked = 0;
  roster: (member: RosterMember) => SignedRoster;
  certificateFor: (request: Uint8Array) => Uint8Array = (request) => request;

  constructor(consortium: TestConsortium) {
    this.consortium = consortium;
    this.roster = (member) => consortium.signRoster([member, consortium.member('beta', signerOf(20).publicKey)]);
  }

  get handlers(): Partial<wire.MembershipHandlers> {
    return {
      Enroll: (call, reply) => {
        this.requests.push(call.request);
        void this.#state().then((state) => reply(null, state));
      },
      Enrollment: (_call, reply) => {
        this.asked++;
        void this.#state().then((state) => reply(null, state));
      },
    };
  }

  /** Whether the last request was signed by the identity it names. */
  get proven(): boolean {
    const { consortium, participantId, certificateRequest, identityKey, identityProof } = this.requests.at(-1)!;
    const claim = { consortium, participantId, certificateRequest: new Uint8Array(certificateRequest) };
    return verifyEnrolment(nodeCrypto, new Uint8Array(identityKey), claim, new Uint8Array(identityProof));
  }

  async #state(): Promise<wire.EnrollReply> {
    if (this.asked < this.admitAfter) return { state: 'pending' };
    const { participantId, certificateRequest, identityKey } = this.requests.at(-1)!;
    const leaf = await this.consortium.issue(participantId, this.certificateFor(new Uint8Array(certificateRequest)));
    const roster = this.roster(this.consortium.member(participantId, new Uint8Array(identityKey)));
    return { state: 'admitted', certificateChain: [leaf], roster };
  }
}

export const secret = new Uint8Array(32).fill(0xa7);

export function invitationOf(
  consortium: TestConsortium,
  address: string,
  change: Partial<Invitation> = {},
): Uint8Array {
  return encodeInvitation({
    address,
    consortium: consortium.id,
    participantId: 'acme',
    organization: 'acme ltd',
    secret,
    rootKey: consortium.root.publicKey,
    tlsAuthoritySha256: fromHex(consortium.tlsAuthoritySha256),
    expires: wallMillis + 1_000,
    ...change,
  });
}

/** Enrol in virtual time on the day of the test consortium. */
export function enrolHere(
  directory: string,
  invitation: Uint8Array,
  change: Partial<Parameters<typeof enroll>[0]> = {},
) {
  const defaults = {
    directory,
    invitation,
    clock: virtualClock(),
    random: countingRandom(),
    wallMillis: () => wallMillis,
  };
  return enroll({ ...defaults, ...change });
}
