import { type FederatedError, identityFingerprint, type Signer } from '@concordat/core';
import { certificatesToPem, identityFromSeed, nodeCrypto, tlsTransport } from '@concordat/node';
import type { wire } from '@concordat/proto';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import {
  call,
  connect,
  disconnect,
  enrolRequest,
  federated,
  TestConsortium,
  type TlsMaterial,
} from '../coordinator/consortium.js';
import { namelessCodes } from './flipped-round.js';
import { SpokenWire } from './spoken-wire.js';

/** Messages with which an organization comes in, and with which its client does. */
export const spokenByGuests = ['enroll', 'enrollment', 'check-in'] as const;

export type SpokenByGuests = (typeof spokenByGuests)[number];

/** One bit of one of them. */
export interface GuestFlip {
  readonly what: SpokenByGuests;
  readonly at: number;
  readonly bit: number;
}

/** What became of it. */
export interface FlippedGuest {
  readonly flip: GuestFlip;
  /** The code and the rule that the coordinator refused by; empty when it took the message. */
  readonly refusals: readonly string[];
  /** `pending` or `admitted` as who it is; `welcomed`. */
  readonly end: string;
  readonly wrong: readonly string[];
}

const paths: Readonly<Record<SpokenByGuests, string>> = {
  enroll: '/concordat.v1.Membership/Enroll',
  enrollment: '/concordat.v1.Membership/Enrollment',
  'check-in': '/concordat.v1.Rounds/CheckIn',
};

/** One organization on its way in; nobody knows it afterwards. */
interface Guest {
  readonly id: string;
  readonly signer: Signer;
  readonly requests: Readonly<Record<SpokenByGuests, Buffer>>;
  /** Behind its certificate request. */
  readonly privateKeyPem: string;
}

/** Organizations that come in, whose messages are changed on the way. Whoever was taken at its changed word is followed by another. */
export class GuestFlipPlayer {
  readonly #consortium: TestConsortium;
  readonly #wire = new SpokenWire();
  readonly #anonymous: ReturnType<typeof connect>;
  #guests = 0;

  private constructor(consortium: TestConsortium) {
    this.#consortium = consortium;
    const { authorityPem } = consortium.operatorKeys;
    this.#anonymous = connect(consortium.coordinator.address, { authorityPem });
  }

  static async open(): Promise<GuestFlipPlayer> {
    return new GuestFlipPlayer(await TestConsortium.open());
  }

