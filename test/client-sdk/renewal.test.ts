import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClientEvent, enroll, FederatedClient, renewCertificate } from '@concordat/client-sdk';
import { renewServerCertificate } from '@concordat/coordinator';
import { expect } from 'chai';
import { refusalOf, TestConsortium } from '../coordinator/consortium.js';
import { automaticPolicy as policy, stepping } from '../support/stepping.js';

const dayMillis = 24 * 3_600_000;

describe('the certificate of a participant', () => {
  let consortium: TestConsortium;
  let home: string;
  let directory: string;

  before(async () => {
    consortium = await TestConsortium.open();
    home = mkdtempSync(join(tmpdir(), 'concordat-renewal-'));
    directory = join(home, 'acme');
    const invitation = await consortium.operator.invite('acme', 'acme', 0);
    const onPending = (fingerprint: string) => void consortium.operator.admit('acme', fingerprint);
    await enroll({ directory, invitation, pollMillis: 1, onPending });
  });
  after(async () => {
    await consortium.close();
    rmSync(home, { recursive: true });
  });

  const certificate = () => new X509Certificate(readFileSync(join(directory, 'certificate.pem')));

  /** Take part until an event of this type comes, with the wall clock so many days ahead. */
  async function until(type: ClientEvent['type'], days: number): Promise<ClientEvent[]> {
    const events: ClientEvent[] = [];
    const stop = new AbortController();
    const wallMillis = () => Date.now() + days * dayMillis;
    const onEvent = (event: ClientEvent) => {
      events.push(event);
      if (event.type === type) stop.abort();
    };
    const client = await FederatedClient.open({ directory, policy, trainer: stepping(0), wallMillis, onEvent });
    await client.run({ signal: stop.signal });
    await client.close();
    return events;
  }

  it('is renewed by a command, with a new key, and both work', async () => {
    const before = certificate();
    const { participantId, expires } = await renewCertificate({ directory });
    expect([participantId, expires]).to.deep.equal(['acme', new Date(certificate().validTo).toISOString()]);
    expect(certificate().fingerprint256).to.not.equal(before.fingerprint256);
    expect(certificate().publicKey.equals(before.publicKey)).to.equal(false);
    await until('connected', 0);
  });

  it('is renewed by a client that runs, 60 days before it runs out', async () => {
    const before = certificate().fingerprint256;
    await until('connected', 330);
    expect(certificate().fingerprint256).to.equal(before);
    const events = await until('certificate', 340);
    expect(events.filter(({ type }) => type === 'certificate')).to.deep.equal([
      { type: 'certificate', renewed: true, expires: new Date(certificate().validTo).toISOString() },
    ]);
    expect(certificate().fingerprint256).to.not.equal(before);
  });

  it('stays when a client uses the directory already, which renews its own', async () => {
    const client = await FederatedClient.open({ directory, policy, trainer: stepping(0) });
    expect(await refusalOf(renewCertificate({ directory }))).to.equal('conflict directory.held');
    await client.close();
  });

  it('is not to blame for a coordinator whose own has expired: that is said, and tried again', async () => {
    const { directory: founded } = consortium;
    await renewServerCertificate({ directory: founded, wallMillis: () => Date.now() - 398 * dayMillis });
    await consortium.coordinator.reloadCertificates();
    const [failed] = (await until('disconnected', 0)).filter(({ type }) => type === 'disconnected');
    expect(failed)
      .to.have.property('reason')
      .that.includes('has expired')
      .and.includes('the certificate of the coordinator');
    await renewServerCertificate({ directory: founded });
    await consortium.coordinator.reloadCertificates();
    await until('connected', 0);
  });
});
