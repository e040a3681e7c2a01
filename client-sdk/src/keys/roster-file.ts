import { readFile } from 'node:fs/promises';
import { bounds, type Signed, type SignedRoster, toBase64url, utf8Encode } from '@concordat/core';
import { writeDurably } from '@concordat/node';
import { z } from 'zod';
import { participantWrite } from '../state/durable-writes.js';
import { base64urlBytes, parse } from './enrolment-file.js';
import { participantFile } from './participant-files.js';

const signedShape = (bodyBytesMax: number) =>
  z.strictObject({ body: base64urlBytes(1, bodyBytesMax), signature: base64urlBytes(64) });

const rosterShape = z.strictObject({
  schemaVersion: z.literal(1),
  /** When it was accepted, milliseconds since 1970: the roster key's certificate has to be valid then, not for ever. */
  acceptedMillis: z.number().int().nonnegative(),
  document: signedShape(bounds.rosterBytesMax),
  rosterKey: signedShape(bounds.certificateBytesMax),
});

export interface StoredRoster {
  readonly acceptedMillis: number;
  readonly signed: SignedRoster;
}

/** @returns undefined when no epoch was accepted yet. @throws `malformed` when the file was damaged. */
export async function readRoster(directory: string): Promise<StoredRoster | undefined> {
  const path = participantFile(directory, 'roster');
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (bytes === undefined) return undefined;
  const { acceptedMillis, document, rosterKey } = parse(rosterShape, bytes.toString('utf8'), path);
  return { acceptedMillis, signed: { document, rosterKey } };
}

export async function writeRoster(directory: string, { acceptedMillis, signed }: StoredRoster): Promise<void> {
  const { document, rosterKey } = signed;
  const json = { schemaVersion: 1, acceptedMillis, document: plain(document), rosterKey: plain(rosterKey) };
  const bytes = utf8Encode(`${JSON.stringify(json)}\n`);
  await participantWrite('participant.roster', () => writeDurably(participantFile(directory, 'roster'), bytes));
}

function plain({ body, signature }: Signed) {
  return { body: toBase64url(body), signature: toBase64url(signature) };
}
