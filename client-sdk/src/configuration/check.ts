import {
  checkDocument,
  checkReferencedFile,
  type Problem,
  type ReferencedFile,
  readYamlFile,
  unknownVariables,
} from '@concordat/node';
import { participantFile } from '../keys/participant-files.js';
import { policyShape } from '../policy/policy.js';
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
  const found = await Promise.all((await referencedFiles(resolution)).map(checkReferencedFile));
  return {
    files: [...(resolution.written ? [resolution.path] : []), ...(policyProblems === undefined ? [] : [policy])],
    problems: [...resolution.problems, ...(policyProblems ?? []), ...found.flat(), ...strays],
  };
}

/** @returns undefined when there is no such file. */
async function checkPolicy(path: string): Promise<Problem[] | undefined> {
  const reading = await readYamlFile(path);
  if (reading.type === 'absent') return undefined;
  return reading.type === 'read' ? checkDocument(reading.file, policyShape) : [reading.problem];
}

async function referencedFiles({ values, effective, path, written }: ParticipantResolution): Promise<ReferencedFile[]> {
  const { directory, data, policy } = values as Partial<ParticipantResolution['values']>;
  const files: ReferencedFile[] = directory === undefined ? [] : await enrolledFiles(directory);
  if (path !== undefined && written)
    files.push({ path, holds: 'public', setting: 'participant.yaml', fix: 'Write it.' });
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

async function enrolledFiles(directory: string): Promise<ReferencedFile[]> {
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
    at('identityKey', 'secret', 'identity key'),
    at('tlsKey', 'secret', 'TLS key'),
    at('deviceKey', 'secret', 'device key'),
    at('certificate', 'public', 'TLS certificate'),
    at('authority', 'public', 'TLS authority certificate'),
    at('roster', 'public', 'roster'),
  ];
}
