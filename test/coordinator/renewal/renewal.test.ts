import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import {
  OperatorClient,
  readOperatorKeys,
  renewOperatorCertificate,
  renewRosterKeyCertificate,
  renewServerCertificate,
} from '@concordat/coordinator';
import { type SignedRoster, verifyRoster } from '@concordat/core';
import {
  certificatesToPem,
  createCertificateRequest,
  issueClientCertificate,
  nodeCrypto,
  readSecretFile,
  systemClock,
} from '@concordat/node';
import type { wire } from '@concordat/proto';
import type { ClientReadableStream } from '@grpc/grpc-js';
import { expect } from 'chai';
import { call, connect, disconnect, type Member, refusalOf, TestConsortium } from '../consortium.js';

const dayMillis = 24 * 3_600_000;

/** The clock of the system, whose timers fire when a test says. */
class HandClock {
  readonly timers = new Map<() => void, number>();
  #ahead = 0;
  readonly clock = {
    ...systemClock,
    monotonicMillis: () => systemClock.monotonicMillis() + this.#ahead,
    after: (millis: number, fire: () => void) => {
      this.timers.set(fire, millis);
      return () => void this.timers.delete(fire);
    },
  };

  /** Fire every timer of this length. */
  fire(millis: number): void {
    this.#ahead += millis;
    for (const [fire, length] of [...this.timers]) {
      if (length !== millis) continue;
      this.timers.delete(fire);
      fire();
    }
  }
}

