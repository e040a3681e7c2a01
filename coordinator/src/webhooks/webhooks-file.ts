import { dirname, resolve } from 'node:path';
import { FederatedError } from '@concordat/core';
import {
  checkDocument,
  configurationError,
  type Environment,
  type Problem,
  readSecretFile,
  readYamlFile,
} from '@concordat/node';
import { z } from 'zod';
import { type Webhook, webhookEvents } from './webhook.js';

const hooksMax = 16;
const secretBytesMin = 16;
const secretBytesMax = 1_024;

const hookShape = z.strictObject({
  url: z
    .string()
    .max(2_048)
    .regex(/^https?:\/\/[^\s@]+$/)
    .meta({ title: 'an https address without user and password' }),
  secret: z
    .string()
    .max(4_096)
    .regex(/^(?:file:.+|env:[A-Za-z_][A-Za-z0-9_]*)$/)
    .meta({ title: 'file:PATH or env:NAME' }),
  events: z.array(z.enum(webhookEvents)).min(1).optional(),
  allowPlainHttp: z.boolean().optional(),
});
const fileShape = z.strictObject({ webhooks: z.array(hookShape).max(hooksMax) });

type WrittenHook = z.infer<typeof hookShape>;

/** What a file of webhooks comes to, with everything that is wrong in it. */
export interface ReadWebhooks {
  readonly webhooks: readonly Webhook[];
  readonly problems: readonly Problem[];
}

/**
 * Read `webhooks.yaml`. Secrets are read from where it names them, and never shown.
 *
 * @param environment where `env:` is looked up; `file:` is relative to the file.
 */
export async function readWebhooks(path: string, environment: Environment): Promise<ReadWebhooks> {
  const reading = await readYamlFile(path);
  if (reading.type !== 'read') {
    const absent = problem(
      path,
      'webhooks',
      'a file that is there',
      'nothing',
      'Write it, or remove the setting webhooks.',
    );
    return { webhooks: [], problems: [reading.type === 'unusable' ? reading.problem : absent] };
  }
  const { file } = reading;
  const found = checkDocument(file, fileShape);
  if (found.length > 0) {
    // Somebody may have written the secret itself where its place belongs.
    const problems = found.map((one) =>
      one.setting.endsWith('.secret') ? { ...one, offered: 'something else' } : one,
    );
    return { webhooks: [], problems };
  }
  const { webhooks: written } = fileShape.parse(file.document);
  const webhooks: Webhook[] = [];
  const problems: Problem[] = [];
  for (const [index, hook] of written.entries()) {
    const where = `${path}:${file.lines.get(`webhooks.${index}`) ?? file.lines.get('webhooks') ?? 1}`;
    const plain = plainHttpProblem(hook, where, index);
    const secret = await secretOf(hook, { path, environment, where, index });
    if (plain !== undefined) problems.push(plain);
    if (secret instanceof Uint8Array) webhooks.push({ url: hook.url, secret, events: hook.events ?? webhookEvents });
    else problems.push(secret);
  }
  return { webhooks, problems };
}

/** The same for a start. @throws `invalid-argument` naming the first problem. */
export async function requireWebhooks(path: string, environment: Environment): Promise<readonly Webhook[]> {
  const { webhooks, problems } = await readWebhooks(path, environment);
  if (problems.length > 0) throw configurationError(problems, 'concordat coordinator config check');
  return webhooks;
}

function plainHttpProblem({ url, allowPlainHttp }: WrittenHook, where: string, index: number): Problem | undefined {
  if (url.startsWith('https:') || allowPlainHttp === true || isLoopback(url)) return undefined;
  const fix = 'Use https, or say allowPlainHttp: true where the line between is trusted.';
  return problem(where, `webhooks.${index}.url`, 'https, or http to this machine', 'http', fix);
}

function isLoopback(url: string): boolean {
  const host = URL.canParse(url) ? new URL(url).hostname : '';
  return host === 'localhost' || host === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

async function secretOf(
  { secret }: WrittenHook,
  from: { readonly path: string; readonly environment: Environment; readonly where: string; readonly index: number },
): Promise<Uint8Array | Problem> {
  const setting = `webhooks.${from.index}.secret`;
  const name = secret.slice(secret.indexOf(':') + 1);
  const bytes = secret.startsWith('env:')
    ? Buffer.from(from.environment[name] ?? '')
    : await readSecretFile(resolve(dirname(from.path), name), secretBytesMax).catch((error: unknown) => {
        if (!(error instanceof FederatedError)) throw error;
        return problem(from.where, setting, 'a secret that can be read', secret, `${error.message}. ${error.fix}`);
      });
  if (!(bytes instanceof Uint8Array)) return bytes;
  const trimmed = Buffer.from(Buffer.from(bytes).toString('latin1').trim(), 'latin1');
  if (trimmed.byteLength >= secretBytesMin) return trimmed;
  const fix = 'Make one: openssl rand -hex 32.';
  return problem(from.where, setting, `at least ${secretBytesMin} bytes in ${secret}`, `${trimmed.byteLength}`, fix);
}

function problem(where: string, setting: string, required: string, offered: string, fix: string): Problem {
  return { severity: 'error', where, setting, required, offered, fix };
}
