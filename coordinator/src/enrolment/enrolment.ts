import {
  bounds,
  type CryptoPort,
  encodeInvitation,
  equalBytes,
  FederatedError,
  identityFingerprint,
  type Random,
  refusal,
  type SignedRoster,
  sameFingerprint,
  verifyEnrolment,
} from '@concordat/core';
import {
  type CertificateSubject,
  type CertifiedKey,
  certificateFromPem,
  issueClientCertificate,
  requireCertificateRequest,
} from '@concordat/node';
import type { Transaction } from 'kysely';
import type { RosterKeeper } from '../roster-keeper.js';
import type { InvitationRecord, PendingEntry } from '../store/admissions.js';
import type { Tables } from '../store/database.js';
import type { Store } from '../store/store.js';

export interface EnrolmentOptions {
  readonly store: Store;
  readonly roster: RosterKeeper;
  readonly crypto: CryptoPort;
  readonly random: Random;
  readonly authority: CertifiedKey;
  readonly rootKey: Uint8Array;
  /** host:port that participants dial; asked for when an invitation is written. */
  readonly address: () => string;
  /** Milliseconds since 1970. */
  readonly wallMillis: () => number;
}

/** What somebody without a certificate sends. Nothing of it is believed before it is checked. */
export interface EnrolRequest {
  readonly consortium: string;
  readonly participant: string;
  readonly organization: string;
  readonly secret: Uint8Array;
  /** PKCS #10, DER. */
  readonly certificateRequest: Uint8Array;
  readonly identityKey: Uint8Array;
  readonly identityProof: Uint8Array;
  readonly clockMillis: number;
}

export type EnrolmentState =
  | { readonly state: 'pending' }
  | { readonly state: 'admitted'; readonly certificateChain: readonly Uint8Array[]; readonly roster: SignedRoster };

export interface ParticipantRow {
  readonly participant: string;
  readonly organization: string;
  readonly state: 'invited' | 'pending' | 'admitted' | 'suspended';
  /** Of the identity key; empty before enrolment. */
  readonly fingerprint: string;
  readonly invitationExpiresMillis: number;
}

/** What an operator may do to a participant that was admitted; see {@link Enrolment.change}. */
export type MembershipChange = (typeof membershipChanges)[number];

export const membershipChanges = ['suspend', 'reinstate', 'revoke', 'extend'] as const;

/** Clocks may differ by this much: certificates are valid from ten minutes before they were made. */
const clockSkewMillisMax = 5 * 60_000;
const invitationMillisMax = 90 * 24 * 3_600_000;
const membershipMillis = 397 * 24 * 3_600_000;

