import {
  type CryptoPort,
  certifyRosterKey,
  decodeRosterKeyCertificate,
  FederatedError,
  toBase64url,
  verifyBody,
} from '@concordat/core';
import { nodeCrypto, readIdentityFile, writeDurably } from '@concordat/node';
import { readFacts, readRosterKeyCertificate } from '../consortium-directory.js';
import { consortiumFiles, consortiumPath } from '../consortium-files.js';

export interface RosterKeyRenewal {
  /** With `root/` in it: the machine that holds the root key. */
  readonly directory: string;
  /** The certificate that runs out, a copy of `coordinator/roster-key-certificate.json`. */
  readonly certificateFile: string;
  /** Where the new one is written; may be the same. */
  readonly out: string;
  readonly crypto?: CryptoPort;
  /** Milliseconds since 1970. */
  readonly wallMillis?: () => number;
}

/** The root certifies the roster key for this long. */
export const rosterKeyMillis = 90 * 24 * 3_600_000;
const clockSkewMillis = 10 * 60_000;

/**
 * Certify the roster key with the root again: same key, 90 days from now. Runs where the root key is, without a network; the file goes there
 * and back.
 *
 * @returns when the new certificate runs out, milliseconds since 1970.
 * @throws `verification` when the old certificate is not of this root and consortium; `invalid-argument` for a file.
 */
export async function renewRosterKeyCertificate(renewal: RosterKeyRenewal): Promise<number> {
  const { directory, certificateFile, out, crypto = nodeCrypto, wallMillis = Date.now } = renewal;
  const { root } = consortiumFiles;
  const rootKey = await readIdentityFile(consortiumPath(directory, root.key));
  const { consortium } = await readFacts(consortiumPath(directory, root.facts));
  const old = await readRosterKeyCertificate(certificateFile);
  // A root that signs whatever file it is handed could be made to certify somebody else's key.
  if (!verifyBody(crypto, rootKey.publicKey, 'concordat/roster-key', old)) throw foreign(certificateFile);
  const { rosterKey, consortium: named } = decodeRosterKeyCertificate(old.body);
  if (named !== consortium) throw foreign(certificateFile);
  const now = wallMillis();
  const notAfter = now + rosterKeyMillis;
  const { body, signature } = certifyRosterKey(crypto, rootKey, {
    consortium,
    rosterKey,
    notBefore: now - clockSkewMillis,
    notAfter,
  });
  const json = { body: toBase64url(body), signature: toBase64url(signature) };
  await writeDurably(out, Buffer.from(`${JSON.stringify(json, undefined, 2)}\n`), { mode: 0o644 });
  return notAfter;
}

function foreign(path: string): FederatedError {
  return new FederatedError('verification', `${path} is no roster key certificate of this consortium's root`, {
    detail: { path },
    fix: 'Bring coordinator/roster-key-certificate.json from the coordinator, unchanged.',
  });
}
