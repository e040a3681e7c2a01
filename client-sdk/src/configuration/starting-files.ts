import { access } from 'node:fs/promises';
import { utf8Encode } from '@concordat/core';
import { type JsonSchema, writeDurably } from '@concordat/node';
import { participantFile } from '../keys/participant-files.js';
import { policyJsonSchema } from '../policy/policy.js';
import { participantJsonSchema, participantText } from './settings.js';

/** Leave `participant.yaml` to go on with, unless there is one, and the JSON Schemas by which editors check it and the policy. */
export async function writeStartingFiles(directory: string): Promise<void> {
  await writeSchema(participantFile(directory, 'schema'), participantJsonSchema());
  await writeSchema(participantFile(directory, 'policySchema'), policyJsonSchema());
  const path = participantFile(directory, 'configuration');
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  if (!exists) await writeDurably(path, utf8Encode(participantText()));
}

async function writeSchema(path: string, schema: JsonSchema): Promise<void> {
  await writeDurably(path, utf8Encode(`${JSON.stringify(schema, undefined, 2)}\n`));
}
