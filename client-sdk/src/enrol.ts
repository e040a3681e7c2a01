import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import {
  bounds,
  type CryptoPort,
  decodeInvitation,
  equalBytes,
  FederatedError,
  type Invitation,
  identityFingerprint,
  proveEnrolment,
  type Random,
  refusal,
  toHex,
  verifyRoster,
} from '@concordat/core';
import {
  type Clock,
  certificatesToPem,
  createCertificateRequest,
  createIdentityFile,
  fingerprintOf,
  lockDirectory,
  nodeCrypto,
  readIdentityFile,
  readSecretFile,
  syncDirectory,
  systemClock,
  systemRandom,
  writeDurably,
  writeSecretFile,
} from '@concordat/node';
import { signedRosterFromWire, type wire } from '@concordat/proto';
import { writeStartingFiles } from './configuration/starting-files.js';
import {
  type Enrolment,
  type PendingEnrolment,
  readEnrolment,
  readPending,
  writeEnrolment,
  writePending,
} from './keys/enrolment-file.js';
import { type IdentitySigner, requireSigner, signingWith } from './keys/identity-signer.js';
import { requireOwnEntry } from './keys/key-store.js';
import { participantFile, participantFiles } from './keys/participant-files.js';
import { writeRoster } from './keys/roster-file.js';
import { AddressList } from './transport/address-list.js';
import { retry } from './transport/backoff.js';
import { isStopped } from './transport/failures.js';
import { type FirstContact, firstContact } from './transport/first-contact.js';
import { parseProxy } from './transport/proxy.js';
import { callOnce } from './transport/unary.js';

/** The invitation, as the file the operator sent or its content. */
export type InvitationSource = { readonly invitationFile: string } | { readonly invitation: Uint8Array };

/** An invitation, and where what comes of it is kept. */
export type EnrolOptions = InvitationSource & {
  /** The participant directory; made when it is missing. */
  readonly directory: string;
  readonly signal?: AbortSignal;
  /** An HTTP proxy, `http://[user:password@]host:port`; the one that the environment names unless said. */
  readonly proxy?: string | undefined;
  /** Sent with every call and logged by the coordinator beside an error. */
  readonly correlationId?: string | undefined;
  /** The entry waits for the operator, who compares this fingerprint with you. Called once. */
  readonly onPending?: (fingerprint: string) => void;
  /** Between questions whether the entry was admitted; 2 s unless said. */
  readonly pollMillis?: number;
  /** Signs with an identity key that is kept elsewhere; else one is made in the directory. */
  readonly identity?: IdentitySigner | undefined;
  /** What `participant.yaml`, where it is made, says from the beginning, by dotted key. */
  readonly settings?: Readonly<Record<string, string>>;
  /** How long to wait to be admitted; 0 asks once. Ten minutes unless said. */
  readonly waitMillis?: number;
  readonly crypto?: CryptoPort;
  readonly random?: Random;
  readonly clock?: Clock;
  /** Milliseconds since 1970. */
  readonly wallMillis?: () => number;
};

/** How far an enrolment came. */
export interface EnrolResult {
  readonly participantId: string;
  readonly consortium: string;
  /** SHA-256 of the identity key, hexadecimal. */
  readonly fingerprint: string;
  /** `pending`: not admitted within `waitMillis`; call again with the same invitation to go on. */
  readonly state: 'pending' | 'admitted';
}

/** What enrolment works with. */
interface Desk {
  readonly directory: string;
  readonly crypto: CryptoPort;
  readonly random: Random;
  readonly clock: Clock;
  readonly wallMillis: () => number;
  readonly signal: AbortSignal | undefined;
  readonly proxy: URL | undefined;
  readonly identity: IdentitySigner | undefined;
}

const callMillis = 30_000;
const attemptMillis = 10_000;

/**
 * Enrol with an invitation: make identity and TLS keys here, check the coordinator against the pinned TLS authority, leave an
 * entry, wait to be admitted, verify certificate and roster, keep everything durably. May be stopped and called again.
 *
 * @throws `refused` naming the rule: `invitation.expired`, `invitation.used`, `invitation.foreign`, `invitation.unknown`,
 *   `authority.fingerprint`, `enrolment.clock`, `directory.used`; `verification` when the roster is not signed up to the
 *   pinned root or names another key; `malformed` for the invitation; `unavailable`, `deadline`.
 */
