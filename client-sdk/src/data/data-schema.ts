import { createHash } from 'node:crypto';
import { canonicalJson, toBase64url } from '@concordat/core';

/** What a plan expects of every participant's records. Says nothing about one participant's records. */
export interface DataSchema {
  /** Shape of one example. */
  readonly inputShape: readonly number[];
  /** Range of a value after reading. */
  readonly range: readonly [number, number];
  readonly targets: 'classes' | 'values';
}

/** The schema of labelled grey images read from IDX files. */
export function imagesSchema(rows: number, columns: number): DataSchema {
  return { inputShape: [rows, columns], range: [0, 1], targets: 'classes' };
}

/** SHA-256 of the canonical schema, unpadded base64url: a plan's `dataSchemaDigest`. */
export function dataSchemaDigest(schema: DataSchema): string {
  return toBase64url(createHash('sha256').update(canonicalJson(schema)).digest());
}
