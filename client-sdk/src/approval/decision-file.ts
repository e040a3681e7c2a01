import { readFile, stat } from 'node:fs/promises';
import { bounds, FederatedError, type Signed, toBase64url } from '@concordat/core';
import { z } from 'zod';
import { base64urlBytes, parse } from '../keys/enrolment-file.js';

const schema = 'concordat/plan-decision/1';

const shape = z.strictObject({
  schema: z.literal(schema),
  body: base64urlBytes(1, bounds.certificateBytesMax),
  signature: base64urlBytes(64),
});

/** Longest file that holds a signed decision. */
export const decisionFileBytesMax = 2 * bounds.certificateBytesMax;

/** A signed decision as a line of JSON: what an approver's computer writes and a participant keeps. */
export function decisionText({ body, signature }: Signed): string {
  return `${JSON.stringify({ schema, body: toBase64url(body), signature: toBase64url(signature) })}\n`;
}

/** @throws `malformed` for anything but such a line; says nothing about the signature. */
export function parseDecision(text: string, path: string): Signed {
  const { body, signature } = parse(shape, text, path);
  return { body, signature };
}

/** @throws `invalid-argument` for a file that is not there or too long; as {@link parseDecision}. */
export async function readDecisionFile(path: string): Promise<Signed> {
  return parseDecision(await readBoundedText(path, decisionFileBytesMax), path);
}

/** @throws `invalid-argument` for a file that is not there, is none, or is longer than `bytesMax`. */
export async function readBoundedText(path: string, bytesMax: number): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() === true && found.size <= bytesMax) return readFile(path, 'utf8');
  throw new FederatedError('invalid-argument', `${path} is not a file of at most ${bytesMax} bytes`, {
    detail: { path, required: bytesMax, ...(found === undefined ? {} : { offered: found.size }) },
    fix: 'Name the file as it was written, unchanged.',
  });
}
