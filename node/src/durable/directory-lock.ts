import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { FederatedError } from '@concordat/core';

export interface DirectoryLock {
  /** Let go. Calling it twice does nothing. */
  release(): void;
}

/** Who holds a lock. `started` tells a process from a later one with the same id; empty where the system does not say. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly started: string;
  readonly since: string;
  readonly nonce: string;
}

/**
 * Hold a directory for this process alone. A lock whose process is dead is taken over, at once and by one process only.
 * A copy of a locked directory counts as locked as long as that process lives; a lock of another machine counts as held
 * until it is released or removed, since nobody here can see whether its process lives.
 *
 * @param directory exists. @param now wall clock, milliseconds since 1970; written for the message only.
 * @throws `conflict` (rule `directory.held`) naming the process that holds it.
 */
export function lockDirectory(directory: string, now: number): DirectoryLock {
  return lockFile(join(directory, 'lock'), directory, now, 0);
}

function lockFile(path: string, directory: string, now: number, depth: number): DirectoryLock {
  const mine: Holder = {
    pid: process.pid,
    host: hostname(),
    started: startOf(process.pid),
    since: new Date(now).toISOString(),
    nonce: randomBytes(8).toString('hex'),
  };
  while (!create(path, mine)) {
    const holder = read(path);
    if (holder === undefined) continue;
    if (isAlive(holder) || depth >= 8) throw held(directory, path, holder);
    // The right to remove a dead holder's lock is itself a lock, named by that holder's nonce. So of two processes that
    // both found it dead, the slower one cannot remove the lock of the faster one.
    const right = lockFile(`${path}.${holder.nonce}`, directory, now, depth + 1);
    try {
      if (read(path)?.nonce === holder.nonce) unlinkSync(path);
    } finally {
      right.release();
    }
  }
  return {
    release() {
      if (read(path)?.nonce === mine.nonce) unlinkSync(path);
    },
  };
}

/** Create the lock with its content at once: a hard link fails when the name exists. */
function create(path: string, holder: Holder): boolean {
  const temporary = `${path}.${holder.nonce}.tmp`;
  // Flushed: after a power loss an empty lock file could not be told from a foreign one, and would need a person.
  writeFileSync(temporary, `${JSON.stringify(holder)}\n`, { mode: 0o600, flag: 'wx', flush: true });
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(temporary);
  }
}

/** @returns undefined when the file is gone. */
function read(path: string): Holder | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const holder = JSON.parse(text) as Holder;
    if (Number.isInteger(holder.pid) && /^[0-9a-f]{16}$/.test(holder.nonce)) return holder;
  } catch {
    // Falls through: a file we did not write.
  }
  throw new FederatedError('conflict', `${path} is not a lock file of this program`, {
    fix: 'Move it away if no process uses this directory.',
  });
}

function isAlive(holder: Holder): boolean {
  // On another machine we cannot look, so it counts as alive.
  if (holder.host !== hostname()) return true;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  if (isZombie(holder.pid)) return false;
  const started = startOf(holder.pid);
  return started === '' || holder.started === '' || started === holder.started;
}

/** Ended, but its parent has not asked how: it still answers signals and holds nothing any more (Linux). */
function isZombie(pid: number): boolean {
  try {
    return statFields(pid)[0] === 'Z';
  } catch {
    return false;
  }
}

/** Clock ticks from boot to the start of a process, with the boot it was counted from (Linux); empty elsewhere. */
function startOf(pid: number): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}:${statFields(pid)[19] ?? ''}`;
  } catch {
    return '';
  }
}

/** Fields of /proc/PID/stat from the third on: they are counted from behind the command, which may contain anything. */
function statFields(pid: number): readonly string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function held(directory: string, path: string, holder: Holder): FederatedError {
  const here = holder.host === hostname();
  return new FederatedError(
    'conflict',
    `${directory} is in use by process ${holder.pid}${here ? '' : ` on ${holder.host}`} since ${holder.since}`,
    {
      detail: { rule: 'directory.held', directory, pid: holder.pid, host: holder.host, since: holder.since },
      fix: here ? 'Stop that process, or use another directory.' : `If that machine no longer runs it, remove ${path}.`,
    },
  );
}
