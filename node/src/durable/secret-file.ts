import { constants, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { FederatedError } from '@concordat/core';
import { modeText, strangersWith } from './strangers.js';
import { writeDurably } from './write-durably.js';

/** Write a secret, readable by this user only (0600), durably. */
export async function writeSecretFile(path: string, content: Uint8Array): Promise<void> {
  await writeDurably(path, content, { mode: 0o600 });
}

/**
 * Read a secret from a regular file that others cannot read. A file readable by the own group is accepted:
 * that is how container platforms mount secrets.
 *
 * @param bytesMax longest content accepted.
 * @throws `permission` when anybody else can read it or it belongs to a foreign group that can;
 *   `invalid-argument` when it is missing, too long or not a regular file.
 */
export async function readSecretFile(path: string, bytesMax = 65_536): Promise<Uint8Array> {
  const file = await open(path, constants.O_RDONLY).catch((cause: unknown) => {
    throw new FederatedError('invalid-argument', `cannot open ${path}`, { cause, detail: { path } });
  });
  try {
    // The open file is looked at, not the name: the name may point elsewhere a moment later.
    const stats = await file.stat();
    if (stats.isFile()) refuseReadableByOthers(path, stats);
    if (!stats.isFile() || stats.size > bytesMax) {
      throw new FederatedError('invalid-argument', `${path} is not a file of at most ${bytesMax} bytes`, {
        detail: { path, required: bytesMax, offered: stats.size },
      });
    }
    return new Uint8Array(await file.readFile());
  } finally {
    await file.close();
  }
}

function refuseReadableByOthers(path: string, stats: Stats): void {
  const who = strangersWith(stats, 7);
  if (who === undefined) return;
  const mode = modeText(stats);
  throw new FederatedError('permission', `${path} holds a secret but has mode ${mode}: ${who} can use it`, {
    detail: { path, required: '0600 or 0640', offered: mode },
    fix: `Run: chmod 600 ${path}`,
  });
}