export async function enroll(options: EnrolOptions): Promise<EnrolResult> {
  const { crypto = nodeCrypto, random = systemRandom, clock = systemClock, wallMillis = Date.now } = options;
  const invitation = decodeInvitation(await readInvitation(options));
  const { directory, signal, identity } = options;
  if (identity !== undefined) requireSigner(identity);
  const proxy = options.proxy === undefined ? undefined : parseProxy(options.proxy);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const lock = lockDirectory(directory, wallMillis());
  try {
    return await enrolLocked(
      { directory, crypto, random, clock, wallMillis, signal, proxy, identity },
      invitation,
      options,
    );
  } finally {
    lock.release();
  }
}

async function enrolLocked(desk: Desk, invitation: Invitation, options: EnrolOptions): Promise<EnrolResult> {
  const { directory } = desk;
  const wanted = enrolmentOf(invitation);
  const enrolled = await readEnrolment(directory);
  if (enrolled !== undefined) return alreadyEnrolled(desk, enrolled, wanted);
  const held = await readPending(directory);
  if (held !== undefined && !samePlace(held, wanted)) throw directoryUsed(directory, held, wanted);
  // A newer invitation for the same participant replaces the one that was sent.
  const known = held !== undefined && equalBytes(held.secret, invitation.secret) ? held : undefined;
  requireUnexpired(invitation, known, desk.wallMillis());
  // Before any key is made: a wrong address or a foreign server leaves nothing behind.
  const line = new FirstLine(desk, wanted, options.correlationId);
  await retry(retryOptions(desk), () => line.open());
  try {
    const identity = await ownIdentity(desk);
    const pending = known ?? (await prepare(desk, wanted, invitation.secret));
    return await knock({ desk, line, identity, pending }, options);
  } finally {
    line.close();
  }
}

/** The line to the coordinator of an invitation, or to the next of several when one does not answer or lead. */
class FirstLine {
  readonly #desk: Desk;
  readonly #wanted: Enrolment;
  readonly #correlationId: string | undefined;
  readonly #addresses: AddressList;
  #contact: FirstContact | undefined;

  constructor(desk: Desk, wanted: Enrolment, correlationId: string | undefined) {
    this.#desk = desk;
    this.#wanted = wanted;
    this.#correlationId = correlationId;
    this.#addresses = new AddressList(wanted.address, desk.clock);
  }