/** How an organization comes in: an invitation, a request with two proofs, a person who compares fingerprints. */
export class Enrolment {
  readonly #options: EnrolmentOptions;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: EnrolmentOptions) {
    this.#options = options;
  }

  /**
   * Write a one-time invitation; an unused older one of the same participant stops working.
   *
   * @param invited.validMillis 0 for the default of seven days; at most 90 days.
   * @returns the file, with the secret in it. Only the secret's hash stays here.
   */
  async invite(invited: {
    readonly participant: string;
    readonly organization: string;
    readonly validMillis: number;
  }): Promise<Uint8Array> {
    const { store, crypto, random, rootKey, authority, roster, address, wallMillis } = this.#options;
    const validMillis = invited.validMillis === 0 ? bounds.invitationMillisDefault : invited.validMillis;
    if (!(validMillis > 0 && validMillis <= invitationMillisMax)) {
      throw new FederatedError('invalid-argument', 'an invitation is valid for at most 90 days', {
        detail: { required: invitationMillisMax, offered: validMillis },
      });
    }
    const secret = random.bytes(32);
    const { participant, organization } = invited;
    const expires = wallMillis() + validMillis;
    const secretHash = crypto.sha256(secret);
    const record = { participant, organization, secretHash, expiresMillis: expires, used: false };
    await this.#journal('invited', { participant, organization, expires }, (transaction) =>
      store.admissions.invite(transaction, record),
    );
    return encodeInvitation({
      address: address(),
      consortium: roster.consortium,
      participantId: participant,
      organization,
      secret,
      rootKey,
      tlsAuthoritySha256: crypto.sha256(certificateFromPem(authority.certificatePem)),
      expires,
    });
  }

  /**
   * Leave an entry for the operator to admit. The same request again gives its state.
   *
   * @throws `refused` `invitation.unknown | foreign | used | expired`, `enrolment.clock`; `malformed` or `verification` for the
   *   certificate request; `verification` for the identity's proof.
   */
  enrol(request: EnrolRequest): Promise<EnrolmentState> {
    return this.#inTurn(() => this.#enrol(request));
  }

  /** The state of an entry, asked with the invitation's secret. @throws `refused` `invitation.unknown`. */
  async state(participant: string, secret: Uint8Array): Promise<EnrolmentState> {
    const hash = this.#options.crypto.sha256(secret);
    const entry = (await this.#options.store.admissions.pending()).find((pending) =>
      equalBytes(pending.secretHash, hash),
    );
    if (entry === undefined || entry.participant !== participant) throw unknownInvitation();
    return this.#stateOf(entry);
  }

  /** Everybody invited, waiting or admitted, by id. */
  async participants(): Promise<ParticipantRow[]> {
    const { store, crypto, roster } = this.#options;
    const rows = new Map<string, ParticipantRow>();
    for (const { participant, organization, expiresMillis } of await store.admissions.invitations()) {
      rows.set(participant, {
        participant,
        organization,
        state: 'invited',
        fingerprint: '',
        invitationExpiresMillis: expiresMillis,
      });
    }
    for (const { participant, organization, fingerprint, certificateChain } of await store.admissions.pending()) {
      const state = certificateChain.length === 0 ? 'pending' : 'suspended';
      const invitationExpiresMillis = rows.get(participant)?.invitationExpiresMillis ?? 0;
      rows.set(participant, { participant, organization, state, fingerprint, invitationExpiresMillis });
    }
    for (const { participantId, organization, publicKey } of roster.current().roster.members) {
      if (rows.get(participantId)?.state === 'pending') continue;
      const fingerprint = identityFingerprint(crypto, publicKey);
      const invitationExpiresMillis = rows.get(participantId)?.invitationExpiresMillis ?? 0;
      rows.set(participantId, {
        participant: participantId,
        organization,
        state: 'admitted',
        fingerprint,
        invitationExpiresMillis,
      });
    }
    return [...rows.values()].sort((a, b) => (a.participant < b.participant ? -1 : 1));
  }

  /**
   * Take a pending entry into the next roster epoch and issue its certificate.
   *
   * @param fingerprint what the operator compared with the participant by voice.
   * @throws `invalid-argument` without a pending entry; `refused` `admission.fingerprint` when it differs.
   */
  admit(participant: string, fingerprint: string): Promise<SignedRoster> {
    return this.#inTurn(() => this.#admit(participant, fingerprint));
  }

  /**
   * Issue a certificate for a new key to whom TLS and roster know already. The entry in the roster stays as it is.
   *
   * @returns DER, leaf first. @throws `malformed` or `verification` for the request.
   */
  async renew(subject: CertificateSubject, certificateRequest: Uint8Array): Promise<readonly Uint8Array[]> {
    const { authority, wallMillis } = this.#options;
    const { role, id } = subject;
    const leaf = await issueClientCertificate(authority, certificateRequest, {
      subject: { role, id },
      now: wallMillis(),
    });
    return [leaf, certificateFromPem(authority.certificatePem)];
  }

  /**
   * Sign the next roster epoch: `suspend` leaves a participant out until it is reinstated; `revoke` for good, so that only a new
   * invitation and another comparison of fingerprints let it in; `extend` renews the time that its entry counts.
   *
   * @throws `invalid-argument` for a participant that this cannot be done to.
   */
  change(participant: string, change: MembershipChange): Promise<SignedRoster> {
    return this.#inTurn(() => this.#change(participant, change));
  }

  async #change(participant: string, change: MembershipChange): Promise<SignedRoster> {
    const { store, roster, wallMillis } = this.#options;
    const nothing = async () => undefined;
    const isMember = roster.current().roster.members.some(({ participantId }) => participantId === participant);
    const entry = await roster.lastEntry(participant);
    const enrolled = (await store.admissions.pending()).some((one) => one.participant === participant);
    if (change === 'revoke' && (isMember || enrolled)) {
      return (await roster.revoke(participant, (rows) => store.admissions.remove(rows, participant))).signed;
    }
    if (change === 'suspend' && isMember) return (await roster.suspend(participant)).signed;
    if (change === 'extend' && isMember && entry !== undefined) {
      return (await roster.admit({ ...entry, notAfter: wallMillis() + membershipMillis }, nothing)).signed;
    }
    if (change === 'reinstate' && !isMember && enrolled && entry !== undefined) {
      return (await roster.admit(entry, nothing)).signed;
    }
    throw new FederatedError(
      'invalid-argument',
      `${participant} is ${isMember ? 'a member' : 'no member'}: it cannot be told to ${change}`,
      {
        detail: { participant, offered: change },
        fix: 'See who is what: concordat coordinator participants.',
      },
    );
  }

  async #enrol(request: EnrolRequest): Promise<EnrolmentState> {
    const { store, crypto, wallMillis } = this.#options;
    const secretHash = crypto.sha256(request.secret);
    // Hashes are compared, in constant time: how long this takes tells nothing about the secret.
    const invitation = (await store.admissions.invitations()).find((one) => equalBytes(one.secretHash, secretHash));
    this.#requireOwnInvitation(invitation, request);
    const earlier = (await store.admissions.pending()).find((one) => equalBytes(one.secretHash, secretHash));
    if (earlier !== undefined && sameRequest(earlier, request)) return this.#stateOf(earlier);
    requireUsable(invitation, wallMillis());
    requireClock(request.clockMillis, wallMillis());
    await requireCertificateRequest(request.certificateRequest);
    const { consortium, participant, certificateRequest } = request;
    const claim = { consortium, participantId: participant, certificateRequest };
    if (!verifyEnrolment(crypto, request.identityKey, claim, request.identityProof)) {
      throw new FederatedError('verification', 'the request is not signed by the identity key it names', {
        detail: { participant },
        fix: 'Enrol again with the SDK; do not edit the request.',
      });
    }
    const fingerprint = identityFingerprint(crypto, request.identityKey);
    const { organization, identityKey } = request;
    const who = { participant, organization, fingerprint };
    const entry = { ...who, secretHash, identityKey, certificateRequest, certificateChain: [] };
    await this.#journal('enrolled', who, (transaction) => store.admissions.enrol(transaction, entry));
    return { state: 'pending' };
  }

  async #admit(participant: string, fingerprint: string): Promise<SignedRoster> {
    const { store, roster, authority, wallMillis } = this.#options;
    const entry = (await store.admissions.pending()).find((one) => one.participant === participant);
    if (entry === undefined) {
      throw new FederatedError('invalid-argument', `${participant} has not enrolled`, {
        detail: { participant },
        fix: 'Send it an invitation: concordat coordinator invite.',
      });
    }
    if (!sameFingerprint(entry.fingerprint, fingerprint)) {
      throw refusal('admission.fingerprint', `${participant} enrolled with another key than the one compared`, {
        required: fingerprint.slice(0, 80),
        offered: entry.fingerprint,
        fix: 'Call the organization again. If its fingerprint is still another one, somebody else used the invitation: invite it anew.',
      });
    }
    if (entry.certificateChain.length > 0) return roster.current().signed;
    const now = wallMillis();
    const { certificateRequest, organization, identityKey } = entry;
    const leaf = await issueClientCertificate(authority, certificateRequest, {
      subject: { role: 'participant', id: participant },
      now,
    });
    const chain = [leaf, certificateFromPem(authority.certificatePem)];
    const window = { notBefore: now - clockSkewMillisMax, notAfter: now + membershipMillis };
    const member = {
      participantId: participant,
      organization,
      publicKey: identityKey,
      role: 'participant',
      ...window,
    } as const;
    const { signed } = await roster.admit(member, (transaction) =>
      store.admissions.admit(transaction, participant, chain),
    );
    return signed;
  }

  #stateOf({ certificateChain }: PendingEntry): EnrolmentState {
    if (certificateChain.length === 0) return { state: 'pending' };
    return { state: 'admitted', certificateChain, roster: this.#options.roster.current().signed };
  }

  #requireOwnInvitation(
    invitation: InvitationRecord | undefined,
    request: EnrolRequest,
  ): asserts invitation is InvitationRecord {
    const { consortium } = this.#options.roster;
    if (request.consortium !== consortium) throw foreign('consortium', consortium, request.consortium);
    if (invitation === undefined) throw unknownInvitation();
    if (request.participant !== invitation.participant)
      throw foreign('participant', 'the invited one', request.participant);
    if (request.organization !== invitation.organization)
      throw foreign('organization', 'the invited one', request.organization);
  }

  async #journal(
    kind: string,
    facts: object,
    write: (transaction: Transaction<Tables>) => Promise<void>,
  ): Promise<void> {
    const body = Buffer.from(JSON.stringify(facts));
    await this.#options.store.journal.append([{ run: '', round: 0, kind, body }], { write });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(work);
    this.#tail = done.catch(() => undefined);
    return done;
  }
}

