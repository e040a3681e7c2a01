import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bounds, FederatedError, printable, refusal, requireId } from '@concordat/core';
import { writeDurably } from '@concordat/node';
import { z } from 'zod';

/** What the organization decided by itself, without a network: whether it takes part at all, and in which runs no more. */
export interface ParticipationSwitch {
  readonly paused: { readonly since: string; readonly reason: string } | undefined;
  readonly withdrawn: readonly { readonly runId: string; readonly since: string; readonly reason: string }[];
}

const decision = { since: z.string().datetime(), reason: z.string().max(bounds.textCharactersMax) };
const shape = z.strictObject({
  paused: z.strictObject(decision).optional(),
  withdrawn: z.array(z.strictObject({ runId: z.string().max(63), ...decision })).max(10_000),
});

export function switchPath(directory: string): string {
  return join(directory, 'participation.json');
}

/** @throws `state-lost` when the file holds something else: then nobody knows what was decided, and nothing is sent. */
export async function readSwitch(directory: string): Promise<ParticipationSwitch> {
  const path = switchPath(directory);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return { paused: undefined, withdrawn: [] };
  try {
    const { paused, withdrawn } = shape.parse(JSON.parse(text));
    return { paused, withdrawn };
  } catch (cause) {
    throw new FederatedError('state-lost', `${path} cannot be read: it says whether this participant takes part`, {
      detail: { rule: 'participation.file' },
      fix: 'Restore it from a copy, or remove it and decide anew with pause and withdraw.',
      cause,
    });
  }
}

/** Take part in no round from the next one on, until resumed. Pausing twice keeps the first. */
export async function pauseParticipation(
  directory: string,
  { reason, now }: { readonly reason: string; readonly now: number },
): Promise<ParticipationSwitch> {
  const before = await readSwitch(directory);
  if (before.paused !== undefined) return before;
  const paused = { since: new Date(now).toISOString(), reason: printable(reason) };
  return write(directory, { ...before, paused });
}

/** Take part again, but not in runs that were withdrawn from. */
export async function resumeParticipation(directory: string): Promise<ParticipationSwitch> {
  const before = await readSwitch(directory);
  return before.paused === undefined ? before : write(directory, { ...before, paused: undefined });
}

/** Take part in no round of a run any more, from the next one on. It is not taken back: approve a new plan instead. */
export async function withdrawFromRun(
  directory: string,
  { runId, reason, now }: { readonly runId: string; readonly reason: string; readonly now: number },
): Promise<ParticipationSwitch> {
  requireId(runId, 'run');
  const before = await readSwitch(directory);
  if (before.withdrawn.some((one) => one.runId === runId)) return before;
  const one = { runId, since: new Date(now).toISOString(), reason: printable(reason) };
  return write(directory, { ...before, withdrawn: [...before.withdrawn, one] });
}

/** Why this participant takes no part in a round of a run; undefined when it may. The reasons people wrote stay here. */
export function whyNot({ paused, withdrawn }: ParticipationSwitch, runId: string): FederatedError | undefined {
  if (withdrawn.some((one) => one.runId === runId)) {
    return refusal('participation.withdrawn', 'this organization withdrew from the run', {
      required: 'a run that it takes part in',
      offered: runId,
    });
  }
  if (paused === undefined) return undefined;
  return refusal('participation.paused', 'this organization has paused', {
    required: 'that it resumes',
    offered: `paused since ${paused.since}`,
  });
}

async function write(directory: string, next: ParticipationSwitch): Promise<ParticipationSwitch> {
  await writeDurably(switchPath(directory), Buffer.from(`${JSON.stringify(next)}\n`));
  return next;
}
