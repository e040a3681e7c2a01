import { FederatedError, fromBase64url, type ParticipationRecord, toBase64url } from '@concordat/core';

const bytesKey = '$bytes';

/** A record as JSON text in UTF-8; byte arrays become `{"$bytes": base64url}`. */
export function recordToBytes(record: ParticipationRecord): Uint8Array {
  return Buffer.from(
    JSON.stringify(record, (_key, value: unknown) =>
      value instanceof Uint8Array ? { [bytesKey]: toBase64url(value) } : value,
    ),
  );
}

/**
 * The record again.
 *
 * @throws `state-lost` when the text is not one this program wrote.
 */
export function recordFromBytes(bytes: Uint8Array): ParticipationRecord {
  try {
    const record: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'), (_key, value: unknown) => {
      if (typeof value !== 'object' || value === null || !(bytesKey in value)) return value;
      return fromBase64url(String(value[bytesKey]));
    });
    if (typeof record === 'object' && record !== null && 'type' in record) return record as ParticipationRecord;
  } catch {
    // Falls through to the one error.
  }
  throw new FederatedError('state-lost', 'the journal holds a record this version does not understand', {
    fix: 'Run the version of the software that wrote it, or a later one.',
  });
}
