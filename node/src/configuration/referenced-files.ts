import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { modeText, strangersWith } from '../durable/strangers.js';
import type { Problem } from './problem.js';

/** A file that a configuration needs. */
export interface ReferencedFile {
  readonly path: string;
  /** `secret`: nobody else may read it; `public`: everybody may read it, nobody else may change it. */
  readonly holds: 'secret' | 'public' | 'directory';
  /** Dotted name of the setting that names it, or what it is. */
  readonly setting: string;
  /** What to do when it is not there. */
  readonly fix: string;
  /** `warning` for what may be missing. */
  readonly severity?: 'error' | 'warning';
}

/** What is wrong with a file: not there, not what it should be, or open to strangers. At most one problem. */
export async function checkReferencedFile(file: ReferencedFile): Promise<Problem[]> {
  const { path, holds, setting, fix, severity = 'error' } = file;
  const wanted = holds === 'directory' ? 'a directory' : 'a file';
  let stats: Stats;
  try {
    stats = await stat(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const problem = { severity, where: path, setting, required: wanted, fix };
    return [
      code === 'ENOENT' ? { ...problem, offered: 'nothing', missing: true } : { ...problem, offered: String(code) },
    ];
  }
  if (holds === 'directory' ? !stats.isDirectory() : !stats.isFile()) {
    return [{ severity, where: path, setting, required: wanted, offered: 'something else', fix }];
  }
  return open(file, stats);
}

function open({ path, holds, setting }: ReferencedFile, stats: Stats): Problem[] {
  if (holds === 'directory') return [];
  const secret = holds === 'secret';
  const who = strangersWith(stats, secret ? 7 : 2);
  if (who === undefined) return [];
  const offered = `mode ${modeText(stats)}: ${who} can ${secret ? 'use' : 'change'} it`;
  const required = secret
    ? 'mode 0600, or 0640 for a group of your own'
    : 'a file that only its owner or a group of your own can change';
  const fix = `Run: chmod ${secret ? '600' : 'go-w'} ${path}`;
  return [{ severity: 'error', where: path, setting, required, offered, fix }];
}
