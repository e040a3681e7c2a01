import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bounds, toBase64url } from '@concordat/core';
import { writeDurably } from '@concordat/node';
import { z } from 'zod';
import type { EgressMark } from '../egress/egress-chain.js';
import { base64urlBytes } from '../keys/enrolment-file.js';
import { participantWrite } from './durable-writes.js';
import type { JournalMark } from './journal.js';
import { stateLost } from './state-lost.js';

/** The last start of this participant's client, and how far its journal and its egress log were then or at its end. */
export interface ClientEpoch {
  /** Increases by one at every start; the coordinator fences smaller ones. */
  readonly epoch: number;
  readonly journal: JournalMark;
  /** Absent in a directory that an earlier version used last. */
  readonly egress?: EgressMark | undefined;
}

const shape = z.strictObject({
  epoch: z.number().int().min(1).max(bounds.clientEpochMax),
  records: z.number().int().min(0),
  digest: base64urlBytes(32),
  egress: z.strictObject({ entries: z.number().int().min(0), chain: z.string().regex(/^[0-9a-f]{64}$/) }).optional(),
});

/**
 * @returns undefined when no client ever started here.
 * @throws `state-lost` when the file holds something else.
 */
export async function readClientEpoch(directory: string): Promise<ClientEpoch | undefined> {
  const path = epochPath(directory);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    const { epoch, records, digest, egress } = shape.parse(JSON.parse(text));
    return { epoch, journal: { records, digest }, egress };
  } catch (cause) {
    throw stateLost(directory, `${path} does not hold the number of the last start`, { rule: 'state.epoch' }, cause);
  }
}

/** Durable when it resolves. */
export async function writeClientEpoch(directory: string, { epoch, journal, egress }: ClientEpoch): Promise<void> {
  const json = { epoch, records: journal.records, digest: toBase64url(journal.digest), egress };
  const bytes = Buffer.from(`${JSON.stringify(json)}\n`);
  await participantWrite('participant.epoch', () => writeDurably(epochPath(directory), bytes));
}

function epochPath(directory: string): string {
  return join(directory, 'client-epoch');
}
