import { readFile } from 'node:fs/promises';
import {
  acceptRoster,
  type CryptoPort,
  FederatedError,
  type Random,
  type RosterSuccession,
  type SignedRoster,
  type Signer,
  toHex,
  type VerifiedRoster,
  verifyRoster,
} from '@concordat/core';
import {
  type Clock,
  certificateFromPem,
  createCertificateRequest,
  fingerprintOf,
  type KeyPairPaths,
  nodeCrypto,
  readIdentityFile,
  readKeyPair,
  readSecretFile,
  renewKeyPair,
  requireRenewedCertificate,
  systemRandom,
} from '@concordat/node';
import { type Enrolment, readEnrolment, readPending } from './enrolment-file.js';
import { type Asking, type IdentitySigner, requireSigner, signingWith } from './identity-signer.js';
import { participantFile, type participantFiles } from './participant-files.js';
import { readRoster, writeRoster } from './roster-file.js';
import { SealedRoots } from './sealed-roots.js';

/** Primitives and clock of a key store. */
export interface KeyStoreOptions {
  readonly crypto?: CryptoPort;
  readonly random?: Random;
  /** Signs in the place of the identity key in the directory, which then needs none. */
  readonly identity?: IdentitySigner | undefined;
  /** Times what such a signer takes; the system's unless said. */
  readonly clock?: Pick<Clock, 'after'> | undefined;
  /** Milliseconds since 1970; the system's clock unless said. */
  readonly wallMillis?: () => number;
}

/** What the TLS connection of this participant needs, PEM. The key is secret. */
export interface TlsIdentity {
  readonly privateKeyPem: string;
  readonly certificatePem: string;
  readonly authorityPem: string;
}

/** A roster epoch with its signatures as they came. */
export interface AcceptedRoster extends VerifiedRoster {
  readonly signed: SignedRoster;
}

/** The identity key: one of the directory signs at once, another one is asked. */
type KeptIdentity = { readonly key: Signer } | Pick<Asking, 'signer' | 'clock'>;

interface Parts {
  readonly directory: string;
  readonly enrolment: Enrolment;
  readonly identity: KeptIdentity;
  readonly tls: TlsIdentity;
  readonly roots: SealedRoots;
  readonly roster: AcceptedRoster;
  readonly crypto: CryptoPort;
  readonly wallMillis: () => number;
}

/** A participant's keys, pins and latest roster, opened from its directory. One process at a time: lock the directory. */
export class KeyStore {
  readonly directory: string;
  readonly enrolment: Enrolment;
  readonly #identity: KeptIdentity;
  #tls: TlsIdentity;
  /** Sealed session roots; purge them at start. */
  readonly roots: SealedRoots;
  readonly #crypto: CryptoPort;
  readonly #wallMillis: () => number;
  #roster: AcceptedRoster;

  private constructor(parts: Parts) {
    this.directory = parts.directory;
    this.enrolment = parts.enrolment;
    this.#identity = parts.identity;
    this.#tls = parts.tls;
    this.roots = parts.roots;
    this.#roster = parts.roster;
    this.#crypto = parts.crypto;
    this.#wallMillis = parts.wallMillis;
  }

  /**
   * Open the directory that `enroll` filled.
   *
   * @throws `permission` when others can read a secret file, naming it and the command that mends it; `unauthenticated` when
   *   nobody is enrolled here or the operator has not admitted the entry; `verification` when the authority or the roster is
   *   not what was pinned; `malformed` when a file is damaged.
   */
  static async open(directory: string, options: KeyStoreOptions = {}): Promise<KeyStore> {
    const { crypto = nodeCrypto, random = systemRandom, wallMillis = Date.now } = options;
    const enrolment = await requireEnrolment(directory);
    const identity = await openIdentity(directory, options);
    const tls = await readTls(directory, enrolment);
    const deviceKey = await readSecretFile(participantFile(directory, 'deviceKey'), 32);
    if (deviceKey.length !== 32) throw damaged(participantFile(directory, 'deviceKey'));
    const roster = await openRoster(directory, enrolment, crypto);
    requireOwnEntry(roster, enrolment.participantId, publicKeyOf(identity));
    const roots = new SealedRoots({ directory: participantFile(directory, 'sessions'), deviceKey, crypto, random });
    return new KeyStore({ directory, enrolment, identity, tls, roots, roster, crypto, wallMillis });
  }

  get participantId(): string {
    return this.enrolment.participantId;
  }

