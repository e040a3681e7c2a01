import { createPrivateKey, sign, X509Certificate } from 'node:crypto';
import { FederatedError } from '@concordat/core';
import {
  type CertifiedKey,
  certificateFromPem,
  certificatesToPem,
  createCertificateRequest,
  createTlsAuthority,
  fingerprintOf,
  issueClientCertificate,
  issueServerCertificate,
  spokenFingerprint,
} from '@concordat/node';
import { expect } from 'chai';

const now = Date.UTC(2030, 0, 1);
const day = 86_400_000;
const acme = { role: 'participant', id: 'acme' } as const;

const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(FederatedError);
  return (error as FederatedError).code;
};

describe('the TLS authority', () => {
  let authority: CertifiedKey;
  before(async () => {
    authority = await createTlsAuthority({ consortium: 'health', now });
  });

  it('may sign leaf certificates and nothing below them', () => {
    const certificate = new X509Certificate(authority.certificatePem);
    expect(certificate.ca).to.equal(true);
    expect(certificate.subject).to.equal('CN=health TLS authority');
    expect(certificate.verify(certificate.publicKey)).to.equal(true);
  });

  it('issues a server certificate for exactly the names given', async () => {
    const server = await issueServerCertificate(authority, {
      names: ['coordinator.example', '127.0.0.1', '::1'],
      now,
      validMillis: 90 * day,
    });
    const certificate = new X509Certificate(server.certificatePem);
    expect(certificate.subjectAltName).to.equal(
      'DNS:coordinator.example, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
    );
    expect(certificate.checkHost('coordinator.example')).to.equal('coordinator.example');
    expect(certificate.checkHost('other.example')).to.equal(undefined);
    expect(certificate.keyUsage).to.deep.equal(['1.3.6.1.5.5.7.3.1']);
    expect(certificate.ca).to.equal(false);
    expect(certificate.verify(new X509Certificate(authority.certificatePem).publicKey)).to.equal(true);
    expect(certificate.checkPrivateKey(createPrivateKey(server.privateKeyPem))).to.equal(true);
    expect(Date.parse(certificate.validTo)).to.equal(now + 90 * day);
    expect(Date.parse(certificate.validFrom)).to.be.below(now);
  });

  it('refuses server names that are neither DNS name nor address, or none', async () => {
    for (const names of [[], ['*.example, DNS:evil'], ['a b'], ['']]) {
      expect(await codeOf(issueServerCertificate(authority, { names, now })), String(names)).to.equal(
        'invalid-argument',
      );
    }
  });

  it('issues a client certificate whose names come from the invitation, with only the key from the request', async () => {
    const { request, privateKeyPem } = await createCertificateRequest();
    const certificate = new X509Certificate(await issueClientCertificate(authority, request, { subject: acme, now }));
    expect(certificate.subject).to.equal('CN=acme');
    expect(certificate.subjectAltName).to.equal('URI:concordat:participant:acme');
    expect(certificate.keyUsage).to.deep.equal(['1.3.6.1.5.5.7.3.2']);
    expect(certificate.ca).to.equal(false);
    expect(certificate.checkPrivateKey(createPrivateKey(privateKeyPem))).to.equal(true);
    expect(certificate.verify(new X509Certificate(authority.certificatePem).publicKey)).to.equal(true);
  });

  it('refuses ids that are none', async () => {
    const { request } = await createCertificateRequest();
    const subject = { role: 'participant', id: 'acme, URI:concordat:operator:root' } as const;
    expect(await codeOf(issueClientCertificate(authority, request, { subject, now }))).to.equal('invalid-argument');
  });

  it('refuses a request that its own key did not sign', async () => {
    const { request } = await createCertificateRequest();
    const forged = request.slice();
    // The first byte of r or of s: the last bytes of the request are the signature.
    forged[forged.length - 5]! ^= 1;
    expect(await codeOf(issueClientCertificate(authority, forged, { subject: acme, now }))).to.equal('verification');
  });

  it('refuses what is no request, or too long to be one', async () => {
    for (const request of [new Uint8Array(0), new Uint8Array(64).fill(0x30), new Uint8Array(10_000)]) {
      expect(await codeOf(issueClientCertificate(authority, request, { subject: acme, now }))).to.equal('malformed');
    }
  });

  it('never gives two certificates one serial number', async () => {
    const { request } = await createCertificateRequest();
    const issue = async () =>
      new X509Certificate(await issueClientCertificate(authority, request, { subject: acme, now }));
    expect((await issue()).serialNumber).to.not.equal((await issue()).serialNumber);
  });

  it('signs so that the private key in the PEM is the one certified', async () => {
    const key = createPrivateKey(authority.privateKeyPem);
    expect(key.asymmetricKeyDetails).to.deep.equal({ namedCurve: 'prime256v1' });
    expect(sign('sha256', Buffer.from('x'), key)).to.have.length.above(60);
  });

  it('has certificates that go to PEM and back', async () => {
    const der = certificateFromPem(authority.certificatePem);
    expect(certificateFromPem(certificatesToPem(der, der))).to.deep.equal(der);
    expect(certificatesToPem(der, der).match(/BEGIN CERTIFICATE/g)).to.have.length(2);
    expect(() => certificateFromPem('nothing')).to.throw(FederatedError);
  });
});

describe('a fingerprint', () => {
  it('is SHA-256 in hexadecimal, and spoken in eight groups of four', () => {
    const fingerprint = fingerprintOf(Buffer.from('a'), Buffer.from('bc'));
    expect(fingerprint).to.equal('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(spokenFingerprint(fingerprint)).to.equal('ba78 16bf 8f01 cfea 4141 40de 5dae 2223');
  });
});
