import { createHash } from 'node:crypto';
import { crc32 as crcOf } from 'node:zlib';
import type { RoundReport } from '@concordat/coordinator';
import { type ConcordatPackage, loaderOptions, protoFiles, type wire } from '@concordat/proto';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { expect } from 'chai';
import { type Member, type Stubs, TestConsortium, type TlsMaterial } from '../consortium.js';
import { beginUpload, MachineParticipant, sendUpload } from '../machine-participant.js';

/** Our .proto files, and grpc-js as it comes: no options, no guard, no codecs of ours. */
const services = (grpc.loadPackageDefinition(loadSync([...protoFiles], loaderOptions)) as unknown as ConcordatPackage)
  .concordat.v1;

function plainStubs(address: string, { authorityPem, certificatePem, privateKeyPem }: TlsMaterial): Stubs {
  const pem = (text: string) => Buffer.from(text);
  const tls = grpc.credentials.createSsl(pem(authorityPem), pem(privateKeyPem!), pem(certificatePem!));
  const at = [address.replace('127.0.0.1', 'localhost'), tls] as const;
  return {
    Membership: new services.Membership(...at),
    Plans: new services.Plans(...at),
    Rounds: new services.Rounds(...at),
    Blobs: new services.Blobs(...at),
    Results: new services.Results(...at),
    Runs: new services.Runs(...at),
    Health: new services.Health(...at),
  };
}

/** Three pieces and a bit, so that windows and messages have borders inside. */
const blob = Uint8Array.from({ length: 600_000 }, (_, i) => (i * 31 + (i >> 8)) & 0xff);

describe('a gRPC peer that knows only the .proto files', function () {
  this.timeout(60_000);
  let consortium: TestConsortium;
  let members: Member[];
  let operator: Stubs;

  before(async () => {
    consortium = await TestConsortium.open({}, ['127.0.0.1', 'localhost']);
    members = [];
    for (const name of ['acme', 'bluebird', 'cobalt', 'delta']) {
      const member = await consortium.join(name);
      members.push({ ...member, stubs: plainStubs(consortium.coordinator.address, member.tls) });
    }
    operator = plainStubs(consortium.coordinator.address, consortium.operatorKeys);
  });

  after(async () => {
    for (const stubs of [operator, ...members.map((member) => member.stubs)]) {
      for (const stub of Object.values(stubs)) stub.close();
    }
    await consortium.close();
  });

  it('puts a blob in one message or several, and gets it from any offset', async () => {
    const sha256 = createHash('sha256').update(blob).digest();
    const reply = await new Promise<wire.PutReply__Output>((resolve, reject) => {
      const call = operator.Blobs.Put((error, value) => (error ? reject(error) : resolve(value!)));
      call.write({ header: { sha256, sizeBytes: blob.length } });
      const whole = { offset: 0, crc32: crcOf(blob.subarray(0, 500_000)), data: blob.subarray(0, 500_000) };
      call.write({ chunk: whole });
      call.write({ chunk: { offset: 500_000, crc32: crcOf(blob.subarray(500_000)), data: blob.subarray(500_000) } });
      call.end();
    });
    expect(Buffer.from(reply.sha256).equals(sha256)).to.equal(true);
    for (const offset of [0, 1, 49_151, 300_000, blob.length]) {
      const parts: Buffer[] = [];
      let sizeBytes = 0;
      for await (const message of members[0]!.stubs.Blobs.Get({
        sha256,
        offset,
      }) as AsyncIterable<wire.BlobChunk__Output>) {
        sizeBytes ||= message.sizeBytes;
        if (message.chunk) parts.push(message.chunk.data);
      }
      expect([sizeBytes, Buffer.concat(parts).equals(blob.subarray(offset))]).to.deep.equal([blob.length, true]);
    }
  });

  it('takes part in a round: every call of a participant, with the question before its vector', async () => {
    const { planHash } = await consortium.propose({ run: 'plain', rounds: 1 });
    const offsets: (number | undefined)[] = [];
    const delta = (parameters: number) => new Float32Array(parameters).fill(0.002);
    const participants = members.map(
      (member) =>
        new MachineParticipant(member, {
          delta,
          clientEpoch: 1,
          send: async (frames, from) => {
            offsets.push((await beginUpload(from, frames)).committedOffset);
            return sendUpload(from, frames).sent;
          },
        }),
    );
    for (const participant of participants) await participant.connect();
    await consortium.operator.startRun(planHash, 'plain');
    let report: RoundReport | undefined;
    await consortium.operator.watch('plain', 1, ({ event }) => {
      if (event.type === 'round') report = event;
    });
    for (const participant of participants) participant.leave();
    expect([report!.outcome, report!.survivors.length, offsets]).to.deep.equal(['published', 4, [0, 0, 0, 0]]);
  });
});
