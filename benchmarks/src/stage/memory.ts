import { readFileSync, writeFileSync } from 'node:fs';
import { FederatedError } from '@concordat/core';

/** Bytes of a process that are in memory: now, and the most since the peak was forgotten. */
export interface ResidentBytes {
  readonly now: number;
  readonly peak: number;
}

/** @throws `unavailable` where there is no Linux /proc, or no such process. */
export function residentBytes(pid: number): ResidentBytes {
  const text = linux(() => readFileSync(`/proc/${pid}/status`, 'utf8'));
  const bytes = (field: string): number => 1024 * Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]);
  return { now: bytes('VmRSS'), peak: bytes('VmHWM') };
}

/** Milliseconds that a process and its threads spent on a processor since it began. @throws as {@link residentBytes}. */
export function usedMillis(pid: number): number {
  // Behind the name in brackets, which may hold anything: fields 14 and 15 of proc(5), in hundredths of a second.
  const fields = linux(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
    .replace(/^.*\) /s, '')
    .split(' ');
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

/** The peak of a process begins again at what it has now. */
export function forgetPeak(pid: number): void {
  linux(() => writeFileSync(`/proc/${pid}/clear_refs`, '5'));
}

function linux<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    throw new FederatedError('unavailable', 'the memory of a process is read in the /proc of Linux', { cause });
  }
}
