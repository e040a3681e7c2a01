import { readFile } from 'node:fs/promises';
import { FederatedError, fromBase64url, isId, toBase64url, utf8Encode } from '@concordat/core';
import { parseAddresses, readSecretFile, writeDurably, writeSecretFile } from '@concordat/node';
import { z } from 'zod';
import { participantFile } from './participant-files.js';

/** Whom a participant directory is for, and what the invitation pinned. */
export interface Enrolment {
  /** host:port of the coordinator; of several that take turns, all of them with commas between. */
  readonly address: string;
  readonly consortium: string;
  readonly participantId: string;
  readonly organization: string;
  /** Ed25519 key of the consortium root, 32 bytes. */
  readonly rootKey: Uint8Array;
  /** SHA-256 of the TLS authority's certificate (DER), lower-case hexadecimal. */
  readonly tlsAuthoritySha256: string;
}

/** An enrolment that waits for the operator. */
export interface PendingEnrolment extends Enrolment {
  /** The invitation's one-time secret; gone once admitted. */
  readonly secret: Uint8Array;
  /** PKCS #10 request, DER: sent again byte for byte. */
  readonly request: Uint8Array;
}

const fileBytesMax = 65_536;

/** `host:port`, or several. */
const addressText = z
  .string()
  .max(2_200)
  .refine((text) => parseAddresses(text) !== undefined, 'host:port, or several with commas between');

/** 1 to 200 characters, none that a terminal or log would obey. */
export const nameText = z
  .string()
  .min(1)
  .max(200)
  .refine((text) => !/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u.test(text), 'printable characters');

export const idText = z.string().refine(isId, 'an id: a–z, 0–9 and hyphen, at most 63');

/** Bytes as unpadded base64url, 1 to `most` of them. */
export function base64urlBytes(least: number, most: number = least) {
  return z
    .string()
    .max(Math.ceil((most * 4) / 3))
    .regex(/^[A-Za-z0-9_-]*$/, 'base64url')
    .transform((text, context) => {
      let bytes: Uint8Array;
      try {
        bytes = fromBase64url(text);
      } catch {
        bytes = new Uint8Array(0);
      }
      if (bytes.length >= least && bytes.length <= most) return bytes;
      context.addIssue({ code: 'custom', message: `${least} to ${most} bytes as base64url` });
      return z.NEVER;
    });
}

const enrolmentShape = z.strictObject({
  schemaVersion: z.literal(1),
  address: addressText,
  consortium: idText,
  participantId: idText,
  organization: nameText,
  rootKey: base64urlBytes(32),
  tlsAuthoritySha256: z.string().regex(/^[0-9a-f]{64}$/, 'SHA-256 in hexadecimal'),
});

const pendingShape = enrolmentShape.extend({ secret: base64urlBytes(16, 64), request: base64urlBytes(1, 8192) });

/** @returns undefined when nobody is enrolled in `directory`. @throws `malformed` when the file was damaged. */
export async function readEnrolment(directory: string): Promise<Enrolment | undefined> {
  const path = participantFile(directory, 'enrolment');
  const text = await readText(path, (name) => readFile(name));
  if (text === undefined) return undefined;
  const { schemaVersion: _, ...enrolment } = parse(enrolmentShape, text, path);
  return enrolment;
}

export async function writeEnrolment(directory: string, enrolment: Enrolment): Promise<void> {
  await writeDurably(participantFile(directory, 'enrolment'), encode(plain(enrolment)));
}

/** @returns undefined when no enrolment waits. @throws `malformed`; `permission` when others can read it. */
export async function readPending(directory: string): Promise<PendingEnrolment | undefined> {
  const path = participantFile(directory, 'pending');
  const text = await readText(path, (name) => readSecretFile(name, fileBytesMax));
  if (text === undefined) return undefined;
  const { schemaVersion: _, ...pending } = parse(pendingShape, text, path);
  return pending;
}

export async function writePending(directory: string, pending: PendingEnrolment): Promise<void> {
  const { secret, request } = pending;
  const json = { ...plain(pending), secret: toBase64url(secret), request: toBase64url(request) };
  await writeSecretFile(participantFile(directory, 'pending'), encode(json));
}

function plain({ address, consortium, participantId, organization, rootKey, tlsAuthoritySha256 }: Enrolment) {
  return {
    schemaVersion: 1,
    address,
    consortium,
    participantId,
    organization,
    rootKey: toBase64url(rootKey),
    tlsAuthoritySha256,
  };
}

function encode(json: object): Uint8Array {
  return utf8Encode(`${JSON.stringify(json, undefined, 2)}\n`);
}

async function readText(path: string, read: (path: string) => Promise<Uint8Array>): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await read(path));
  } catch (error) {
    const cause = error instanceof FederatedError ? error.cause : error;
    if ((cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** JSON of a known shape. The message names fields, never their values: some are secret. */
export function parse<Output>(shape: z.ZodType<Output>, text: string, path: string): Output {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new FederatedError('malformed', `${path} is not JSON`, { detail: { path } });
  }
  const found = shape.safeParse(json);
  if (found.success) return found.data;
  const fields = found.error.issues.slice(0, 8).map((issue) => issue.path.join('.') || issue.code);
  throw new FederatedError('malformed', `${path} does not have the form of this version: ${fields.join(', ')}`, {
    detail: { path, fields },
    fix: 'Restore the file from where it came; do not edit it.',
  });
}
