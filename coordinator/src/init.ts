import { mkdir, readdir } from 'node:fs/promises';
import {
  type CryptoPort,
  certifyRosterKey,
  FederatedError,
  identityFingerprint,
  type Random,
  requireId,
  type Signer,
  toBase64url,
} from '@concordat/core';
import {
  type CertifiedKey,
  certificatesToPem,
  createCertificateRequest,
  createIdentityFile,
  createTlsAuthority,
  issueClientCertificate,
  issueServerCertificate,
  nodeCrypto,
  parseAddress,
  spokenFingerprint,
  systemClock,
  systemRandom,
  writeDurably,
  writeSecretFile,
} from '@concordat/node';
import { configurationText, coordinatorJsonSchema } from './configuration.js';
import { consortiumFiles, consortiumPath } from './consortium-files.js';
import { rosterKeyMillis } from './renewal/roster-key-certificate.js';
import { RosterKeeper } from './roster-keeper.js';
import { connectPostgres, type PostgresLocation } from './store/postgres/connection.js';
import { prepareLease, takeLease } from './store/postgres/lease.js';
import { openPostgresStore, openStore, type Store } from './store/store.js';

export interface InitOptions {
  /** Made when absent; must be empty. */
  readonly directory: string;
  readonly consortium: string;
  /** host:port that participants dial. */
  readonly address: string;
  /** Interface to listen on; every one unless said. */
  readonly listenHost?: string;
  /** DNS names and IP addresses of the server certificate; the address's host unless said. */
  readonly names?: readonly string[];
  readonly operator?: string;
  /** The records in a database, with what `coordinator.yaml` is to say of it; in a file unless said. */
  readonly database?: {
    readonly location: PostgresLocation;
    readonly blobs?: string | undefined;
    readonly settings: Readonly<Record<string, string>>;
  };
  readonly crypto?: CryptoPort;
  readonly random?: Random;
  /** Milliseconds since 1970. */
  readonly wallMillis?: () => number;
}

export interface InitResult {
  readonly directory: string;
  readonly consortium: string;
  /** SHA-256 of the root key, hex: what everybody compares. */
  readonly fingerprint: string;
  /** The part of it that people read to each other. */
  readonly spokenFingerprint: string;
  readonly operator: string;
  readonly address: string;
}

const clockSkewMillis = 10 * 60_000;

/**
 * Found a consortium: root key, operator, TLS authority, coordinator, and the first roster epoch without members.
 *
 * @throws `invalid-argument` for a directory that is not empty, an id or an address; `conflict` for a database with a consortium in it;
 *   rules `store.…` for one that cannot be entered.
 */
export async function initConsortium(options: InitOptions): Promise<InitResult> {
  const {
    directory,
    crypto = nodeCrypto,
    random = systemRandom,
    wallMillis = Date.now,
    operator = 'operator',
  } = options;
  const consortium = requireId(options.consortium, 'consortium');
  requireId(operator, 'operator id');
  const { host, port } = splitAddress(options.address);
  await requireEmpty(directory);
  const stored = consortiumPath(directory, consortiumFiles.coordinator.store);
  // Before anything is written: a database may refuse.
  const database = options.database && (await emptyDatabase(options.database.location, options.address));
  for (const part of ['root', 'operator', 'coordinator'])
    await mkdir(consortiumPath(directory, part), { recursive: true, mode: 0o700 });
  const { root, operator: operatorFiles, coordinator } = consortiumFiles;
  const path = (file: string) => consortiumPath(directory, file);
  const rootKey = await createIdentityFile(path(root.key), random);
  const operatorKey = await createIdentityFile(path(operatorFiles.key), random);
  const coordinatorKey = await createIdentityFile(path(coordinator.coordinatorKey), random);
  const rosterKey = await createIdentityFile(path(coordinator.rosterKey), random);
  const now = wallMillis();
  await writeTls({ path, consortium, operator, names: options.names ?? [host], now });
  const certificate = certifyRosterKey(crypto, rootKey, {
    consortium,
    rosterKey: rosterKey.publicKey,
    notBefore: now - clockSkewMillis,
    notAfter: now + rosterKeyMillis,
  });
  const facts = { consortium, address: options.address, rootKey: toBase64url(rootKey.publicKey) };
  await writeJson(path(root.facts), facts);
  await writeJson(path(coordinator.facts), facts);
  await writeJson(path(operatorFiles.facts), { ...facts, operator });
  const { body, signature } = certificate;
  await writeJson(path(coordinator.rosterKeyCertificate), {
    body: toBase64url(body),
    signature: toBase64url(signature),
  });
  const configuration = configurationText({
    address: options.address,
    host: options.listenHost ?? '0.0.0.0',
    port,
    ...(options.database === undefined ? {} : { store: options.database.settings }),
  });
  await writeDurably(path(coordinator.configuration), Buffer.from(configuration), { mode: 0o644 });
  await writeJson(path(coordinator.schema), coordinatorJsonSchema());
  const store =
    database === undefined
      ? await openStore(stored, wallMillis)
      : await openPostgresStore({ ...database, directory: options.database?.blobs ?? stored, wallMillis });
  await foundRoster({
    store,
    crypto,
    consortium,
    operator,
    wallMillis,
    rootKey,
    operatorKey,
    coordinatorKey,
    rosterKey,
    certificate,
  });
  const fingerprint = identityFingerprint(crypto, rootKey.publicKey);
  return {
    directory,
    consortium,
    fingerprint,
    spokenFingerprint: spokenFingerprint(fingerprint),
    operator,
    address: options.address,
  };
}