  /** Ed25519 identity key of this participant, 32 bytes. */
  get identityKey(): Uint8Array {
    return publicKeyOf(this.#identity);
  }

  /**
   * Do work that signs with the participant's identity key; the key itself stays where it is.
   *
   * @param work pure: it may be begun again. @returns what it gives. @throws as {@link signingWith}.
   */
  async signing<Result>(work: (signer: Signer) => Result): Promise<Result> {
    const identity = this.#identity;
    return 'key' in identity ? work(identity.key) : signingWith({ ...identity, crypto: this.#crypto }, work);
  }

  /** SHA-256 of the identity key, hexadecimal: what participant and operator compare by voice. */
  get fingerprint(): string {
    return fingerprintOf(this.identityKey);
  }

  /** What the TLS connection needs now. */
  get tls(): TlsIdentity {
    return this.#tls;
  }

  /**
   * Make a new TLS key and put it with its certificate in the place of the old ones. A stop at any moment leaves one pair that works.
   *
   * @param ask for a certificate for a PKCS #10 request, both DER; the chain is leaf first.
   * @throws `verification` when the certificate is another than was asked for; what `ask` throws. The old pair stays then.
   */
  async renewTls(ask: (request: Uint8Array) => Promise<readonly Uint8Array[]>): Promise<void> {
    const { authorityPem } = this.#tls;
    const subject = { role: 'participant', id: this.participantId } as const;
    const { request, privateKeyPem } = await createCertificateRequest();
    const certify = async () => requireRenewedCertificate(await ask(request), { subject, authorityPem });
    const renewed = await renewKeyPair(tlsPair(this.directory), { privateKeyPem, certify }, restore);
    this.#tls = { ...renewed, authorityPem };
  }

  /** The latest epoch that was accepted here. */
  get roster(): AcceptedRoster {
    return this.#roster;
  }

  /**
   * Check a roster epoch from the wire: signatures up to the pinned root, time, consortium. It is not kept.
   *
   * @throws `malformed`, `verification`.
   */
  verifyRoster(signed: SignedRoster): AcceptedRoster {
    const { rootKey, consortium } = this.enrolment;
    return { ...verifyRoster(this.#crypto, signed, { rootKey, consortium, now: this.#wallMillis() }), signed };
  }

  /**
   * Take a roster epoch from the wire in place of the one held, if it may be without asking a person: see `acceptRoster` in core.
   *
   * @param policy.additions `auto` accepts new members too.
   * @returns what became of it; on `needs-approval` the held epoch stays.
   * @throws `verification` for a wrong signature, a fork, an older epoch; `malformed`.
   */
  async acceptRoster(signed: SignedRoster, policy: { readonly additions: 'auto' | 'ask' }): Promise<RosterSuccession> {
    const next = this.verifyRoster(signed);
    const succession = acceptRoster(this.#crypto, this.#roster, next, policy);
    if (succession.type === 'accepted') await this.adoptRoster(next);
    return succession;
  }

  /** Keep an epoch that was verified and approved. Durable when the promise resolves. */
  async adoptRoster(roster: AcceptedRoster): Promise<void> {
    await writeRoster(this.directory, { acceptedMillis: this.#wallMillis(), signed: roster.signed });
    this.#roster = roster;
  }
}

async function openIdentity(directory: string, { identity, clock }: KeyStoreOptions): Promise<KeptIdentity> {
  if (identity !== undefined) return { signer: requireSigner(identity), clock };
  return { key: await readIdentityFile(participantFile(directory, 'identityKey')) };
}

function publicKeyOf(identity: KeptIdentity): Uint8Array {
  return 'key' in identity ? identity.key.publicKey : identity.signer.publicKey;
}

async function requireEnrolment(directory: string): Promise<Enrolment> {
  const enrolment = await readEnrolment(directory);
  if (enrolment !== undefined) return enrolment;
  const pending = await readPending(directory);
  if (pending !== undefined) {
    throw new FederatedError('unauthenticated', `the operator has not admitted ${pending.participantId} yet`, {
      detail: { directory, participant: pending.participantId },
      fix: 'Compare the fingerprint with the operator, then run enroll with the same invitation again.',
    });
  }
  throw new FederatedError('unauthenticated', `nobody is enrolled in ${directory}`, {
    detail: { directory },
    fix: 'Enrol first: concordat participant enroll --invitation-file FILE --directory DIR.',
  });
}

const restore = 'Restore the directory, or enrol again with a new invitation.';

function tlsPair(directory: string): KeyPairPaths {
  const path = (name: keyof typeof participantFiles) => participantFile(directory, name);
  return { certificate: path('certificate'), key: path('tlsKey'), nextKey: path('tlsNextKey') };
}

async function readTls(directory: string, enrolment: Enrolment): Promise<TlsIdentity> {
  const { certificatePem, privateKeyPem } = await readKeyPair(tlsPair(directory), restore);
  const authorityPem = await readFile(participantFile(directory, 'authority'), 'utf8');
  requireAuthority(authorityPem, enrolment.tlsAuthoritySha256);
  return { privateKeyPem, certificatePem, authorityPem };
}

/** @throws `verification` unless the PEM's first certificate is the pinned one. */
export function requireAuthority(authorityPem: string, tlsAuthoritySha256: string): void {
  const offered = fingerprintOf(certificateFromPem(authorityPem));
  if (offered === tlsAuthoritySha256) return;
  throw new FederatedError('verification', 'the TLS authority is not the one the invitation named', {
    detail: { rule: 'authority.fingerprint', required: tlsAuthoritySha256, offered },
    fix: 'Compare the fingerprint with the operator; if it differs from the invitation, do not connect.',
  });
}

async function openRoster(directory: string, enrolment: Enrolment, crypto: CryptoPort): Promise<AcceptedRoster> {
  const stored = await readRoster(directory);
  if (stored === undefined) throw damaged(participantFile(directory, 'roster'));
  const { rootKey, consortium } = enrolment;
  // Valid when it was accepted: an accepted epoch stays good when the roster key's certificate expires.
  const verified = verifyRoster(crypto, stored.signed, { rootKey, consortium, now: stored.acceptedMillis });
  return { ...verified, signed: stored.signed };
}

/** @throws `verification` unless the roster names this participant with this key. */
export function requireOwnEntry(verified: VerifiedRoster, participantId: string, publicKey: Uint8Array): void {
  const entry = verified.roster.members.find((member) => member.participantId === participantId);
  if (entry !== undefined && toHex(entry.publicKey) === toHex(publicKey)) return;
  const why = entry === undefined ? `does not name ${participantId}` : `names ${participantId} with another key`;
  throw new FederatedError('verification', `the roster ${why}`, {
    detail: { rule: 'roster.own-entry', participant: participantId, epoch: verified.roster.epoch },
    fix: 'Tell the operator: somebody else may have been admitted under this name.',
  });
}

function damaged(path: string): FederatedError {
  return new FederatedError('state-lost', `${path} is missing or damaged`, {
    detail: { path },
    fix: restore,
  });
}
