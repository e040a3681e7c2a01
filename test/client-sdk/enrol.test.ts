import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, KeyStore } from '@concordat/client-sdk';
import { type FederatedError, refusal } from '@concordat/core';
import { createCertificateRequest, fingerprintOf, peerOfCall } from '@concordat/node';
import { expect } from 'chai';
import { enrolHere, invitationOf, secret, TestAdmission } from './enrolled.js';
import {
  failure,
  failureOf,
  type Handlers,
  signerOf,
  TestConsortium,
  virtualClock,
  wallMillis,
} from './transport/test-coordinator.js';

describe('enrolment', () => {
  let consortium: TestConsortium;
  let admission: TestAdmission;
  let running: { address: string; stop(): Promise<void> } | undefined;
  let directory: string;

  before(async () => {
    consortium = await TestConsortium.make();
  });

  beforeEach(() => {
    admission = new TestAdmission(consortium);
    directory = mkdtempSync(join(tmpdir(), 'enrol-'));
  });

  afterEach(async () => {
    await running?.stop();
    running = undefined;
    rmSync(directory, { recursive: true });
  });

  async function serve(handlers: Handlers = {}): Promise<string> {
    running = await consortium.serve({ Membership: admission.handlers, ...handlers });
    return running.address;
  }

  it('makes keys, leaves an entry, waits to be admitted and opens the connection with what came', async () => {
    admission.admitAfter = 3;
    const callers: unknown[] = [];
    const address = await serve({
      Health: {
        Check(call, reply) {
          callers.push(peerOfCall(call as never)?.subject);
          reply(null, { state: 'serving', wireVersions: [1], software: 'test/1' });
        },
      },
    });
    const told: string[] = [];
    const clock = virtualClock();
    const onPending = (fingerprint: string) => told.push(fingerprint);
    const result = await enrolHere(directory, invitationOf(consortium, address), { onPending, clock, pollMillis: 500 });
    expect(clock.slept).to.deep.equal([500, 500, 500]);
    expect(admission.proven).to.equal(true);
    const { identityKey, clockMillis, organization } = admission.requests[0]!;
    const fingerprint = fingerprintOf(identityKey);
    expect([clockMillis, organization]).to.deep.equal([wallMillis, 'acme ltd']);
    expect(result).to.deep.equal({ participantId: 'acme', consortium: 'north', fingerprint, state: 'admitted' });
    expect(told).to.deep.equal([fingerprint]);

    const keys = await KeyStore.open(directory);
    expect(keys.fingerprint).to.equal(fingerprint);
    const line = connect({ ...keys.enrolment, ...keys.tls, coordinatorKey: () => keys.roster.roster.coordinatorKey });
    await line.health();
    line.close();
    expect(callers).to.deep.equal([{ role: 'participant', id: 'acme' }]);
  });

  it('keeps every secret to the owner and forgets the invitation when it is used', async () => {
    await enrolHere(directory, invitationOf(consortium, await serve()));
    const names = readdirSync(directory).sort();
    expect(names).to.deep.equal([
      ...[
        'authority.pem',
        'certificate.pem',
        'data.schema.json',
        'device.key',
        'enrolment.json',
        'identity.key',
        'participant.schema.json',
      ],
      ...['participant.yaml', 'policy.schema.json', 'roster.json'],
      ...['sessions', 'tls.key'],
    ]);
    for (const name of names) expect(statSync(join(directory, name)).mode & 0o077, name).to.equal(0);
    const encoded = Buffer.from(secret).toString('base64url');
    for (const name of names.filter((each) => each !== 'sessions')) {
      expect(readFileSync(join(directory, name), 'latin1').includes(encoded), name).to.equal(false);
    }
  });

  it('returns while it is pending and goes on later with the very same request', async () => {
    admission.admitAfter = 1;
    const invitation = invitationOf(consortium, await serve());
    const pending = await enrolHere(directory, invitation, { waitMillis: 0 });
    expect(pending.state).to.equal('pending');
    const { code, error } = await failureOf(KeyStore.open(directory));
    expect([code, error.message]).to.deep.equal(['unauthenticated', 'the operator has not admitted acme yet']);
    // Also behind its expiry: the entry was left in time.
    const admitted = await enrolHere(directory, invitation, { wallMillis: () => wallMillis + 5_000 });
    expect(admitted).to.deep.equal({ ...pending, state: 'admitted' });
    const [first, second] = admission.requests;
    expect(second!.certificateRequest.equals(first!.certificateRequest)).to.equal(true);
    expect(second!.identityKey.equals(first!.identityKey)).to.equal(true);
    // Enrolled is enrolled: once more asks nobody.
    expect(await enrolHere(directory, invitation)).to.deep.equal(admitted);
    expect(admission.requests).to.have.length(2);
  });

  it('takes a newer invitation of the same participant while it is pending', async () => {
    admission.admitAfter = 1;
    const address = await serve();
    await enrolHere(directory, invitationOf(consortium, address), { waitMillis: 0 });
    const newer = new Uint8Array(32).fill(9);
    await enrolHere(directory, invitationOf(consortium, address, { secret: newer }));
    expect(admission.requests.map(({ invitationSecret }) => invitationSecret[0])).to.deep.equal([0xa7, 9]);
  });

  it('stops waiting with the signal', async () => {
    admission.admitAfter = 100;
    const stop = new AbortController();
    const change = { signal: stop.signal, onPending: () => stop.abort() };
    const result = await enrolHere(directory, invitationOf(consortium, await serve()), change);
    expect(result.state).to.equal('pending');
  });

  describe('refuses', () => {
    const nothingKept = async () =>
      expect((await failureOf(KeyStore.open(directory))).code).to.equal('unauthenticated');

    it('an expired invitation, before it dials', async () => {
      const invitation = invitationOf(consortium, await serve(), { expires: wallMillis });
      const { code, rule } = await failureOf(enrolHere(directory, invitation));
      expect([code, rule, admission.requests.length]).to.deep.equal(['refused', 'invitation.expired', 0]);
      expect(readdirSync(directory)).to.deep.equal([]);
    });

    it('a server of another authority, before it sends the secret or makes a key', async () => {
      const other = await TestConsortium.make();
      const invitation = invitationOf(other, await serve());
      const { code, rule, error } = await failureOf(enrolHere(directory, invitation));
      expect([code, rule, admission.requests.length]).to.deep.equal(['refused', 'authority.fingerprint', 0]);
      expect((error as FederatedError).detail.required).to.equal(other.tlsAuthoritySha256);
      expect(readdirSync(directory)).to.deep.equal([]);
    });

    it('a roster that another root certified', async () => {
      admission.roster = (member) => consortium.signRoster([member], {}, signerOf(66));
      const { code, error } = await failureOf(enrolHere(directory, invitationOf(consortium, await serve())));
      expect([code, error.message]).to.deep.equal([
        'verification',
        'the roster key is not certified by the consortium root',
      ]);
      await nothingKept();
    });

    it('a roster without it, or with another key under its name', async () => {
      const address = await serve();
      for (const name of ['acme', 'beta']) {
        admission.roster = () => consortium.signRoster([consortium.member(name, signerOf(77).publicKey)]);
        const { code, rule } = await failureOf(enrolHere(directory, invitationOf(consortium, address)));
        expect([code, rule]).to.deep.equal(['verification', 'roster.own-entry']);
        await nothingKept();
      }
    });

    it('a certificate for a key that is not its own', async () => {
      const { request } = await createCertificateRequest();
      admission.certificateFor = () => request;
      const { code, rule } = await failureOf(enrolHere(directory, invitationOf(consortium, await serve())));
      expect([code, rule]).to.deep.equal(['verification', 'certificate.own-key']);
      await nothingKept();
    });

    it('to go on where the coordinator says no, with the name of its rule', async () => {
      for (const rule of ['invitation.used', 'invitation.foreign', 'invitation.unknown', 'enrolment.clock'] as const) {
        const no = refusal(rule, 'no', { required: 1, offered: 2, fix: 'Ask the operator.' });
        const address = await serve({ Membership: { Enroll: (_call, reply) => reply(failure(no)) } });
        const found = await failureOf(enrolHere(directory, invitationOf(consortium, address)));
        expect([found.code, found.rule]).to.deep.equal(['refused', rule]);
        await running?.stop();
      }
    });

    it('the directory of another participant', async () => {
      const address = await serve();
      await enrolHere(directory, invitationOf(consortium, address));
      const other = invitationOf(consortium, address, { participantId: 'beta' });
      const { code, rule } = await failureOf(enrolHere(directory, other));
      expect([code, rule]).to.deep.equal(['refused', 'directory.used']);
    });

    it('a file that is no invitation, without quoting it', async () => {
      const path = join(directory, 'invitation.json');
      writeFileSync(
        path,
        Buffer.from(invitationOf(consortium, 'localhost:1')).toString().replace('"address"', '"adress"'),
        { mode: 0o600 },
      );
      const home = join(directory, 'home');
      const { code, error } = await failureOf(enrolHere(home, new Uint8Array(0), { invitationFile: path } as never));
      expect(code).to.equal('malformed');
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.to.include(
        Buffer.from(secret).toString('base64url'),
      );
    });

    it('to wait for ever for a coordinator that is not there', async () => {
      const address = await serve();
      await running!.stop();
      const { code, error } = await failureOf(enrolHere(directory, invitationOf(consortium, address)));
      expect(code).to.equal('unavailable');
      expect(error.message).to.include(`no coordinator answers at ${address}`);
    });
  });
});