describe('certificates of a running coordinator', () => {
  let consortium: TestConsortium;
  let member: Member;
  const hand = new HandClock();

  before(async () => {
    consortium = await TestConsortium.open({ clock: hand.clock });
    member = await consortium.join('acme');
  });
  after(() => consortium.close());

  /** Fingerprint of what a new connection is shown. */
  const shown = async (): Promise<string> => {
    const { port } = consortium.coordinator;
    const socket = connectTls({
      port,
      host: '127.0.0.1',
      ca: consortium.operatorKeys.authorityPem,
      ALPNProtocols: ['h2'],
    });
    await once(socket, 'secureConnect');
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.destroy();
    return fingerprint256;
  };
  const path = (file: string) => join(consortium.directory, 'coordinator', file);
  const roster = async () => (await call<wire.RosterReply__Output>(member.stubs.Membership, 'Roster', {})).roster;
  const sign = async (...subject: ['participant' | 'operator', string, number]) => {
    const { certificatePem } = { certificatePem: consortium.operatorKeys.authorityPem };
    const privateKeyPem = Buffer.from(await readSecretFile(path('tls-authority-key.pem'))).toString();
    const { request, privateKeyPem: ownKey } = await createCertificateRequest();
    const [role, id, now] = subject;
    const leaf = await issueClientCertificate({ certificatePem, privateKeyPem }, request, {
      subject: { role, id },
      now,
    });
    return { authorityPem: certificatePem, certificatePem: certificatesToPem(leaf), privateKeyPem: ownKey };
  };

  it('are renewed without a restart: new connections see the new one, open ones go on', async () => {
    const stream = member.stubs.Rounds.CheckIn({ wireVersions: [1], software: 'test', clientEpoch: 1 });
    await once(stream, 'data');
    const ended = streamEnd(stream);
    const before = await shown();
    const { names } = await renewServerCertificate({ directory: consortium.directory });
    expect(names).to.deep.equal(['127.0.0.1']);
    expect(await shown()).to.equal(before);
    await consortium.coordinator.reloadCertificates();
    expect(await shown()).to.not.equal(before);
    expect(await call(member.stubs.Membership, 'Roster', {})).to.have.property('roster');
    expect((await consortium.coordinator.status()).participants[0]!.connected).to.equal(true);
    stream.cancel();
    await ended;
  });

  it('are looked at every minute, and damaged files change nothing', async () => {
    const before = await shown();
    await renewServerCertificate({ directory: consortium.directory });
    hand.fire(60_000);
    // The second reading waits for the first.
    await consortium.coordinator.reloadCertificates();
    const renewed = await shown();
    expect(renewed).to.not.equal(before);
    writeFileSync(path('tls-certificate.pem'), 'damaged');
    expect(await refusalOf(consortium.coordinator.reloadCertificates())).to.equal('invalid-argument');
    expect(await shown()).to.equal(renewed);
    expect(await refusalOf(renewServerCertificate({ directory: consortium.directory }))).to.equal('invalid-argument');
    expect(
      (await renewServerCertificate({ directory: consortium.directory, names: ['127.0.0.1'] })).names,
    ).to.deep.equal(['127.0.0.1']);
    await consortium.coordinator.reloadCertificates();
  });

  it('of the roster key are renewed by the root, for the same key alone', async () => {
    const { directory } = consortium;
    const file = path('roster-key-certificate.json');
    consortium.skewMillis = 89 * dayMillis;
    const wallMillis = () => Date.now() + consortium.skewMillis;
    const { rootKey } = JSON.parse(readFileSync(path('consortium.json'), 'utf8'));
    const trust = { rootKey: new Uint8Array(Buffer.from(rootKey, 'base64url')), consortium: 'demo' };
    const inAMonth = wallMillis() + 30 * dayMillis;
    const old = plainRoster(await roster());
    expect(() => verifyRoster(nodeCrypto, old, { ...trust, now: inAMonth })).to.throw('not valid now');
    await renewRosterKeyCertificate({ directory, certificateFile: file, out: file, wallMillis });
    await consortium.coordinator.reloadCertificates();
    const renewed = plainRoster(await roster());
    expect(verifyRoster(nodeCrypto, renewed, { ...trust, now: inAMonth }).roster.epoch).to.equal(2);
    const other = await TestConsortium.open();
    const foreign = join(other.directory, 'coordinator/roster-key-certificate.json');
    const asked = renewRosterKeyCertificate({ directory, certificateFile: foreign, out: file, wallMillis });
    expect(await refusalOf(asked)).to.equal('verification');
    await other.close();
    consortium.skewMillis = 0;
  });

  it('of the operator are renewed over the line, and work at once', async () => {
    const { directory, operator: client, operatorKeys: keys } = consortium;
    await renewOperatorCertificate({ directory, client, keys });
    const renewed = await readOperatorKeys(directory);
    expect(renewed.certificatePem).to.not.equal(keys.certificatePem);
    const again = new OperatorClient({ ...renewed, address: consortium.coordinator.address });
    expect(await again.participants()).to.have.length(1);
    again.close();
  });

  it('of clients that ran out are refused by name, at the handshake and on a connection that stands', async () => {
    const stubs = connect(
      consortium.coordinator.address,
      await sign('participant', 'acme', Date.now() - 398 * dayMillis),
    );
    const expired = 'unauthenticated certificate.expired';
    expect(await refusalOf(call(stubs.Membership, 'Roster', {}))).to.equal(expired);
    disconnect(stubs);
    expect(await refusalOf(call(member.stubs.Membership, 'Roster', {}))).to.equal('nothing');
    consortium.skewMillis = 398 * dayMillis;
    expect(await refusalOf(call(member.stubs.Membership, 'Roster', {}))).to.equal(expired);
    consortium.skewMillis = 0;
  });

  it('of clients that begin in three hours are refused by name: a clock is wrong, not the certificate', async () => {
    const inThreeHours = Date.now() + 3 * 3_600_000;
    const stubs = connect(consortium.coordinator.address, await sign('participant', 'acme', inThreeHours));
    const refused = await refusalOf(call(stubs.Membership, 'Roster', {}));
    disconnect(stubs);
    expect(refused).to.equal('unauthenticated certificate.not-yet-valid');
  });
});

function plainRoster(roster: wire.RosterReply__Output['roster']): SignedRoster {
  const plain = (signed: { body: Buffer; signature: Buffer } | null) => ({
    body: new Uint8Array(signed!.body),
    signature: new Uint8Array(signed!.signature),
  });
  return { document: plain(roster!.document), rosterKey: plain(roster!.rosterKey) };
}

function streamEnd(stream: ClientReadableStream<unknown>): Promise<void> {
  stream.on('error', () => undefined);
  return new Promise((resolve) => stream.once('close', resolve));
}
