import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyStore } from '@concordat/client-sdk';
import type { FederatedError, RosterMember } from '@concordat/core';
import { createTlsAuthority } from '@concordat/node';
import { expect } from 'chai';
import { enrolHere, invitationOf, TestAdmission } from '../enrolled.js';
import { failureOf, signerOf, TestConsortium, wallMillis } from '../transport/test-coordinator.js';

describe('the key store', () => {
  let consortium: TestConsortium;
  let enrolled: string;
  let acme: RosterMember;
  let beta: RosterMember;
  let files: Map<string, Buffer>;
  const open = () => KeyStore.open(enrolled, { wallMillis: () => wallMillis });
  const names = ['identity.key', 'tls.key', 'device.key', 'authority.pem', 'roster.json', 'enrolment.json'];

  before(async () => {
    consortium = await TestConsortium.make();
    const admission = new TestAdmission(consortium);
    const running = await consortium.serve({ Membership: admission.handlers });
    enrolled = mkdtempSync(join(tmpdir(), 'keys-'));
    await enrolHere(enrolled, invitationOf(consortium, running.address));
    await running.stop();
    acme = consortium.member('acme', (await open()).identityKey);
    beta = consortium.member('beta', signerOf(20).publicKey);
    files = new Map(names.map((name) => [name, readFileSync(join(enrolled, name))]));
  });

  after(() => rmSync(enrolled, { recursive: true }));

  afterEach(() => {
    for (const [name, content] of files) writeFileSync(join(enrolled, name), content);
  });

  it('does not open a secret that others can read, and says how to mend it', async () => {
    for (const name of ['identity.key', 'tls.key', 'device.key']) {
      const path = join(enrolled, name);
      chmodSync(path, 0o644);
      const { code, error } = await failureOf(open());
      chmodSync(path, 0o600);
      expect(code).to.equal('permission');
      expect((error as FederatedError).fix).to.include(`Run: chmod 600 ${path}`);
    }
  });

  it('does not open where nobody is enrolled', async () => {
    const { code, error } = await failureOf(KeyStore.open(join(enrolled, 'sessions')));
    expect(code).to.equal('unauthenticated');
    expect((error as FederatedError).fix).to.include('enroll --invitation-file');
  });

  it('does not open when the authority, the roster or the device key is not what was kept', async () => {
    const { certificatePem } = await createTlsAuthority({ consortium: 'north', now: 0 });
    const lies: [string, string | Uint8Array, string][] = [
      ['authority.pem', certificatePem, 'verification'],
      ['device.key', new Uint8Array(31), 'state-lost'],
      [
        'roster.json',
        files
          .get('roster.json')!
          .toString()
          .replace(/"signature":"../g, '"signature":"AA'),
        'verification',
      ],
      ['roster.json', '{', 'malformed'],
      ['enrolment.json', files.get('enrolment.json')!.toString().replace('"acme"', '"../x"'), 'malformed'],
      ['enrolment.json', files.get('enrolment.json')!.toString().replace('"acme"', '"beta"'), 'verification'],
    ];
    for (const [name, content, code] of lies) {
      writeFileSync(join(enrolled, name), content);
      expect((await failureOf(open())).code, name).to.equal(code);
      writeFileSync(join(enrolled, name), files.get(name)!);
    }
    await open();
  });

  it('takes an epoch that only removes members, and finds it again', async () => {
    const keys = await open();
    const next = consortium.signRoster([acme], { epoch: 2, previousHash: keys.roster.hash });
    expect((await keys.acceptRoster(next, { additions: 'ask' })).type).to.equal('accepted');
    expect((await open()).roster.roster.epoch).to.equal(2);
    expect((await keys.acceptRoster(next, { additions: 'ask' })).type).to.equal('unchanged');
  });

  it('leaves a new member to the policy', async () => {
    const keys = await open();
    const gamma = consortium.member('gamma', signerOf(21).publicKey);
    const next = consortium.signRoster([acme, beta, gamma], { epoch: 2, previousHash: keys.roster.hash });
    expect((await keys.acceptRoster(next, { additions: 'ask' })).type).to.equal('needs-approval');
    expect(keys.roster.roster.epoch).to.equal(1);
    expect((await keys.acceptRoster(next, { additions: 'auto' })).type).to.equal('accepted');
    expect(keys.roster.roster.epoch).to.equal(2);
  });

  it('refuses a fork, an epoch of another root and an older one', async () => {
    const keys = await open();
    const fork = consortium.signRoster([acme], { epoch: 2, previousHash: new Uint8Array(32) });
    const foreign = consortium.signRoster([acme], { epoch: 2, previousHash: keys.roster.hash }, signerOf(66));
    const twin = consortium.signRoster([acme]);
    for (const lie of [fork, foreign, twin]) {
      expect((await failureOf(keys.acceptRoster(lie, { additions: 'auto' }))).code).to.equal('verification');
    }
    expect((await open()).roster.roster.epoch).to.equal(1);
  });
});
