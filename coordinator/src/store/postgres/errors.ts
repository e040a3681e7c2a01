import { FederatedError } from '@concordat/core';

/** Where a database is, for messages. */
export interface DatabasePlace {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/** SQLSTATE classes and codes after which nothing is known of the connection, or nothing can be written on it. */
const unreachable = /^(08|57P|53|58|25P0[24]|25006|55P03|57014)/;
const unreachableCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ENOENT',
]);
const unreachableText = /connection terminated|timeout|connection error|not queryable|pool after calling end/i;
const noPassword = /^SASL: .*password/;
const foreignCertificate = /certificate|altnames|self[- ]signed|CERT_|does not support SSL/i;

/**
 * What a failed statement or connection means. Passwords are in none of these messages: the driver's own are kept as the cause only.
 *
 * @returns the error itself when it is no failure of connection, login or rights.
 */
export function explainPostgres(error: unknown, place: DatabasePlace): unknown {
  if (error instanceof FederatedError || !(error instanceof Error)) return error;
  const { host, port, database, user } = place;
  const at = `${host}:${port}`;
  const { code = '' } = error as { readonly code?: string };
  const options = (rule: string) => ({ detail: { rule, address: at, database, user, reason: code }, cause: error });
  if (/^28|^42501$/.test(code) || noPassword.test(error.message)) {
    return new FederatedError('permission', `the database at ${at} does not let ${user} in`, options('store.login'));
  }
  if (code === '3D000') {
    return new FederatedError(
      'invalid-argument',
      `there is no database ${database} at ${at}`,
      options('store.database'),
    );
  }
  if (isLost(error)) {
    return new FederatedError('unavailable', `the database at ${at} does not answer`, options('store.unreachable'));
  }
  if (foreignCertificate.test(`${error.message} ${code}`)) {
    return new FederatedError(
      'verification',
      `the database at ${at} does not show a certificate that is trusted here`,
      options('store.certificate'),
    );
  }
  return error;
}

/** Whether the connection can be used no longer, or nobody knows whether its last statement counts. */
export function isLost(error: unknown): boolean {
  if (error instanceof FederatedError) return error.detail.rule === 'store.unreachable';
  if (!(error instanceof Error)) return false;
  const { code } = error as { readonly code?: string };
  if (error instanceof AggregateError) return error.errors.every(isLost);
  if (code !== undefined) return unreachable.test(code) || unreachableCodes.has(code);
  return unreachableText.test(error.message);
}
