import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FederatedError } from '@concordat/core';
import { readSecretFile, writeSecretFile } from '../durable/secret-file.js';
import { syncDirectory, writeDurably } from '../durable/write-durably.js';
import type { CertifiedKey } from './certificates.js';

/** Where a certificate lies and its key. A new key waits beside the old one until its certificate is there. */
export interface KeyPairPaths {
  /** PEM, leaf first. */
  readonly certificate: string;
  readonly key: string;
  readonly nextKey: string;
}

/** A new key, and how it comes to its certificate. */
export interface KeyRenewal {
  /** PEM, secret. */
  readonly privateKeyPem: string;
  /** @returns PEM, leaf first. */
  readonly certify: () => Promise<string>;
}

/**
 * A certificate with the key that belongs to it, also when a renewal stopped halfway.
 *
 * @param fix what mends files that do not belong together.
 * @throws `invalid-argument` when a file is absent or no key is the certificate's; `permission` when others can read a key.
 */
export async function readKeyPair(paths: KeyPairPaths, fix: string): Promise<CertifiedKey> {
  const certificatePem = await readFile(paths.certificate, 'utf8').catch((cause: unknown) => {
    throw new FederatedError('invalid-argument', `${paths.certificate} cannot be read`, {
      detail: { path: paths.certificate },
      fix,
      cause,
    });
  });
  const certificate = parse(paths.certificate, certificatePem, fix);
  for (const path of [paths.key, paths.nextKey]) {
    if (path === paths.nextKey && !(await exists(path))) continue;
    const privateKeyPem = Buffer.from(await readSecretFile(path)).toString('utf8');
    if (isKeyOf(certificate, privateKeyPem)) return { certificatePem, privateKeyPem };
  }
  throw new FederatedError('invalid-argument', `${paths.key} is not the key of ${paths.certificate}`, {
    detail: { path: paths.key },
    fix,
  });
}

/**
 * Put a new key and its certificate in the place of the old ones. Whenever it is stopped, {@link readKeyPair} finds a pair: the new key is
 * durable before the certificate is, and takes the old one's name after it.
 *
 * @throws what `certify` throws, and then nothing changed; `verification` when it certifies another key.
 */
export async function renewKeyPair(paths: KeyPairPaths, renewal: KeyRenewal, fix: string): Promise<CertifiedKey> {
  const { privateKeyPem } = renewal;
  // A pair that is damaged is what a renewal mends: then there is nothing to settle.
  const old = await readKeyPair(paths, fix).catch(() => undefined);
  if (old !== undefined) await settle(paths, old);
  await writeSecretFile(paths.nextKey, Buffer.from(privateKeyPem));
  const certificatePem = await renewal.certify();
  if (!isKeyOf(parse(paths.certificate, certificatePem, fix), privateKeyPem)) {
    throw new FederatedError('verification', 'the new certificate is for another key than the one that was made', {
      fix,
    });
  }
  await writeDurably(paths.certificate, Buffer.from(certificatePem), { mode: 0o644 });
  await settle(paths, { certificatePem, privateKeyPem });
  return { certificatePem, privateKeyPem };
}

/** The next key takes the name of the old one, if the certificate is its own. */
async function settle(paths: KeyPairPaths, { certificatePem }: CertifiedKey): Promise<void> {
  if (!(await exists(paths.nextKey))) return;
  const next = Buffer.from(await readSecretFile(paths.nextKey)).toString('utf8');
  if (!isKeyOf(new X509Certificate(certificatePem), next)) return;
  await rename(paths.nextKey, paths.key);
  await syncDirectory(dirname(paths.key));
}

function isKeyOf(certificate: X509Certificate, privateKeyPem: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(privateKeyPem));
  } catch {
    return false;
  }
}

function parse(path: string, pem: string, fix: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new FederatedError('invalid-argument', `${path} holds no certificate`, { detail: { path }, fix, cause });
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}
