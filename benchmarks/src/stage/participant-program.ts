import { MessageChannel } from 'node:worker_threads';
import { type Connection, connect, Downloads } from '@concordat/client-sdk';
import { signBody } from '@concordat/core';
import { identityFromSeed, markSeldom, minorCollection, nodeCrypto } from '@concordat/node';
import { sessionCodec } from '@concordat/proto';
import { consortiumName, runId } from './terms.js';
import { callerName, type TlsParties } from './tls-parties.js';

/** What the measuring process asks of a participant; every question is answered once, in order. */
export type ParticipantQuestion =
  | {
      readonly type: 'connect';
      readonly port: number;
      /** Where downloads come together. */
      readonly directory: string;
      readonly parties: TlsParties;
      readonly coordinatorKey: Uint8Array;
    }
  | { readonly type: 'down'; readonly sha256: Uint8Array; readonly bytes: number }
  | {
      readonly type: 'up';
      readonly round: number;
      readonly path: string;
      readonly bytes: number;
      readonly merkleRoot: Uint8Array;
    }
  | { readonly type: 'ping'; readonly calls: number }
  | { readonly type: 'cpu' };

const signer = identityFromSeed(new Uint8Array(32).fill(4));
const nowhere = new MessageChannel();
nowhere.port2.close();
let connection: Connection | undefined;

// As `participant serve` does.
markSeldom(5);
process.once('disconnect', () => process.exit());
process.on('message', (question: ParticipantQuestion) => {
  void answer(question).then((said) => process.send!({ answer: said }));
});

async function answer(question: ParticipantQuestion): Promise<unknown> {
  switch (question.type) {
    case 'connect':
      connection = open(question);
      return undefined;
    case 'down':
      moveAway(await connection!.getBlob(question.sha256, { maxBytes: question.bytes }));
      return undefined;
    case 'up':
      return upload(question);
    case 'ping':
      for (let call = 0; call < question.calls; call++) await connection!.health();
      return undefined;
    case 'cpu': {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    }
  }
}

function open({ port, directory, parties, coordinatorKey }: Extract<ParticipantQuestion, { type: 'connect' }>) {
  const { authorityPem, authoritySha256, client } = parties;
  return connect({
    address: `127.0.0.1:${port}`,
    consortium: consortiumName,
    participantId: callerName,
    authorityPem,
    tlsAuthoritySha256: authoritySha256,
    ...client,
    coordinatorKey: () => coordinatorKey,
    downloads: new Downloads(directory, { collectGarbage: minorCollection() }),
  });
}

async function upload({ round, path, bytes, merkleRoot }: Extract<ParticipantQuestion, { type: 'up' }>) {
  const said = { sid2: new Uint8Array(32), participant: 0, lengthBytes: bytes, merkleRoot };
  const header = signBody(nodeCrypto, signer, 'CSA1/upload', sessionCodec.upload.encode(said));
  await connection!.uploadMaskedUpdate({ runId, round, header, path, lengthBytes: bytes });
}

/** As a participant's model: its memory becomes the delta, which moves to a thread to be encoded, and the heap that it came to never collects it. */
function moveAway({ buffer }: Uint8Array): void {
  nowhere.port1.postMessage(undefined, [buffer as ArrayBuffer]);
}
