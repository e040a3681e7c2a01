import { join } from 'node:path';

/** Where things lie below a consortium's directory. */
export const consortiumFiles = {
  /** `root/`: to be moved off the machine after init. */
  root: {
    key: 'root/root-key.pem',
    facts: 'root/root.json',
  },
  /** `operator/`: what an operator needs on any machine. */
  operator: {
    key: 'operator/operator-key.pem',
    tlsKey: 'operator/tls-key.pem',
    tlsNextKey: 'operator/tls-key-next.pem',
    tlsCertificate: 'operator/tls-certificate.pem',
    tlsAuthority: 'operator/tls-authority.pem',
    facts: 'operator/operator.json',
  },
  /** `coordinator/`: what the server needs. */
  coordinator: {
    configuration: 'coordinator/coordinator.yaml',
    /** JSON Schema of the file above, for editors. */
    schema: 'coordinator/coordinator.schema.json',
    authorityKey: 'coordinator/tls-authority-key.pem',
    authorityCertificate: 'coordinator/tls-authority.pem',
    tlsKey: 'coordinator/tls-key.pem',
    /** A new key whose certificate is not there yet. */
    tlsNextKey: 'coordinator/tls-key-next.pem',
    /** Leaf, then the authority, so that a first connection can be checked against the invitation. */
    tlsCertificate: 'coordinator/tls-certificate.pem',
    rosterKey: 'coordinator/roster-key.pem',
    rosterKeyCertificate: 'coordinator/roster-key-certificate.json',
    coordinatorKey: 'coordinator/coordinator-key.pem',
    facts: 'coordinator/consortium.json',
    store: 'coordinator/store',
  },
} as const;

/** The path of one of the files above. */
export function consortiumPath(directory: string, file: string): string {
  return join(directory, file);
}
