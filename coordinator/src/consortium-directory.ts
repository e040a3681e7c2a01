import { readFile } from 'node:fs/promises';
import { FederatedError, fromBase64url, requireId, type Signed, type Signer } from '@concordat/core';
import { type CertifiedKey, type KeyPairPaths, readIdentityFile, readKeyPair, readSecretFile } from '@concordat/node';
import { z } from 'zod';
import { consortiumFiles, consortiumPath } from './consortium-files.js';

/** What the coordinator needs of `coordinator/`. */
export interface CoordinatorKeys {
  readonly consortium: string;
  readonly rootKey: Uint8Array;
  readonly coordinatorKey: Signer;
  readonly rosterKey: Signer;
  readonly rosterKeyCertificate: Signed;
  readonly authority: CertifiedKey;
  /** Chain and key, PEM. */
  readonly server: CertifiedKey;
}

/** What an operator needs of `operator/`. */
export interface OperatorKeys {
  readonly consortium: string;
  readonly operator: string;
  readonly address: string;
  readonly operatorKey: Signer;
  readonly authorityPem: string;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** What to do when a certificate and its key are not there or do not belong together. */
export const renewServer =
  'Name the directory that `concordat coordinator init` made, with --directory; if it is that one: concordat coordinator renew-certificate.';
export const restore =
  'Name the directory that `concordat coordinator init` made, with --directory, or restore it from a copy.';

const factsSchema = z.object({
  consortium: z.string(),
  address: z.string(),
  rootKey: z.string(),
  operator: z.string().optional(),
});
const signedSchema = z.strictObject({ body: z.string(), signature: z.string() });

/** Who a directory is of. @throws as {@link readCoordinatorKeys}. */
export function readFacts(path: string): Promise<z.infer<typeof factsSchema>> {
  return readJson(path, factsSchema);
}

/** Certificate and key that the coordinator shows. */
export function serverPair(directory: string): KeyPairPaths {
  const { tlsCertificate, tlsKey, tlsNextKey } = consortiumFiles.coordinator;
  return pathsBelow(directory, tlsCertificate, tlsKey, tlsNextKey);
}

/** Certificate and key that the operator shows. */
export function operatorPair(directory: string): KeyPairPaths {
  const { tlsCertificate, tlsKey, tlsNextKey } = consortiumFiles.operator;
  return pathsBelow(directory, tlsCertificate, tlsKey, tlsNextKey);
}

/** The consortium's TLS authority with its key. @throws as {@link readCoordinatorKeys}. */
export function readAuthority(directory: string): Promise<CertifiedKey> {
  const { authorityCertificate, authorityKey } = consortiumFiles.coordinator;
  return readPair(consortiumPath(directory, authorityCertificate), consortiumPath(directory, authorityKey));
}

/** The root's word for the roster key. @throws as {@link readCoordinatorKeys}. */
export async function readRosterKeyCertificate(path: string): Promise<Signed> {
  const { body, signature } = await readJson(path, signedSchema);
  return { body: fromBase64url(body), signature: fromBase64url(signature) };
}

/** @throws `invalid-argument` when a file is absent or damaged; `permission` when a key is readable by others. */
export async function readCoordinatorKeys(directory: string): Promise<CoordinatorKeys> {
  const files = consortiumFiles.coordinator;
  const path = (file: string) => consortiumPath(directory, file);
  const facts = await readJson(path(files.facts), factsSchema);
  return {
    consortium: requireId(facts.consortium, 'consortium'),
    rootKey: fromBase64url(facts.rootKey),
    coordinatorKey: await readIdentityFile(path(files.coordinatorKey)),
    rosterKey: await readIdentityFile(path(files.rosterKey)),
    rosterKeyCertificate: await readRosterKeyCertificate(path(files.rosterKeyCertificate)),
    authority: await readAuthority(directory),
    server: await readKeyPair(serverPair(directory), renewServer),
  };
}

/** @throws as {@link readCoordinatorKeys}. */
export async function readOperatorKeys(directory: string): Promise<OperatorKeys> {
  const files = consortiumFiles.operator;
  const path = (file: string) => consortiumPath(directory, file);
  const facts = await readJson(path(files.facts), factsSchema);
  const { certificatePem, privateKeyPem } = await readKeyPair(operatorPair(directory), restore);
  return {
    consortium: requireId(facts.consortium, 'consortium'),
    operator: requireId(facts.operator ?? '', 'operator id'),
    address: facts.address,
    operatorKey: await readIdentityFile(path(files.key)),
    authorityPem: await readText(path(files.tlsAuthority)),
    certificatePem,
    privateKeyPem,
  };
}

function pathsBelow(directory: string, certificate: string, key: string, nextKey: string): KeyPairPaths {
  const path = (file: string) => consortiumPath(directory, file);
  return { certificate: path(certificate), key: path(key), nextKey: path(nextKey) };
}

async function readPair(certificatePath: string, keyPath: string): Promise<CertifiedKey> {
  const key = await readSecretFile(keyPath);
  return { certificatePem: await readText(certificatePath), privateKeyPem: Buffer.from(key).toString('utf8') };
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new FederatedError('invalid-argument', `${path} cannot be read`, {
      detail: { path },
      fix: 'Name the directory that `concordat coordinator init` made, with --directory.',
      cause,
    });
  });
}

async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  const text = await readText(path);
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new FederatedError('invalid-argument', `${path} is damaged`, {
      detail: { path },
      fix: 'Restore it from a copy.',
      cause,
    });
  }
}
