import { mkdir, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import {
  bounds,
  type CryptoPort,
  concat,
  FederatedError,
  type Random,
  requireId,
  type SessionName,
  utf8Encode,
} from '@concordat/core';
import { readSecretFile, syncDirectory, writeSecretFile } from '@concordat/node';
import { participantWrite } from '../state/durable-writes.js';

const nonceBytes = 24;
const rootBytes = 32;
/** XSalsa20-Poly1305 adds 16 bytes. */
const sealedBytes = nonceBytes + rootBytes + 16;

/** Where session roots are sealed, with which key. */
export interface SealedRootsOptions {
  /** Made when it is missing. */
  readonly directory: string;
  /** 32 bytes, secret; kept, never copied. */
  readonly deviceKey: Uint8Array;
  readonly crypto: CryptoPort;
  readonly random: Random;
}

/**
 * Session roots on disk: 32 random bytes for each (run, round), from which all secrets of one session derive. A file holds
 * nonce ‖ secretbox under a key derived from the device key and (run, round), so that a file renamed to another round does not open.
 */
export class SealedRoots {
  readonly #options: SealedRootsOptions;

  constructor(options: SealedRootsOptions) {
    this.#options = options;
  }

  /**
   * Draw a root and seal it.
   *
   * @returns 32 secret bytes, the caller's to wipe; durable when the promise resolves.
   * @throws `conflict` when this round has a root already: a second one would mask a second vector in the same session.
   */
  async sealRoot(run: string, round: number): Promise<Uint8Array> {
    const path = this.#path(run, round);
    const { crypto, random, directory } = this.#options;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    if (await exists(path)) {
      throw new FederatedError('conflict', `round ${round} of run ${run} has a session root already`, {
        detail: { run, round },
        fix: 'Open the sealed root, or sit this round out.',
      });
    }
    const root = random.bytes(rootBytes);
    const nonce = random.bytes(nonceBytes);
    const key = this.#key(run, round);
    const box = crypto.secretboxSeal(root, nonce, key);
    key.fill(0);
    await participantWrite('participant.root', () => writeSecretFile(path, concat(nonce, box)));
    return root;
  }

  /**
   * The root sealed under (run, round).
   *
   * @returns 32 secret bytes, the caller's to wipe; undefined when there is none.
   * @throws `state-lost` when the file is damaged or was sealed on another device.
   */
  async openRoot(run: string, round: number): Promise<Uint8Array | undefined> {
    const path = this.#path(run, round);
    if (!(await exists(path))) return undefined;
    const sealed = await readSecretFile(path, sealedBytes);
    const key = this.#key(run, round);
    const box = sealed.subarray(nonceBytes);
    const root =
      sealed.length === sealedBytes
        ? this.#options.crypto.secretboxOpen(box, sealed.subarray(0, nonceBytes), key)
        : undefined;
    key.fill(0);
    if (root !== undefined) return root;
    throw new FederatedError('state-lost', `the session root of round ${round} of run ${run} does not open`, {
      detail: { run, round },
      fix: 'Sit this round out; the next one starts with a fresh root.',
    });
  }

  /** Destroy the root of (run, round). Doing it twice is no error. */
  async eraseRoot(run: string, round: number): Promise<void> {
    const { directory } = this.#options;
    await participantWrite('participant.root-erased', async () => {
      await remove(this.#path(run, round));
      if (await exists(directory)) await syncDirectory(directory);
    });
  }

  /**
   * Destroy the roots of sessions that are over: what an earlier process left behind.
   *
   * @param kept sessions that may still be gone on with.
   * @returns how many were destroyed.
   */
  async purgeRoots(kept: readonly SessionName[] = []): Promise<number> {
    const { directory } = this.#options;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const paths = new Set(kept.map(({ runId, round }) => this.#path(runId, round)));
    const names = (await readdir(directory)).filter((name) => !paths.has(join(directory, name)));
    await participantWrite('participant.roots-purged', async () => {
      for (const name of names) await remove(join(directory, name));
      await syncDirectory(directory);
    });
    return names.filter((name) => name.endsWith('.sealed') && !name.startsWith('.')).length;
  }

  #path(run: string, round: number): string {
    // An id has no dot and no slash, so the name is one file of this directory and belongs to one (run, round).
    return join(this.#options.directory, `${requireId(run, 'run id')}.${requireRound(round)}.sealed`);
  }

  #key(run: string, round: number): Uint8Array {
    const info = utf8Encode(`concordat/session-root/${run}/${round}`);
    return this.#options.crypto.hkdf(this.#options.deviceKey, new Uint8Array(0), info);
  }
}

function requireRound(round: number): number {
  if (Number.isInteger(round) && round >= 1 && round <= bounds.roundsMax) return round;
  throw new FederatedError('invalid-argument', 'not a round number', {
    detail: { required: `1 to ${bounds.roundsMax}`, offered: round },
  });
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

async function remove(path: string): Promise<void> {
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}
