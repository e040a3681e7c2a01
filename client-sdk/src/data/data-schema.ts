import { createHash } from 'node:crypto';
import { canonicalJson, type DataSchema, toBase64url } from '@concordat/core';

/** What plans said of images before they could hold a data schema; kept for the digests of plans that are in force. */
export interface ImagesSchema {
  /** Shape of one example. */
  readonly inputShape: readonly number[];
  /** Range of a value after reading. */
  readonly range: readonly [number, number];
  readonly targets: 'classes' | 'values';
}

/** The schema of labelled grey images read from IDX files. */
export function imagesSchema(rows: number, columns: number): ImagesSchema {
  return { inputShape: [rows, columns], range: [0, 1], targets: 'classes' };
}

/** SHA-256 of the canonical schema, unpadded base64url: a plan's `dataSchemaDigest`. */
export function dataSchemaDigest(schema: DataSchema | ImagesSchema): string {
  return toBase64url(createHash('sha256').update(canonicalJson(schema)).digest());
}
