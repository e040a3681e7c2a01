import { X509Certificate } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import { FederatedError } from '@concordat/core';
import { configurationError, problemLine } from '@concordat/node';
import { checkParticipant } from '../configuration/check.js';
import type { Overrides } from '../configuration/settings.js';
import { readEgress } from '../egress/egress-reading.js';
import type { KeyStore } from '../keys/key-store.js';
import { readClientEpoch } from '../state/client-epoch.js';
import { salvageJournal } from '../state/journal.js';
import { readSwitch } from '../state/participation-switch.js';
import { type Finding, passed, problem, skipped } from './finding.js';

const nodeMin = [20, 19] as const;
const freeBytesMin = 1024 ** 3;
const dayMillis = 86_400_000;
/** Renewal begins long before. */
const expiryDaysMin = 14;

/** File systems whose files are gone with the machine or the container, by the number that Linux gives them. */
const passing = new Map([
  [0x01021994, 'tmpfs, which is memory'],
  [0x858458f6, 'ramfs, which is memory'],
  [0x794c7630, 'overlayfs, which a container throws away with itself'],
]);

/** Whether this version of Node is one that the client is tested with. */
export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const isNew = major > nodeMin[0] || (major === nodeMin[0] && minor >= nodeMin[1]);
  if (isNew) return passed('node', `Node ${version}`);
  return problem('node', `Node ${version}`, `Install Node ${nodeMin.join('.')} or newer.`);
}

/**
 * Settings, policy, declaration of the records, and closed files: each problem as `config check` names it.
 *
 * @throws `invalid-argument` for a flag with a value that it cannot have: that is no finding, but another question.
 */
export async function checkSettings(overrides: Overrides): Promise<Finding[]> {
  const { files, problems } = await checkParticipant(overrides);
  const typed = problems.filter(({ where, missing }) => where.startsWith('--') && missing !== true);
  if (typed.length > 0) throw configurationError(typed, 'concordat participant doctor --help');
  if (problems.length === 0) return [passed('settings', `nothing is wrong in ${files.join(', ') || 'the settings'}`)];
  return problems.map((one) =>
    one.severity === 'error'
      ? problem('settings', `${one.where}: ${one.setting}: required ${one.required}; offered ${one.offered}`, one.fix)
      : passed('settings', problemLine(one)),
  );
}

/** Whether the participant's directory is on a disk that stays, and has room. @param read of the file system; that of Node unless a test says otherwise. */
export async function checkDisk(
  directory: string,
  read: (path: string) => Promise<{ readonly type: number; readonly bavail: number; readonly bsize: number }> = statfs,
): Promise<Finding[]> {
  const { type, bavail, bsize } = await read(directory);
  const free = bavail * bsize;
  const gone = passing.get(type);
  return [
    gone === undefined
      ? passed('volume', 'the directory is on a disk that stays')
      : problem(
          'volume',
          `the directory is on ${gone}: with it the keys and the memory of what was signed are lost`,
          'Mount a volume that stays for the participant directory, and enrol or recover there.',
        ),
    free >= freeBytesMin
      ? passed('disk', `${Math.floor(free / 1024 ** 3)} GiB are free`)
      : problem(
          'disk',
          `${Math.floor(free / 1024 ** 2)} MiB are free`,
          'Free some: an update is written down before it is sent.',
        ),
  ];
}

/** Journal, the number of the last start, and the log of what left. */
export async function checkState(directory: string): Promise<Finding[]> {
  return [await checkJournal(directory), await checkEgress(directory), await checkSwitch(directory)];
}

async function checkJournal(directory: string): Promise<Finding> {
  try {
    const last = await readClientEpoch(directory);
    const { records, damage } = await salvageJournal(directory, last?.journal);
    if (damage !== undefined) throw damage;
    return passed('journal', `${records.length} records, start ${last?.epoch ?? 0}`);
  } catch (error) {
    return refusedBy('journal', error);
  }
}

async function checkEgress(directory: string): Promise<Finding> {
  try {
    const mark = (await readClientEpoch(directory))?.egress;
    const { damage, mark: found } = await readEgress(directory, mark === undefined ? [] : [mark]);
    if (damage === undefined) return passed('egress', `${found.entries} entries, none of them changed`);
    return problem('egress', `line ${damage.line}: ${damage.problem}`, 'Compare it with a copy, and keep both.');
  } catch (error) {
    if (error instanceof FederatedError && error.code === 'invalid-argument')
      return skipped('egress', 'nothing left yet');
    return refusedBy('egress', error);
  }
}

async function checkSwitch(directory: string): Promise<Finding> {
  try {
    const { paused, withdrawn } = await readSwitch(directory);
    const runs = withdrawn.length === 0 ? '' : `; withdrew from ${withdrawn.map(({ runId }) => runId).join(', ')}`;
    if (paused === undefined) return passed('participation', `takes part${runs}`);
    return problem(
      'participation',
      `paused since ${paused.since} (${paused.reason})${runs}`,
      'Type participant resume to take part again.',
    );
  } catch (error) {
    return refusedBy('participation', error);
  }
}

/** The client certificate of TLS. */
export function checkCertificate(keys: Pick<KeyStore, 'tls'>, now: number): Finding {
  const { validTo } = new X509Certificate(keys.tls.certificatePem);
  const days = Math.floor((Date.parse(validTo) - now) / dayMillis);
  if (days >= expiryDaysMin) return passed('certificate', `valid for ${days} days`);
  return problem(
    'certificate',
    days < 0 ? `expired ${-days} days ago` : `valid for ${days} days`,
    days < 0
      ? 'Ask the operator for a new invitation, and enrol again.'
      : 'Type participant renew; a running client renews by itself, so look why it did not.',
  );
}

/** An error as a finding. */
export function refusedBy(check: string, error: unknown): Finding {
  if (error instanceof FederatedError) return problem(check, error.message, error.fix);
  return problem(
    check,
    `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`,
    'Look at the file and who may read it.',
  );
}
