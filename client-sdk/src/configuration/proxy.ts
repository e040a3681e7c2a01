import type { Transport } from '@concordat/node';
import { type Environment, readSecretReference } from '@concordat/node';
import { proxiedTransport } from '../transport/proxy.js';
import { type Overrides, type ParticipantSettings, resolveParticipant } from './settings.js';

/**
 * The URL of the proxy that settings name, its user in it: a secret.
 *
 * @returns undefined when they name none. @throws as `readSecretReference` for its user.
 */
export async function proxyOf(
  { proxy, proxyUser }: Partial<Pick<ParticipantSettings, 'proxy' | 'proxyUser'>>,
  environment: Environment = {},
): Promise<string | undefined> {
  if (proxy === undefined || proxyUser === undefined) return proxy;
  const url = new URL(proxy);
  const [user = '', ...password] = (await readSecretReference(proxyUser, environment)).split(':');
  url.username = encodeURIComponent(user);
  url.password = encodeURIComponent(password.join(':'));
  return url.href;
}

/** How the commands of a participant directory reach its coordinator; `{}` where no proxy is set. @throws as {@link proxyOf}. */
export async function lineOf(overrides: Overrides): Promise<{ readonly transport?: Transport }> {
  const { values } = await resolveParticipant(overrides);
  const proxy = await proxyOf(values as Partial<ParticipantSettings>, overrides.environment);
  return proxy === undefined ? {} : { transport: proxiedTransport(proxy) };
}