async function writeTls(made: {
  readonly path: (file: string) => string;
  readonly consortium: string;
  readonly operator: string;
  readonly names: readonly string[];
  readonly now: number;
}): Promise<void> {
  const { path, consortium, operator, names, now } = made;
  const { coordinator, operator: operatorFiles } = consortiumFiles;
  const authority: CertifiedKey = await createTlsAuthority({ consortium, now });
  const server = await issueServerCertificate(authority, { names, now });
  const { request, privateKeyPem } = await createCertificateRequest();
  const leaf = await issueClientCertificate(authority, request, { subject: { role: 'operator', id: operator }, now });
  await writeSecretFile(path(coordinator.authorityKey), Buffer.from(authority.privateKeyPem));
  await writeText(path(coordinator.authorityCertificate), authority.certificatePem);
  await writeSecretFile(path(coordinator.tlsKey), Buffer.from(server.privateKeyPem));
  await writeText(path(coordinator.tlsCertificate), server.certificatePem + authority.certificatePem);
  await writeSecretFile(path(operatorFiles.tlsKey), Buffer.from(privateKeyPem));
  await writeText(path(operatorFiles.tlsCertificate), certificatesToPem(leaf));
  await writeText(path(operatorFiles.tlsAuthority), authority.certificatePem);
}

/** A database that this process leads and that no consortium is kept in. */
async function emptyDatabase(location: PostgresLocation, address: string) {
  const connection = await connectPostgres(location);
  try {
    await prepareLease(connection);
    const lease = await takeLease(connection, address, systemClock);
    const [founded] = await connection.query<{ readonly exists: boolean }>(
      `select to_regclass('rosters') is not null as exists`,
    );
    if (lease !== undefined && founded?.exists !== true) return { connection, lease };
    await lease?.release();
    throw new FederatedError('conflict', `a consortium is kept in the database ${location.database} already`, {
      fix: 'Name an empty database.',
    });
  } catch (error) {
    await connection.close();
    throw error;
  }
}

async function foundRoster(made: {
  readonly store: Store;
  readonly crypto: CryptoPort;
  readonly consortium: string;
  readonly operator: string;
  readonly wallMillis: () => number;
  readonly rootKey: Signer;
  readonly operatorKey: Signer;
  readonly coordinatorKey: Signer;
  readonly rosterKey: Signer;
  readonly certificate: ReturnType<typeof certifyRosterKey>;
}): Promise<void> {
  const {
    store,
    crypto,
    consortium,
    operator,
    wallMillis,
    rosterKey,
    certificate,
    rootKey,
    operatorKey,
    coordinatorKey,
  } = made;
  try {
    await RosterKeeper.found(
      { store, crypto, consortium, rootKey: rootKey.publicKey, rosterKey, certificate, wallMillis },
      {
        consortium,
        epoch: 1,
        members: [],
        operators: [{ id: operator, publicKey: operatorKey.publicKey }],
        coordinatorKey: coordinatorKey.publicKey,
      },
    );
  } finally {
    await store.close();
  }
}

function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const parsed = parseAddress(address);
  if (parsed !== undefined) return parsed;
  throw new FederatedError('invalid-argument', `${JSON.stringify(address.slice(0, 80))} is not host:port`, {
    fix: 'Give what participants dial, e.g. training.example.org:7443.',
  });
}

async function requireEmpty(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const found = await readdir(directory);
  if (found.length === 0) return;
  throw new FederatedError('invalid-argument', `${directory} is not empty`, {
    detail: { directory, found: found.slice(0, 8) },
    fix: 'Name a new or empty directory: nothing is ever overwritten.',
  });
}

async function writeText(path: string, text: string): Promise<void> {
  await writeDurably(path, Buffer.from(text), { mode: 0o644 });
}

async function writeJson(path: string, value: object): Promise<void> {
  await writeText(path, `${JSON.stringify(value, undefined, 2)}\n`);
}
