import {
  type CoordinatorServer,
  type CoordinatorServerOptions,
  type ExpectedUpload,
  ExpectedUploads,
  openCoordinatorServer,
  openStore,
  Traffic,
} from '@concordat/coordinator';
import { FederatedError, type ParticipantMessage, signBody } from '@concordat/core';
import { Garbage, identityFromSeed, markSeldom, nodeCrypto, serverCollection, systemClock } from '@concordat/node';
import { sessionCodec } from '@concordat/proto';
import { pino } from 'pino';
import { consortiumName, runId } from './terms.js';
import { callerName, type TlsParties } from './tls-parties.js';

/** Signs receipts. */
export const coordinatorIdentity = identityFromSeed(new Uint8Array(32).fill(3));

/** As of the command that starts a coordinator. */
const garbageBytesMax = 8 * 1024 * 1024;
const oldBytesMax = 32 * 1024 * 1024;

export interface UploadTarget {
  readonly server: CoordinatorServer;
  /** @returns the SHA-256 of as many bytes, to be fetched. */
  putBlob(bytes: number): Promise<Uint8Array>;
  /** Remove what was uploaded. */
  forget(): Promise<void>;
}

/**
 * A coordinator's own server with its own store: TLS, authorization, admission, services, blobs, and the spool that a vector is durable in
 * before its receipt. Only who decides which vector is awaited stands in: every one is that comes with a signed header.
 */
export async function openUploadTarget(directory: string, parties: TlsParties): Promise<UploadTarget> {
  markSeldom(2);
  const store = await openStore(directory);
  const rounds = new Set<number>();
  const runs = { require: () => standIn(rounds) };
  const member = { participantId: callerName, organization: callerName, notBefore: 0 };
  const roster = {
    participant: (id: string) => (id === callerName ? member : undefined),
    operator: () => undefined,
  };
  // What the measured calls never touch is left out.
  const server = await openCoordinatorServer({
    host: '127.0.0.1',
    port: 0,
    listening: true,
    consortium: consortiumName,
    authorityPem: parties.authorityPem,
    ...parties.server,
    store,
    roster,
    runs,
    traffic: new Traffic(),
    crypto: nodeCrypto,
    log: pino({ level: 'silent' }),
    clock: systemClock,
    wallMillis: Date.now,
    garbage: new Garbage(garbageBytesMax, serverCollection(oldBytesMax)),
  } as unknown as CoordinatorServerOptions);
  return {
    server,
    putBlob: (bytes) => store.blobs.put(nodeCrypto.keystream(new Uint8Array(32), 0, bytes)),
    async forget() {
      for (const round of rounds) await store.spool.removeRound(runId, round);
      rounds.clear();
    },
  };
}

function standIn(rounds: Set<number>) {
  const uploads = new ExpectedUploads();
  return {
    plan: { deadlines: { leaseBytesPerSecond: 1_000_000 } },
    async message(participant: string, message: ParticipantMessage) {
      if (message.type !== 'session' || message.frame.type !== 'upload') {
        throw new FederatedError('protocol', 'only vectors are taken here');
      }
      const { body } = message.frame.upload;
      const { lengthBytes, merkleRoot } = sessionCodec.upload.decode(body);
      rounds.add(message.round);
      const contentDigest = nodeCrypto.sha256(body);
      const vector = { run: runId, round: message.round, participant, contentDigest, lengthBytes, merkleRoot };
      return { type: 'upload', expected: uploads.expect(vector) };
    },
    async uploaded({ round, participant, contentDigest }: ExpectedUpload) {
      const said = { runId, round, step: 'upload', participantId: participant, contentDigest } as const;
      return signBody(nodeCrypto, coordinatorIdentity, 'CSA1/receipt', sessionCodec.receipt.encode(said));
    },
    uploadProgress: () => undefined,
    uploadBroken: async () => undefined,
  };
}
