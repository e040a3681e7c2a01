import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  checkDocument,
  checkReferencedFile,
  type Problem,
  type ReferencedFile,
  readYamlFile,
  unknownVariables,
} from '@concordat/node';
import { checkDeclaration, declarationFile } from '../data/declaration.js';
import { participantFile } from '../keys/participant-files.js';
import { policyShape } from '../policy/policy.js';
import { identityModuleFile } from './identity-module.js';
import { type Overrides, type ParticipantResolution, resolveParticipant } from './settings.js';

/** What was looked at, and everything that is wrong with it. */
export interface CheckedParticipant {
  readonly files: readonly string[];
  readonly problems: readonly Problem[];
}

/** Check settings, policy, environment, and the files a client needs: there, and closed to strangers. Nothing is sent. */
export async function checkParticipant(overrides: Overrides): Promise<CheckedParticipant> {
  const resolution = await resolveParticipant(overrides);
  const strays = unknownVariables(overrides.environment ?? {});
  if (resolution.path === undefined) return { files: [], problems: [...resolution.problems, ...strays] };
  const { policy } = resolution.values;
  const policyProblems = await checkPolicy(policy);
  const dataProblems = await checkData((resolution.values as { data?: string }).data);
  const found = await Promise.all((await referencedFiles(resolution)).map(checkReferencedFile));
  return {
    files: [
      ...(resolution.written ? [resolution.path] : []),
      ...(policyProblems === undefined ? [] : [policy]),
      ...dataProblems.files,
    ],
    problems: [...resolution.problems, ...(policyProblems ?? []), ...dataProblems.problems, ...found.flat(), ...strays],
  };
}

/** @returns undefined when there is no such file. */
async function checkPolicy(path: string): Promise<Problem[] | undefined> {
  const reading = await readYamlFile(path);
  if (reading.type === 'absent') return undefined;
  return reading.type === 'read' ? checkDocument(reading.file, policyShape) : [reading.problem];
}

/** The declaration of the records, where there is one; of the records themselves nothing is read. */
async function checkData(directory: string | undefined): Promise<CheckedParticipant> {
  if (directory === undefined) return { files: [], problems: [] };
  const at = join(directory, declarationFile);
  const reading = await readYamlFile(at);
  if (reading.type === 'absent') return { files: [], problems: [] };
  if (reading.type === 'unusable') return { files: [at], problems: [reading.problem] };
  const checked = checkDeclaration(await readFile(at, 'utf8'), at);
  return { files: [at], problems: checked.type === 'wrong' ? checked.problems : [] };
}

async function referencedFiles({ values, effective, path, written }: ParticipantResolution): Promise<ReferencedFile[]> {
  const { directory, data, policy, proxyUser, identityModule } = values as Partial<ParticipantResolution['values']>;
  const files: ReferencedFile[] = directory === undefined ? [] : await enrolledFiles(directory, identityModule);
  if (path !== undefined && written)
    files.push({ path, holds: 'public', setting: 'participant.yaml', fix: 'Write it.' });
  if (proxyUser?.startsWith('file:') === true) {
    const at = proxyUser.slice('file:'.length);
    files.push({ path: at, holds: 'secret', setting: 'proxyUser', fix: 'Write user:password there.' });
  }
  if (data !== undefined) {
    files.push({ path: data, holds: 'directory', setting: 'data', fix: 'Name the directory of the records.' });
  }
  if (policy !== undefined) {
    // A policy that was named must be there; without the usual one everything is refused, which is safe.
    const byDefault = effective.find(({ setting }) => setting === 'policy')?.origin.type === 'default';
    const fix = 'Write it: without it every plan is refused.';
    files.push({ path: policy, holds: 'public', setting: 'policy', fix, severity: byDefault ? 'warning' : 'error' });
  }
  return files;
}

async function enrolledFiles(directory: string, identityModule: string | undefined): Promise<ReferencedFile[]> {
  const fix = 'Restore it from a copy, or enrol: concordat participant enroll.';
  const at = (
    name: Parameters<typeof participantFile>[1],
    holds: ReferencedFile['holds'],
    setting: string,
  ): ReferencedFile => ({ path: participantFile(directory, name), holds, setting, fix });
  const enrolment = at('enrolment', 'public', 'enrolment');
  // Nobody is enrolled there: one problem, not one for every file.
  const absent = (await checkReferencedFile(enrolment)).some(({ missing }) => missing === true);
  if (absent) return [enrolment];
  return [
    enrolment,
    identityModule === undefined ? at('identityKey', 'secret', 'identity key') : identityModuleFile(identityModule),
    at('tlsKey', 'secret', 'TLS key'),
    at('deviceKey', 'secret', 'device key'),
    at('certificate', 'public', 'TLS certificate'),
    at('authority', 'public', 'TLS authority certificate'),
    at('roster', 'public', 'roster'),
  ];
}
