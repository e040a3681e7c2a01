import { z } from 'zod';
import { nearestName } from './nearest-name.js';
import { notQuoted, type Problem, quoted } from './problem.js';
import type { YamlFile } from './yaml-file.js';

/** JSON Schema, draft 7: the draft that editors know best. */
export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The schema of what a person writes, by zod's own export. */
export function jsonSchemaOf(shape: z.ZodType): JsonSchema {
  return z.toJSONSchema(shape, { target: 'draft-7', io: 'input' });
}

/** Every way in which a document differs from its shape, with its line, what is required there and what was offered. */
export function checkDocument(file: YamlFile, shape: z.ZodType): Problem[] {
  const parsed = shape.safeParse(file.document);
  if (parsed.success) return [];
  const schema = jsonSchemaOf(shape);
  const found = parsed.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({
          line: lineOf(file, [...issue.path, key]),
          ...unknownKey(schema, issue.path, key),
        }))
      : [{ line: lineOf(file, issue.path), ...wrongValue(file, schema, issue) }],
  );
  return found
    .sort((a, b) => a.line - b.line)
    .map(({ line, ...problem }) => ({ ...problem, where: `${file.path}:${line}` }));
}

type Unplaced = Omit<Problem, 'where'>;

function unknownKey(schema: JsonSchema, parent: readonly PropertyKey[], key: string): Unplaced {
  const known = Object.keys(schemaAt(schema, parent)?.properties ?? {});
  const nearest = nearestName(key, known);
  return {
    severity: 'error',
    setting: dotted([...parent, key.slice(0, 80)]),
    // Only the name is quoted: what stands behind a name that we do not know may be a secret.
    required: `one of ${known.join(', ')}`,
    offered: quoted(key),
    fix: nearest === undefined ? 'Remove it.' : `Did you mean ${nearest}?`,
  };
}

function wrongValue(
  file: YamlFile,
  schema: JsonSchema,
  { path, message }: Pick<z.core.$ZodIssue, 'path' | 'message'>,
): Unplaced {
  const value = path.reduce<unknown>(
    (inside, key) => (inside as Record<PropertyKey, unknown> | undefined)?.[key],
    file.document,
  );
  const wanted = schemaAt(schema, path);
  return {
    severity: 'error',
    setting: dotted(path),
    required: knownRequirement(wanted) ?? message,
    offered: wanted?.writeOnly === true && value !== undefined ? notQuoted : quoted(value),
    fix: value === undefined ? `Add ${dotted(path)}.` : `Correct ${dotted(path)}.`,
  };
}

/** What a schema asks for, in words: `a whole number from 0 to 65535`. */
export function requirementOf(schema: JsonSchema | undefined): string {
  return knownRequirement(schema) ?? 'another value';
}

/** undefined where a schema is one of several shapes. */
function knownRequirement(schema: JsonSchema | undefined): string | undefined {
  if (schema?.title !== undefined) return schema.title;
  if (schema?.const !== undefined) return String(schema.const);
  if (schema?.enum !== undefined) return `one of ${schema.enum.join(', ')}`;
  switch (schema?.type) {
    case 'integer':
      return `a whole number ${range(schema.minimum, schema.maximum)}`.trimEnd();
    case 'boolean':
      return 'true or false';
    case 'array':
      return `a list of ${schema.minItems ?? 0} to ${schema.maxItems ?? 'any number of'} entries`;
    case 'object':
      return `a mapping with ${Object.keys(schema.properties ?? {}).join(', ')}`;
    case 'string':
      return `text of ${schema.minLength ?? 0} to ${schema.maxLength ?? 'any number of'} characters`;
    default:
      return undefined;
  }
}

function range(least: number | undefined, most: number | undefined): string {
  const open = most === undefined || most >= Number.MAX_SAFE_INTEGER;
  if (open) return least === undefined || least <= Number.MIN_SAFE_INTEGER ? '' : `from ${least}`;
  return `from ${least ?? '−∞'} to ${most}`;
}

function schemaAt(schema: JsonSchema, path: readonly PropertyKey[]): JsonSchema | undefined {
  return path.reduce<JsonSchema | undefined>((inside, key) => {
    const next =
      typeof key === 'number' ? inside?.items : (inside?.properties?.[String(key)] ?? inside?.additionalProperties);
    return typeof next === 'object' && !Array.isArray(next) ? (next as JsonSchema) : undefined;
  }, schema);
}

/** Line of an entry; of what should hold it when it is missing. */
function lineOf(file: YamlFile, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const line = file.lines.get(path.slice(0, length).map(String).join('.'));
    if (line !== undefined) return line;
  }
  return 1;
}

function dotted(path: readonly PropertyKey[]): string {
  return path.map(String).join('.') || 'file';
}