  async open(): Promise<FirstContact> {
    const { signal, proxy } = this.#desk;
    const address = this.#addresses.current;
    this.#contact ??= await this.#trying(address, () =>
      firstContact({ ...this.#wanted, address, signal, proxy, correlationId: this.#correlationId }),
    );
    return this.#contact;
  }

  /** One attempt of a call. */
  async call<Reply>(call: (contact: FirstContact) => Promise<Reply>): Promise<Reply> {
    const contact = await this.open();
    return this.#trying(contact.address, () => call(contact));
  }

  close(): void {
    this.#contact?.close();
    this.#contact = undefined;
  }

  async #trying<Reply>(address: string, work: () => Promise<Reply>): Promise<Reply> {
    const begun = this.#desk.clock.monotonicMillis();
    try {
      return await work();
    } catch (error) {
      const tookMillis = this.#desk.clock.monotonicMillis() - begun;
      if (error instanceof FederatedError && this.#addresses.failed(address, error, tookMillis)) this.close();
      throw error;
    }
  }
}

interface Visit {
  readonly desk: Desk;
  readonly line: FirstLine;
  readonly identity: IdentitySigner;
  readonly pending: PendingEnrolment;
}

/** Leave the entry (the same bytes every time: a repetition is no second use), then ask until it is admitted. */
async function knock(visit: Visit, options: EnrolOptions): Promise<EnrolResult> {
  const { desk, identity, pending } = visit;
  const { pollMillis = 2_000, waitMillis = 600_000, onPending } = options;
  const fingerprint = identityFingerprint(desk.crypto, identity.publicKey);
  const { participantId, consortium } = pending;
  const end = desk.clock.monotonicMillis() + waitMillis;
  let reply = await leaveEntry(visit);
  if (reply.state === 'pending') onPending?.(fingerprint);
  while (reply.state === 'pending') {
    const left = end - desk.clock.monotonicMillis();
    if (left <= 0 || isStopped(desk.signal)) return { participantId, consortium, fingerprint, state: 'pending' };
    await desk.clock.sleep(Math.min(Math.max(pollMillis, 1), left), desk.signal);
    if (!isStopped(desk.signal)) reply = await askState(visit);
  }
  if (reply.state !== 'admitted') throw new FederatedError('malformed', 'the coordinator gave an unknown state');
  await keep(visit, reply, options.settings);
  return { participantId, consortium, fingerprint, state: 'admitted' };
}

async function leaveEntry({ desk, line, identity, pending }: Visit): Promise<wire.EnrollReply__Output> {
  const { consortium, participantId, organization, secret, request: certificateRequest } = pending;
  const { crypto, clock } = desk;
  const claim = { consortium, participantId, certificateRequest };
  const identityProof = await signingWith({ signer: identity, crypto, clock }, (signer) =>
    proveEnrolment(crypto, signer, claim),
  );
  return retry(retryOptions(desk), (left) =>
    line.call(({ membership, address }) =>
      callOnce<wire.EnrollRequest, wire.EnrollReply__Output>(
        membership.Enroll.bind(membership),
        {
          consortium,
          participantId,
          organization,
          invitationSecret: secret,
          certificateRequest,
          identityKey: identity.publicKey,
          identityProof,
          clockMillis: desk.wallMillis(),
        },
        { address, deadlineMillis: Math.min(left, attemptMillis), signal: desk.signal },
      ),
    ),
  );
}

function askState({ desk, line, pending }: Visit): Promise<wire.EnrollReply__Output> {
  const { participantId, secret: invitationSecret } = pending;
  return retry(retryOptions(desk), (left) =>
    line.call(({ membership, address }) =>
      callOnce<wire.EnrollmentRequest, wire.EnrollReply__Output>(
        membership.Enrollment.bind(membership),
        { participantId, invitationSecret },
        { address, deadlineMillis: Math.min(left, attemptMillis), signal: desk.signal },
      ),
    ),
  );
}

/** Verify what admission brought and write it; `enrolment.json` comes last and makes the directory an enrolled one. */
async function keep(
  { desk, line, identity, pending }: Visit,
  reply: wire.EnrollReply__Output,
  settings: EnrolOptions['settings'],
): Promise<void> {
  const { directory, crypto } = desk;
  const { rootKey, consortium, participantId } = pending;
  const acceptedMillis = desk.wallMillis();
  const signed = signedRosterFromWire(reply.roster);
  requireOwnEntry(
    verifyRoster(crypto, signed, { rootKey, consortium, now: acceptedMillis }),
    participantId,
    identity.publicKey,
  );
  const chain = reply.certificateChain;
  if (chain.length < 1 || chain.length > 4 || chain.some((one) => one.length > bounds.certificateBytesMax)) {
    throw new FederatedError('malformed', 'the certificate chain is empty or too long', {
      detail: { required: '1 to 4 certificates', offered: chain.length },
    });
  }
  await requireOwnCertificate(directory, chain[0]!);
  await writeDurably(participantFile(directory, 'certificate'), Buffer.from(certificatesToPem(...chain)));
  await writeDurably(participantFile(directory, 'authority'), Buffer.from((await line.open()).authorityPem));
  await writeRoster(directory, { acceptedMillis, signed });
  await mkdir(participantFile(directory, 'sessions'), { recursive: true, mode: 0o700 });
  await writeSecretFile(participantFile(directory, 'deviceKey'), desk.random.bytes(32));
  await writeStartingFiles(directory, settings);
  await writeEnrolment(directory, pending);
  await unlink(participantFile(directory, 'pending'));
  await syncDirectory(directory);
}

/** @throws `verification` unless the certificate is for the TLS key that was made here. */
async function requireOwnCertificate(directory: string, leaf: Uint8Array): Promise<void> {
  const key = await readSecretFile(participantFile(directory, 'tlsKey'));
  let own: boolean;
  try {
    own = new X509Certificate(leaf).checkPrivateKey(createPrivateKey(Buffer.from(key)));
  } catch {
    // The cause is left out on purpose: it may quote the key.
    own = false;
  } finally {
    key.fill(0);
  }
  if (own) return;
  throw new FederatedError('verification', 'the certificate that came is not for the TLS key of this directory', {
    detail: { rule: 'certificate.own-key', directory },
    fix: 'Ask the operator for a new invitation and enrol into an empty directory.',
  });
}

/** TLS key and request, kept before anything is sent: after a crash the same request goes out again. */
async function prepare(desk: Desk, wanted: Enrolment, secret: Uint8Array): Promise<PendingEnrolment> {
  const { request, privateKeyPem } = await createCertificateRequest();
  await writeSecretFile(participantFile(desk.directory, 'tlsKey'), Buffer.from(privateKeyPem));
  const pending = { ...wanted, secret, request };
  await writePending(desk.directory, pending);
  return pending;
}

async function ownIdentity({ directory, random, identity }: Desk): Promise<IdentitySigner> {
  if (identity !== undefined) return identity;
  const path = participantFile(directory, 'identityKey');
  const exists = await stat(path).then(
    () => true,
    () => false,
  );
  const { publicKey, sign } = await (exists ? readIdentityFile(path) : createIdentityFile(path, random));
  return { publicKey, sign: async (message) => sign(message) };
}

/** @throws `permission` when others can read the file: who reads it can enrol in our name. */
async function readInvitation(source: InvitationSource): Promise<Uint8Array> {
  return 'invitation' in source ? source.invitation : readSecretFile(source.invitationFile, bounds.certificateBytesMax);
}

function enrolmentOf(invitation: Invitation): Enrolment {
  const { address, consortium, participantId, organization, rootKey, tlsAuthoritySha256 } = invitation;
  return { address, consortium, participantId, organization, rootKey, tlsAuthoritySha256: toHex(tlsAuthoritySha256) };
}

/** An entry that was left in time may still be waited for; only a new one needs a fresh invitation. */
function requireUnexpired(invitation: Invitation, known: PendingEnrolment | undefined, now: number): void {
  if (known !== undefined || invitation.expires > now) return;
  throw refusal('invitation.expired', 'this invitation has expired', {
    required: `enrolment before ${new Date(invitation.expires).toISOString()}`,
    offered: new Date(now).toISOString(),
    fix: 'Ask the operator for a new invitation, and check the clock of this machine.',
  });
}

async function alreadyEnrolled(desk: Desk, enrolled: Enrolment, wanted: Enrolment): Promise<EnrolResult> {
  const { directory, crypto } = desk;
  if (!samePlace(enrolled, wanted)) throw directoryUsed(directory, enrolled, wanted);
  const identity = desk.identity ?? (await readIdentityFile(participantFile(directory, 'identityKey')));
  const fingerprint = identityFingerprint(crypto, identity.publicKey);
  const { participantId, consortium } = enrolled;
  // A crash between the last two writes leaves the used invitation behind.
  await unlink(join(directory, participantFiles.pending)).catch(() => undefined);
  return { participantId, consortium, fingerprint, state: 'admitted' };
}

function samePlace(a: Enrolment, b: Enrolment): boolean {
  return (
    a.consortium === b.consortium &&
    a.participantId === b.participantId &&
    a.tlsAuthoritySha256 === b.tlsAuthoritySha256 &&
    fingerprintOf(a.rootKey) === fingerprintOf(b.rootKey)
  );
}

function directoryUsed(directory: string, held: Enrolment, wanted: Enrolment): FederatedError {
  return refusal('directory.used', `${directory} belongs to ${held.participantId} of ${held.consortium}`, {
    required: `${held.participantId} of ${held.consortium}`,
    offered: `${wanted.participantId} of ${wanted.consortium}`,
    fix: 'Use an empty directory for another participant or another consortium.',
  });
}

function retryOptions({ clock, random, signal }: Desk) {
  return { clock, random, deadlineMillis: callMillis, signal };
}
