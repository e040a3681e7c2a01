import { join } from 'node:path';

/** Names inside a participant directory. Everything is 0600; keys never leave it. */
export const participantFiles = {
  /** What `participant serve` is told, for people to write. */
  configuration: 'participant.yaml',
  /** JSON Schemas of the files that people write, for editors. */
  schema: 'participant.schema.json',
  policySchema: 'policy.schema.json',
  dataSchema: 'data.schema.json',
  /** Ed25519 identity, PKCS #8 PEM. */
  identityKey: 'identity.key',
  /** TLS client key, PKCS #8 PEM. */
  tlsKey: 'tls.key',
  /** A new TLS key whose certificate is not there yet. */
  tlsNextKey: 'tls-next.key',
  /** TLS client certificate and what follows it up to the authority, PEM. */
  certificate: 'certificate.pem',
  /** The consortium's TLS authority, PEM. */
  authority: 'authority.pem',
  /** Whom this directory is for and what is pinned; see `Enrolment`. */
  enrolment: 'enrolment.json',
  /** An invitation that was sent and is not admitted yet; gone afterwards. */
  pending: 'pending.json',
  /** The latest accepted roster epoch with its signatures. */
  roster: 'roster.json',
  /** Secretbox key, 32 bytes: seals the session roots on this device. */
  deviceKey: 'device.key',
  /** Directory of sealed session roots. */
  sessions: 'sessions',
  /** Directory of people's decisions on plans, each signed. */
  approvals: 'approvals',
} as const;

/** Absolute or relative like `directory`. */
export function participantFile(directory: string, name: keyof typeof participantFiles): string {
  return join(directory, participantFiles[name]);
}
