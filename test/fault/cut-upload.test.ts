import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@concordat/client-sdk';
import type { RoundReport } from '@concordat/coordinator';
import { bounds, decodeRoster, type Signed } from '@concordat/core';
import { fingerprintOf } from '@concordat/node';
import { signedFromWire, type wire } from '@concordat/proto';
import { expect } from 'chai';
import { call, type Member, TestConsortium } from '../coordinator/consortium.js';
import { MachineParticipant } from '../coordinator/machine-participant.js';
import { TcpProxy } from './tcp-proxy.js';

/** Of a handshake, headers and frames beside the vector. */
const connectionBytes = 6_000;

describe('an upload over mutual TLS whose line is cut', function () {
  this.timeout(60_000);
  let consortium: TestConsortium;
  let proxy: TcpProxy;
  let directory: string;
  const members: Member[] = [];
  let runs = 0;

  before(async () => {
    consortium = await TestConsortium.open();
    proxy = await TcpProxy.listen(consortium.coordinator.port);
    directory = mkdtempSync(join(tmpdir(), 'concordat-cut-'));
    for (const name of ['acme', 'bluebird', 'cobalt', 'delta']) members.push(await consortium.join(name));
  });

  after(async () => {
    await proxy.close();
    await consortium.close();
    rmSync(directory, { recursive: true });
  });

  /** The SDK's own upload, through the proxy. */
  async function upload(run: string, frames: readonly wire.UploadFrame[], member: Member): Promise<Signed> {
    const [header, ...chunks] = frames;
    const vector = Buffer.concat(chunks.map(({ chunk }) => new Uint8Array(chunk!.data as Uint8Array)));
    const path = join(directory, 'masked');
    writeFileSync(path, vector);
    const { roster } = await call<wire.RosterReply__Output>(member.stubs.Membership, 'Roster', {});
    const { coordinatorKey } = decodeRoster(new Uint8Array(roster!.document!.body));
    const [, base64] = /-----BEGIN CERTIFICATE-----([^-]*)-----END/.exec(member.tls.authorityPem)!;
    const connection = connect({
      address: `127.0.0.1:${proxy.port}`,
      consortium: 'demo',
      participantId: member.id,
      authorityPem: member.tls.authorityPem,
      tlsAuthoritySha256: fingerprintOf(Buffer.from(base64!, 'base64')),
      certificatePem: member.tls.certificatePem!,
      privateKeyPem: member.tls.privateKeyPem!,
      coordinatorKey: () => coordinatorKey,
    });
    try {
      const signed = signedFromWire(header!.header!.upload as never);
      const announced = { runId: run, round: 1, header: signed, path, lengthBytes: vector.length };
      return await connection.uploadMaskedUpdate(announced);
    } finally {
      connection.close();
    }
  }

  const uploadBytes = async () => {
    const { traffic } = await consortium.coordinator.status();
    return traffic.find(({ participant }) => participant === 'acme')?.uploadBytes ?? 0;
  };

  for (const [cutAfterBytes, chunks] of [
    [30_000, 0],
    [75_000, 1],
    [115_000, 2],
  ] as const) {
    it(`behind ${cutAfterBytes} bytes goes on behind the last chunk that was taken`, async () => {
      const run = `cut-${++runs}`;
      const first = proxy.passed.length;
      proxy.order({ up: { silentAfterBytes: cutAfterBytes } });
      const cutUpload: typeof upload = async (...order) => {
        const before = await uploadBytes();
        const uploaded = upload(...order);
        // A reset takes with it what a socket holds unread: the line is silent until the coordinator has taken what it can.
        const isTaken = async () => (await uploadBytes()) >= before + chunks * bounds.chunkBytes;
        while ((proxy.passed[first]?.up ?? 0) < cutAfterBytes || !(await isTaken())) {
          await new Promise((resolve) => setImmediate(resolve));
        }
        proxy.cut();
        return uploaded;
      };
      const deadlines = { selectMillis: 50, readyMillis: 60_000, stepMillis: 60_000, graceMillis: 100 };
      const { planHash } = await consortium.propose({ run, rounds: 1, deadlines });
      const participants = members.map(
        (member, index) =>
          new MachineParticipant(member, {
            delta: (parameters) => new Float32Array(parameters).fill(0.002),
            clientEpoch: runs,
            ...(index === 0
              ? { send: async (frames) => ({ receipt: await cutUpload(run, frames, member) }) as wire.Receipt__Output }
              : {}),
          }),
      );
      for (const participant of participants) await participant.connect();
      await consortium.operator.startRun(planHash, run);
      let report: RoundReport | undefined;
      await consortium.operator.watch(run, 1, ({ event }) => {
        if (event.type === 'round') report = event;
      });
      for (const participant of participants) participant.leave();
      expect([report!.outcome, report!.survivors.length]).to.deep.equal(['published', 4]);
      const [cut, resumed] = proxy.passed.slice(first);
      expect([cut!.up, proxy.passed.length - first]).to.deep.equal([cutAfterBytes, 2]);
      const vectorBytes = participants[0]!.vectors.get(1)!.length;
      // What was taken did not cross again: from the first byte it would have been all of it.
      const left = vectorBytes - chunks * bounds.chunkBytes;
      expect(resumed!.up).to.be.within(left, left + connectionBytes);
    });
  }
});
