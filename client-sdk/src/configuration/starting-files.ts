import { access } from 'node:fs/promises';
import { utf8Encode } from '@concordat/core';
import { type JsonSchema, writeDurably } from '@concordat/node';
import { declarationJsonSchema } from '../data/declaration.js';
import { participantFile } from '../keys/participant-files.js';
import { policyJsonSchema } from '../policy/policy.js';
import { participantJsonSchema, participantText } from './settings.js';

/**
 * Leave `participant.yaml` to go on with, unless there is one, and the JSON Schemas by which editors check it, the policy and data.yaml.
 *
 * @param values of `participant.yaml`, by dotted key.
 */
export async function writeStartingFiles(
  directory: string,
  values: Readonly<Record<string, string>> = {},
): Promise<void> {
  await writeSchema(participantFile(directory, 'schema'), participantJsonSchema());
  await writeSchema(participantFile(directory, 'policySchema'), policyJsonSchema());
  await writeSchema(participantFile(directory, 'dataSchema'), declarationJsonSchema());
  const path = participantFile(directory, 'configuration');
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  if (!exists) await writeDurably(path, utf8Encode(participantText(values)));
}

async function writeSchema(path: string, schema: JsonSchema): Promise<void> {
  await writeDurably(path, utf8Encode(`${JSON.stringify(schema, undefined, 2)}\n`));
}