function sameRequest(entry: PendingEntry, request: EnrolRequest): boolean {
  return (
    entry.participant === request.participant &&
    equalBytes(entry.identityKey, request.identityKey) &&
    equalBytes(entry.certificateRequest, request.certificateRequest)
  );
}

function requireUsable(invitation: InvitationRecord, now: number): void {
  if (invitation.used) {
    throw refusal('invitation.used', 'this invitation was used before', {
      required: 'an unused invitation',
      offered: 'a used one',
      fix: 'If it was not you, tell the operator at once; else ask for a new invitation.',
    });
  }
  if (invitation.expiresMillis > now) return;
  throw refusal('invitation.expired', 'this invitation has expired', {
    required: `enrolment before ${new Date(invitation.expiresMillis).toISOString()}`,
    offered: new Date(now).toISOString(),
    fix: 'Ask the operator for a new invitation.',
  });
}

function requireClock(clockMillis: number, now: number): void {
  const skew = Math.abs(clockMillis - now);
  if (skew <= clockSkewMillisMax) return;
  throw refusal('enrolment.clock', `the clocks differ by ${Math.round(skew / 1000)} seconds`, {
    required: `at most ${clockSkewMillisMax / 1000} seconds`,
    offered: `${Math.round(skew / 1000)} seconds`,
    fix: 'Set the clock of this machine (the coordinator has the other one), then enrol again.',
  });
}

function foreign(what: string, required: string, offered: string): FederatedError {
  return refusal('invitation.foreign', `this invitation is for another ${what}`, {
    required,
    offered,
    fix: 'Use the invitation that was written for you.',
  });
}

function unknownInvitation(): FederatedError {
  return refusal('invitation.unknown', 'no such invitation', {
    required: 'the newest invitation written for this participant',
    offered: 'an unknown one',
    fix: 'Use the newest invitation file, unchanged, or ask the operator for a new one.',
  });
}
