import { pathToFileURL } from 'node:url';
import { FederatedError } from '@concordat/core';
import { checkReferencedFile, configurationError, type ReferencedFile } from '@concordat/node';
import { type IdentitySigner, requireSigner } from '../keys/identity-signer.js';
import { type Overrides, type ParticipantSettings, participantSettings, resolveParticipant } from './settings.js';

const moduleSetting = participantSettings.identityModule.key;

/**
 * Who signs for a participant directory: the module that its settings name; `{}` where they name none, and its `identity.key` signs.
 *
 * @throws as {@link loadIdentity}; `invalid-argument` for a setting that is none. What else is wrong with the settings does not matter here.
 */
export async function identityOf(overrides: Overrides): Promise<{ readonly identity?: IdentitySigner }> {
  const { values, problems } = await resolveParticipant(overrides);
  const ours = problems.filter(({ setting, severity }) => severity === 'error' && setting === moduleSetting);
  if (ours.length > 0) throw configurationError(ours, 'concordat participant config check');
  const { identityModule } = values as Partial<ParticipantSettings>;
  return identityModule === undefined ? {} : { identity: await loadIdentity(identityModule) };
}

/**
 * The signer that a module exports: `publicKey`, 32 bytes, and `sign`. It is code, and runs in this process with our rights.
 *
 * @param path absolute.
 * @throws `invalid-argument` when it is not there, others can change it, or it exports something else; `unavailable` `identity.signer`
 *   when it does not load: what it signs with may be away.
 */
export async function loadIdentity(path: string): Promise<IdentitySigner> {
  const problems = await checkReferencedFile(identityModuleFile(path));
  if (problems.length > 0) throw configurationError(problems, 'concordat participant config check');
  const { publicKey, sign } = await load(path);
  if (typeof sign === 'function') return requireSigner({ publicKey, sign } as IdentitySigner);
  throw new FederatedError('invalid-argument', `${path} exports no signer`, {
    detail: { path, required: 'the function sign', offered: typeof sign },
    fix: 'Export publicKey, a Uint8Array of 32 bytes, and sign(message), which promises 64 bytes.',
  });
}

/** The file, as `config check` looks at it: whoever can change it can sign. */
export function identityModuleFile(path: string): ReferencedFile {
  return { path, holds: 'public', setting: moduleSetting, fix: 'Write it, or name the module that is there.' };
}

async function load(path: string): Promise<Partial<Record<'publicKey' | 'sign', unknown>>> {
  try {
    return await import(pathToFileURL(path).href);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n')[0]!.slice(0, 200) : 'unknown failure';
    throw new FederatedError('unavailable', `the identity module ${path} does not load: ${why}`, {
      cause,
      detail: { rule: 'identity.signer', path },
      fix: 'Bring what it signs with back, or mend the module; node itself shows more: node FILE.',
    });
  }
}
