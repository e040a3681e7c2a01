import { nearestName } from './nearest-name.js';
import type { Problem } from './problem.js';

/**
 * Every variable that any of our programs reads. One list for all, because a machine may run a coordinator and a participant
 * from one environment: what the other reads is not a mistake.
 */
export const environmentVariables = [
  'CONCORDAT_ADDRESS',
  'CONCORDAT_BLOBS',
  'CONCORDAT_BYTES_IN_FLIGHT',
  'CONCORDAT_CALLS_PER_SECOND',
  'CONCORDAT_CONNECTIONS_PER_ADDRESS',
  'CONCORDAT_DATA',
  'CONCORDAT_DIRECTORY',
  'CONCORDAT_ENGINE',
  'CONCORDAT_HOLDOUT',
  'CONCORDAT_HOST',
  'CONCORDAT_IDENTITY_MODULE',
  'CONCORDAT_INVITATION_FILE',
  'CONCORDAT_KERNELS',
  'CONCORDAT_LOG_FORMAT',
  'CONCORDAT_LOG_LEVEL',
  'CONCORDAT_NICE',
  'CONCORDAT_OBSERVE',
  'CONCORDAT_ONCE',
  'CONCORDAT_OTHER_ADDRESSES',
  'CONCORDAT_POLICY',
  'CONCORDAT_PORT',
  'CONCORDAT_PROXY',
  'CONCORDAT_PROXY_USER',
  'CONCORDAT_QUEUE',
  'CONCORDAT_STANDBY',
  'CONCORDAT_STORE',
  'CONCORDAT_STORE_AUTHORITY',
  'CONCORDAT_STORE_PASSWORD',
  'CONCORDAT_STORE_TLS',
  'CONCORDAT_THREADS',
  'CONCORDAT_TRAINER_ATTACH',
  'CONCORDAT_TRAINER_LAUNCH',
  'CONCORDAT_TRUSTED_PROXIES',
  'CONCORDAT_UPLOAD_BYTES_PER_SECOND',
  'CONCORDAT_WAIT',
  'CONCORDAT_WEBHOOKS',
] as const;

export type EnvironmentVariable = (typeof environmentVariables)[number];

export type Environment = Readonly<Record<string, string | undefined>>;

/** A warning for each `CONCORDAT_` variable that nothing reads. Its value is never quoted: it may be a secret that strayed. */
export function unknownVariables(environment: Environment): Problem[] {
  const known: readonly string[] = environmentVariables;
  return Object.keys(environment)
    .filter((name) => name.startsWith('CONCORDAT_') && !known.includes(name))
    .sort()
    .map((name) => {
      const nearest = nearestName(name, known);
      return {
        severity: 'warning',
        where: name.slice(0, 80),
        setting: 'environment',
        required: 'a variable that is read',
        offered: 'one that nothing reads',
        fix: nearest === undefined ? 'Remove it.' : `Did you mean ${nearest}?`,
      };
    });
}
