import { toBase64url } from '../bytes.js';
import { portableCrypto } from '../crypto/portable-crypto.js';
import { FederatedError } from '../errors.js';
import { bounds } from '../wire/bounds.js';
import { canonicalJson } from '../wire/canonical.js';
import { checkDataSchema } from './data-schema/check.js';
import { readDataSchema } from './data-schema/read.js';
import { type LinedJson, parseLinedJson } from './plan/json-lines.js';
import { Reader } from './plan/reader.js';

/** What becomes of a row whose cell is empty: the data set is refused, the row is left out, or a value stands in. */
export type MissingRule = 'refuse' | 'skip' | { readonly fill: number | string };

interface AnyColumn {
  /** Text in Unicode's composed form (NFC), distinct in its schema. */
  readonly name: string;
  readonly missing: MissingRule;
  /** Present on what a model is to find; everything else is given to it. */
  readonly target?: true;
}

/** `integer` holds whole numbers; both become one float32 each. */
export interface NumberColumn extends AnyColumn {
  readonly type: 'number' | 'integer';
  /** Inclusive. A cell outside is refused. */
  readonly min?: number;
  readonly max?: number;
  /** `unit`: (value − min) ÷ (max − min), so 0 to 1. Absent: the value as it is. */
  readonly scale?: 'unit';
}

/** One of a list, in its order: one-hot as an input, its place in the list as a target. */
export interface CategoryColumn extends AnyColumn {
  readonly type: 'category';
  readonly categories: readonly string[];
}

/** Grey images of [rows, columns] bytes; 0 … 255 become 0 … 1. The only input of its schema. */
export interface ImageColumn extends AnyColumn {
  readonly type: 'image';
  readonly shape: readonly [number, number];
}

export type DataColumn = NumberColumn | CategoryColumn | ImageColumn;

/**
 * What the records of all participants have in common: columns in the order in which they become numbers. It says nothing of where one
 * participant's records are, how its files look, or how many there are. Every field is written out, so that one schema has one digest.
 */
export interface DataSchema {
  readonly schema: 'concordat/data-schema/1';
  readonly columns: readonly DataColumn[];
}

/**
 * A data schema that a person or a program wrote.
 *
 * @param document its value, and where it came from a file the lines of its fields (`columns[2].name`).
 * @throws `invalid-argument` naming field, line, what is required and what was offered.
 */
export function requireDataSchema(document: LinedJson): DataSchema {
  return dataSchemaOf(new Reader(document));
}

/** @param text JSON; need not be canonical. @throws `malformed` when it is none, or too long; as {@link requireDataSchema}. */
export function parseDataSchema(text: string): DataSchema {
  if (text.length > bounds.planBytesMax) {
    throw new FederatedError('malformed', 'the data schema is too long', {
      detail: { required: bounds.planBytesMax, offered: text.length },
    });
  }
  return requireDataSchema(parseLinedJson(text));
}

/** The schema under a field of another document, e.g. of a plan. @throws as {@link requireDataSchema}. */
export function dataSchemaOf(reader: Reader): DataSchema {
  const schema = readDataSchema(reader);
  checkDataSchema(schema, reader);
  return schema;
}

/** SHA-256 of the canonical schema, unpadded base64url: what participants must have in common. */
export function digestDataSchema(schema: DataSchema): string {
  return toBase64url(portableCrypto.sha256(canonicalJson(schema)));
}
