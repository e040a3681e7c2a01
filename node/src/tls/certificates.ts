// The first import defines the metadata that @peculiar/x509's decorators read while it loads.
import 'reflect-metadata';
import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { bounds, FederatedError, requireId } from '@concordat/core';
import * as x509 from '@peculiar/x509';

type CryptoKey = webcrypto.CryptoKey;
type CryptoKeyPair = webcrypto.CryptoKeyPair;

x509.cryptoProvider.set(webcrypto);

const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' } as const;
const dayMillis = 24 * 3_600_000;

// Clocks differ: a certificate is valid from a little before it was made.
const clockSkewMillis = 10 * 60_000;

/** A certificate with its private key, both PEM. The key is secret: write it with `writeSecretFile`. */
export interface CertifiedKey {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** Who a client certificate is for. */
export type CertificateSubject =
  | { readonly role: 'participant'; readonly id: string }
  | { readonly role: 'operator'; readonly id: string };

/**
 * Make the TLS authority of a consortium: self-signed, ECDSA P-256, may sign leaf certificates only.
 *
 * @param options.now wall clock, milliseconds since 1970. @param options.validMillis ten years unless said.
 */
export async function createTlsAuthority(options: {
  readonly consortium: string;
  readonly now: number;
  readonly validMillis?: number;
}): Promise<CertifiedKey> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerialNumber(),
    name: [{ CN: [`${requireId(options.consortium, 'consortium')} TLS authority`] }],
    ...validity(options.now, options.validMillis ?? 3650 * dayMillis),
    signingAlgorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificatePem: pem(certificate), privateKeyPem: await privatePem(keys.privateKey) };
}

/**
 * Issue a server certificate with a fresh key.
 *
 * @param options.names DNS names and IP addresses that participants will dial; at least one. 397 days unless said.
 * @throws `invalid-argument` for something that is neither.
 */
export async function issueServerCertificate(
  authority: CertifiedKey,
  options: { readonly names: readonly string[]; readonly now: number; readonly validMillis?: number },
): Promise<CertifiedKey> {
  if (options.names.length === 0) throw new FederatedError('invalid-argument', 'a server certificate needs a name');
  const names = options.names.map(
    (name): x509.JsonGeneralName => ({ type: isIP(name) ? 'ip' : 'dns', value: isIP(name) ? name : dnsName(name) }),
  );
  const keys = await newKeys();
  const certificate = await issue(authority, {
    commonName: 'coordinator',
    names,
    usage: x509.ExtendedKeyUsage.serverAuth,
    publicKey: keys.publicKey,
    now: options.now,
    validMillis: options.validMillis ?? 397 * dayMillis,
  });
  return { certificatePem: pem(certificate), privateKeyPem: await privatePem(keys.privateKey) };
}

/**
 * Make a client's TLS key and the PKCS #10 request for it. The request names nobody: the authority decides whom it is for.
 *
 * @returns `request` as DER; `privateKeyPem` is secret.
 */
export async function createCertificateRequest(): Promise<{
  readonly request: Uint8Array;
  readonly privateKeyPem: string;
}> {
  const keys = await newKeys();
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: ['request'] }],
    keys,
    signingAlgorithm,
  });
  return { request: new Uint8Array(request.rawData), privateKeyPem: await privatePem(keys.privateKey) };
}

/**
 * Issue a client certificate from a request. Only the public key is taken from it: subject, names and usages come from
 * `options.subject`, that is from the invitation.
 *
 * @param request PKCS #10, DER, at most 8,192 bytes. @param options.validMillis 397 days unless said.
 * @returns the leaf as DER; the chain is leaf, authority.
 * @throws `malformed` if it does not decode or holds another kind of key; `verification` if its self-signature is wrong.
 */
