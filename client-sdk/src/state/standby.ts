import { FederatedError } from '@concordat/core';
import { type Clock, type DirectoryLock, lockDirectory } from '@concordat/node';

/** The process that holds a participant's directory. */
export interface DirectoryHolder {
  readonly pid: number;
  readonly host: string;
  /** ISO 8601. */
  readonly since: string;
}

/** Whose directory is waited for, and who is told meanwhile. */
export interface StandbyOptions {
  readonly directory: string;
  /** Milliseconds since 1970. */
  readonly wallMillis: () => number;
  /** Told once for every holder there is. */
  readonly onHeld: (holder: DirectoryHolder) => void;
  readonly signal?: AbortSignal | undefined;
  readonly clock: Clock;
}

/** How soon a directory that became free is noticed. */
const lookMillis = 500;

/**
 * Stand by until the directory is free, then hold it. Nothing in it is read or written meanwhile.
 *
 * @throws `unavailable` when the signal fires first; `conflict` when the lock is not one of ours.
 */
export async function standBy(options: StandbyOptions): Promise<DirectoryLock> {
  const { directory, wallMillis, onHeld, signal, clock } = options;
  let told = '';
  while (signal?.aborted !== true) {
    const tried = tryLock(directory, wallMillis());
    if (tried.type === 'locked') return tried.lock;
    const name = JSON.stringify(tried.holder);
    if (name !== told) onHeld(tried.holder);
    told = name;
    await clock.sleep(lookMillis, signal);
  }
  throw new FederatedError('unavailable', `stopped while standing by for ${directory}`, { cause: signal.reason });
}

type Tried =
  | { readonly type: 'locked'; readonly lock: DirectoryLock }
  | { readonly type: 'held'; readonly holder: DirectoryHolder };

function tryLock(directory: string, now: number): Tried {
  try {
    return { type: 'locked', lock: lockDirectory(directory, now) };
  } catch (error) {
    if (!(error instanceof FederatedError) || error.detail.rule !== 'directory.held') throw error;
    const { pid, host, since } = error.detail as unknown as DirectoryHolder;
    return { type: 'held', holder: { pid, host, since } };
  }
}