  async close(): Promise<void> {
    disconnect(this.#anonymous);
    await this.#consortium.close();
  }

  /** Bytes of each message; a certificate request is a few bytes longer or shorter every time. */
  async measure(): Promise<ReadonlyMap<SpokenByGuests, number>> {
    const { requests } = await this.#invite();
    return new Map(spokenByGuests.map((what) => [what, requests[what].length - (what === 'enroll' ? 4 : 0)]));
  }

  async play(flips: readonly GuestFlip[]): Promise<readonly FlippedGuest[]> {
    const played: FlippedGuest[] = [];
    for (const what of spokenByGuests) {
      const left = flips.filter((flip) => flip.what === what);
      while (left.length > 0) played.push(...(await this.#playSome(what, left)));
    }
    return played;
  }

  /** Until one flip is taken. The true message follows. */
  async #playSome(what: SpokenByGuests, left: GuestFlip[]): Promise<FlippedGuest[]> {
    const guest = await this.#invite();
    const { authorityPem } = this.#consortium.operatorKeys;
    const tls = what === 'check-in' ? await this.#admit(guest) : { authorityPem };
    if (what === 'enrollment') await this.#admit(guest);
    const channelOverride = tlsTransport.channel(this.#consortium.coordinator.address, tls);
    const client = new Client(this.#consortium.coordinator.address, credentials.createInsecure(), { channelOverride });
    const said: { readonly flip: GuestFlip; readonly refusal: FederatedError | undefined }[] = [];
    while (left.length > 0) {
      const flip = left.shift()!;
      const changed = Buffer.from(guest.requests[what]);
      changed[flip.at]! ^= 1 << flip.bit;
      const refusal = await refusalOf(client, what, changed);
      said.push({ flip, refusal });
      if (refusal === undefined) break;
    }
    const wrong = await this.#faults(client, what, guest, said.at(-1)!.refusal === undefined);
    client.close();
    const end = what === 'check-in' ? 'welcomed' : what === 'enroll' ? 'pending' : 'admitted';
    return said.map(({ flip, refusal }) => {
      if (refusal === undefined) return { flip, refusals: [], end, wrong };
      const nameless = namelessCodes.includes(refusal.code) ? [`refused as ${refusal.code}: ${refusal.message}`] : [];
      return { flip, refusals: [refusal.code], end, wrong: [...wrong, ...nameless] };
    });
  }

  /** The true message is taken, and the coordinator knows the guest by its own key. A client that said another number is another. */
  async #faults(client: Client, what: SpokenByGuests, guest: Guest, wasTaken: boolean): Promise<string[]> {
    const refusal = await refusalOf(client, what, guest.requests[what]);
    const mayConflict = what === 'check-in' && wasTaken;
    const faults = refusal === undefined || mayConflict ? [] : [`the true message was refused: ${refusal.message}`];
    const row = (await this.#consortium.operator.participants()).find(({ participant }) => participant === guest.id);
    if (row?.fingerprint !== identityFingerprint(nodeCrypto, guest.signer.publicKey)) faults.push('it is another');
    return faults;
  }

  async #invite(): Promise<Guest> {
    this.#guests += 1;
    const id = `guest-${String(this.#guests).padStart(4, '0')}`;
    const invitation = await this.#consortium.invite(id);
    const signer = identityFromSeed(nodeCrypto.sha256(Buffer.from(`identity of ${id}`)));
    const { request, privateKeyPem } = await enrolRequest(invitation, signer);
    const { Membership, Rounds } = this.#wire.services;
    const checkIn = { wireVersions: [1], software: 'a guest', clientEpoch: 1, startId: new Uint8Array(16).fill(7) };
    const enrollment = { participantId: id, invitationSecret: invitation.secret };
    const requests = {
      enroll: Membership.service.Enroll.requestSerialize(request as never),
      enrollment: Membership.service.Enrollment.requestSerialize(enrollment as never),
      'check-in': Rounds.service.CheckIn.requestSerialize(checkIn as never),
    };
    return { id, signer, requests, privateKeyPem };
  }

  /** @returns what it dials with from now on. */
  async #admit({ id, signer, requests, privateKeyPem }: Guest): Promise<TlsMaterial> {
    const { authorityPem } = this.#consortium.operatorKeys;
    const { Membership } = this.#anonymous;
    const definitions = this.#wire.services.Membership.service;
    await call(Membership, 'Enroll', definitions.Enroll.requestDeserialize(requests.enroll));
    await this.#consortium.operator.admit(id, identityFingerprint(nodeCrypto, signer.publicKey));
    const request = definitions.Enrollment.requestDeserialize(requests.enrollment);
    const { certificateChain } = await call<wire.EnrollReply__Output>(Membership, 'Enrollment', request);
    return { authorityPem, certificatePem: certificatesToPem(...certificateChain), privateKeyPem };
  }
}

/** Say it in these bytes. @returns why it was refused; undefined when it was answered. */
function refusalOf(client: Client, what: SpokenByGuests, bytes: Buffer): Promise<FederatedError | undefined> {
  const asIs = (value: Buffer) => value;
  return new Promise((resolve) => {
    const failed = (error: ServiceError) => resolve(federated(error));
    if (what === 'check-in') {
      const stream = client.makeServerStreamRequest(paths[what], asIs, asIs, bytes);
      stream.on('error', failed);
      stream.once('data', () => {
        resolve(undefined);
        stream.cancel();
      });
      return;
    }
    client.makeUnaryRequest(paths[what], asIs, asIs, bytes, (error: ServiceError | null) => {
      if (error === null) resolve(undefined);
      else failed(error);
    });
  });
}