export async function issueClientCertificate(
  authority: CertifiedKey,
  request: Uint8Array,
  options: { readonly subject: CertificateSubject; readonly now: number; readonly validMillis?: number },
): Promise<Uint8Array> {
  const { role, id } = options.subject;
  requireId(id, `${role} id`);
  const certificate = await issue(authority, {
    commonName: id,
    names: [{ type: 'url', value: `concordat:${role}:${id}` }],
    usage: x509.ExtendedKeyUsage.clientAuth,
    publicKey: await requestedKey(request),
    now: options.now,
    validMillis: options.validMillis ?? 397 * dayMillis,
  });
  return new Uint8Array(certificate.rawData);
}

/**
 * Check a request without issuing anything: what comes in at enrolment is looked at then, not when it is admitted.
 *
 * @throws as {@link issueClientCertificate}.
 */
export async function requireCertificateRequest(request: Uint8Array): Promise<void> {
  await requestedKey(request);
}

/** DER → PEM, one block for each certificate, in order. */
export function certificatesToPem(...certificates: readonly Uint8Array[]): string {
  return certificates.map((der) => x509.PemConverter.encode(new Uint8Array(der), 'CERTIFICATE')).join('\n') + '\n';
}

/** The first certificate of a PEM text as DER. @throws `malformed` if there is none. */
export function certificateFromPem(text: string): Uint8Array {
  try {
    return new Uint8Array(x509.PemConverter.decodeFirst(text));
  } catch (cause) {
    throw new FederatedError('malformed', 'no PEM certificate', { cause });
  }
}

interface Leaf {
  readonly commonName: string;
  readonly names: x509.JsonGeneralNames;
  readonly usage: x509.ExtendedKeyUsage;
  readonly publicKey: CryptoKey;
  readonly now: number;
  readonly validMillis: number;
}

async function issue(authority: CertifiedKey, leaf: Leaf): Promise<x509.X509Certificate> {
  const issuer = new x509.X509Certificate(authority.certificatePem);
  return x509.X509CertificateGenerator.create({
    serialNumber: newSerialNumber(),
    subject: [{ CN: [leaf.commonName] }],
    issuer: issuer.subjectName,
    ...validity(leaf.now, leaf.validMillis),
    signingAlgorithm,
    publicKey: leaf.publicKey,
    signingKey: await importPrivateKey(authority.privateKeyPem),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([leaf.usage], false),
      new x509.SubjectAlternativeNameExtension(leaf.names, false),
      await x509.SubjectKeyIdentifierExtension.create(leaf.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(await issuer.publicKey.export()),
    ],
  });
}

async function requestedKey(request: Uint8Array): Promise<CryptoKey> {
  if (request.length > bounds.certificateBytesMax) {
    throw new FederatedError('malformed', 'certificate request too long', {
      detail: { required: bounds.certificateBytesMax, offered: request.length },
    });
  }
  let proven: boolean;
  let key: CryptoKey;
  try {
    const decoded = new x509.Pkcs10CertificateRequest(new Uint8Array(request));
    key = await decoded.publicKey.export(keyAlgorithm, ['verify']);
    proven = await decoded.verify();
  } catch (cause) {
    throw new FederatedError('malformed', 'not a certificate request for an ECDSA P-256 key', { cause });
  }
  if (!proven) throw new FederatedError('verification', 'the certificate request is not signed by its own key');
  return key;
}

function dnsName(name: string): string {
  if (name.length <= 253 && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(name)) return name;
  throw new FederatedError('invalid-argument', `${JSON.stringify(name.slice(0, 80))} is no DNS name and no IP address`);
}

function newKeys(): Promise<CryptoKeyPair> {
  return webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify']) as Promise<CryptoKeyPair>;
}

async function privatePem(key: CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}

async function importPrivateKey(text: string): Promise<CryptoKey> {
  const der = createPrivateKey(text).export({ format: 'der', type: 'pkcs8' });
  return webcrypto.subtle.importKey('pkcs8', der, keyAlgorithm, false, ['sign']);
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}

function validity(now: number, validMillis: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(now - clockSkewMillis), notAfter: new Date(now + validMillis) };
}

/** 127 random bits, positive, never zero (RFC 5280 §4.1.2.2). */
function newSerialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return bytes.toString('hex');
}
