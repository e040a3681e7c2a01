import { mkdir } from 'node:fs/promises';
import {
  certifyRosterKey,
  FederatedError,
  type Random,
  type Roster,
  type Signed,
  type SignedRoster,
  type Signer,
  signPlan,
  signRoster,
} from '@concordat/core';
import {
  type CertifiedKey,
  certificateFromPem,
  certificatesToPem,
  createCertificateRequest,
  createIdentityFile,
  createTlsAuthority,
  fingerprintOf,
  identityFromSeed,
  issueClientCertificate,
  nodeCrypto,
  systemRandom,
  writeDurably,
  writeSecretFile,
} from '@concordat/node';
import { writeStartingFiles } from '../configuration/starting-files.js';
import { writeEnrolment } from '../keys/enrolment-file.js';
import { participantFile } from '../keys/participant-files.js';
import { writeRoster } from '../keys/roster-file.js';

const yearMillis = 365 * 86_400_000;

/** Where no socket is: the address in an enrolment, shown in events and messages. */
const address = 'in-process:7443';

/** Every key of a consortium that lives in one test: the root's, the operator's, the coordinator's and each member's. */
export class TestConsortium {
  readonly id: string;
  readonly members: readonly string[];
  readonly authority: CertifiedKey;
  readonly operatorId = 'operator';
  readonly operator: Signer;
  readonly coordinator: Signer;
  readonly #root: Signer;
  readonly #rosterKey: Signer;
  readonly #seeds: ReadonlyMap<string, Uint8Array>;
  readonly #wallMillis: () => number;
  /** The only epoch there is. */
  readonly roster: SignedRoster;

  private constructor(
    id: string,
    members: readonly string[],
    wallMillis: () => number,
    random: Random,
    authority: CertifiedKey,
  ) {
    const signer = () => identityFromSeed(random.bytes(32));
    this.id = id;
    this.members = [...members].sort();
    this.authority = authority;
    this.operator = signer();
    this.coordinator = signer();
    this.#root = signer();
    this.#rosterKey = signer();
    this.#seeds = new Map(this.members.map((name) => [name, random.bytes(32)]));
    this.#wallMillis = wallMillis;
    this.roster = this.#signRoster();
  }

  /** @throws `invalid-argument` for members that are named twice. */
  static async found(options: {
    readonly id: string;
    readonly members: readonly string[];
    readonly wallMillis: () => number;
    readonly random?: Random;
  }): Promise<TestConsortium> {
    const { id, members, wallMillis, random = systemRandom } = options;
    if (new Set(members).size !== members.length) {
      throw new FederatedError('invalid-argument', 'a participant is named twice', {
        fix: 'Give every participant an id of its own.',
      });
    }
    const authority = await createTlsAuthority({ consortium: id, now: wallMillis(), validMillis: yearMillis });
    return new TestConsortium(id, members, wallMillis, random, authority);
  }

  /** Signs with the identity key of a member. */
  signerOf(member: string): Signer {
    return identityFromSeed(this.#seedOf(member));
  }

  /** What a member has pinned, to check a roster by. @param now milliseconds since 1970. */
  pins(now: number): { readonly rootKey: Uint8Array; readonly consortium: string; readonly now: number } {
    return { rootKey: this.#root.publicKey, consortium: this.id, now };
  }

  /** A plan's bytes as the operator, or somebody else, signs them. */
  signPlan(body: Uint8Array, signer: Signer = this.operator): Signed {
    return signPlan(nodeCrypto, signer, body);
  }

  /**
   * Leave in `directory` what an enrolment leaves: keys, certificate, pins, roster, `participant.yaml`. It takes some milliseconds.
   *
   * @throws `invalid-argument` for somebody who is no member; `conflict` when the directory has an identity already.
   */
  async enrol(member: string, directory: string): Promise<void> {
    const seed = this.#seedOf(member);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await createIdentityFile(participantFile(directory, 'identityKey'), { bytes: () => seed.slice() });
    const { request, privateKeyPem } = await createCertificateRequest();
    await writeSecretFile(participantFile(directory, 'tlsKey'), Buffer.from(privateKeyPem));
    const now = this.#wallMillis();
    const subject = { role: 'participant', id: member } as const;
    const leaf = await issueClientCertificate(this.authority, request, { subject, now, validMillis: yearMillis });
    const { certificatePem } = this.authority;
    await writeDurably(participantFile(directory, 'certificate'), Buffer.from(certificatesToPem(leaf)));
    await writeDurably(participantFile(directory, 'authority'), Buffer.from(certificatePem));
    await writeRoster(directory, { acceptedMillis: now, signed: this.roster });
    await mkdir(participantFile(directory, 'sessions'), { recursive: true, mode: 0o700 });
    await writeSecretFile(participantFile(directory, 'deviceKey'), systemRandom.bytes(32));
    await writeStartingFiles(directory);
    await writeEnrolment(directory, {
      address,
      consortium: this.id,
      participantId: member,
      organization: organizationOf(member),
      rootKey: this.#root.publicKey,
      tlsAuthoritySha256: fingerprintOf(certificateFromPem(certificatePem)),
    });
  }

  #seedOf(member: string): Uint8Array {
    const seed = this.#seeds.get(member);
    if (seed !== undefined) return seed;
    throw new FederatedError('invalid-argument', 'nobody of this name is in the consortium', {
      detail: { required: this.members.join(', '), offered: member },
      fix: 'Name it in `participants` when you open the coordinator.',
    });
  }

  #signRoster(): SignedRoster {
    const now = this.#wallMillis();
    const window = { notBefore: now - 86_400_000, notAfter: now + yearMillis };
    const { id: consortium } = this;
    const { publicKey: rosterKey } = this.#rosterKey;
    const certificate = certifyRosterKey(nodeCrypto, this.#root, { consortium, rosterKey, ...window });
    const roster: Roster = {
      consortium,
      epoch: 1,
      members: this.members.map((participantId) => ({
        participantId,
        organization: organizationOf(participantId),
        publicKey: this.signerOf(participantId).publicKey,
        role: 'participant',
        ...window,
      })),
      operators: [{ id: this.operatorId, publicKey: this.operator.publicKey }],
      coordinatorKey: this.coordinator.publicKey,
    };
    return signRoster(nodeCrypto, this.#rosterKey, roster, certificate);
  }
}

function organizationOf(member: string): string {
  return `${member} ltd`;
}
