import type { Stats } from 'node:fs';

/**
 * Who besides the owner and our own groups can use a file. A group of our own is no stranger: that is how container
 * platforms mount secrets and configuration.
 *
 * @param bits what counts as using: 4 read, 2 write, 1 execute, or a sum of these.
 * @returns undefined when nobody can, and on systems without such permissions.
 */
export function strangersWith(stats: Stats, bits: number): 'everybody' | 'a foreign group' | undefined {
  if (process.getgid === undefined || process.getgroups === undefined) return undefined;
  if ((stats.mode & bits) !== 0) return 'everybody';
  const groups = [process.getgid(), ...process.getgroups()];
  return (stats.mode & (bits << 3)) !== 0 && !groups.includes(stats.gid) ? 'a foreign group' : undefined;
}

/** Permission bits as people write them: `0640`. */
export function modeText(stats: Stats): string {
  return (stats.mode & 0o777).toString(8).padStart(4, '0');
}
