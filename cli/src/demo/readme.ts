import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { consortiumName, nextRunName } from './consortium.js';
import type { DemoFolder } from './folder.js';
import type { DemoView } from './view.js';

/**
 * Write the README of a directory that `--keep` leaves: every file, and the three commands that start it again.
 *
 * @param start.bin path of `concordat.js`. @param start.nextPlanHash of the plan that was proposed for a further run.
 */
export function writeReadme(
  folder: DemoFolder,
  view: DemoView,
  start: { readonly bin: string; readonly nextPlanHash: string },
): void {
  const ids = view.participants.map(({ id }) => id);
  const command = `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(start.bin)} "$@"\n`;
  writeFileSync(join(folder.root, 'concordat'), command, { mode: 0o755 });
  writeFileSync(folder.readme, [...files(folder, ids), ...commands(folder, ids, start.nextPlanHash)].join('\n'));
}

function files(folder: DemoFolder, ids: readonly string[]): string[] {
  const at = (path: string) => `\`${relative(folder.root, path)}\``;
  return [
    '# A consortium of the demo',
    '',
    `Consortium \`${consortiumName}\`: ${ids.length} organizations (${ids.join(', ')}), each with its own digits and keys. The keys are real and this directory is the only place they are in.`,
    '',
    '| path | what it is |',
    '|---|---|',
    '| `consortium/root/` | the consortium root key; in earnest it is moved off the machine |',
    "| `consortium/operator/` | the operator's signing key, TLS key and certificate |",
    '| `consortium/coordinator/` | configuration, TLS authority and server certificate, roster and coordinator keys |',
    '| `consortium/coordinator/store/` | journal, models, spool: what the coordinator remembers |',
    `| ${at(folder.holdout)} | 10,000 test images; the operator measures every model on them |`,
    `| ${at(folder.initialModel)} | the untrained network, a tfjs layers model |`,
    `| ${at(folder.plan)} | what the participants signed up to, as it was proposed |`,
    `| ${at(folder.resultModel)} | the trained model as a tfjs layers model: \`model.json\`, \`weights.bin\` |`,
    `| ${at(folder.resultSafetensors)} | the same weights as safetensors |`,
    `| ${at(folder.logs)} | what every process said: \`coordinator.log\`, one for each organization, \`commands.log\` |`,
    "| `organizations/ID/data/` | the organization's images and labels: they never leave it |",
    '| `organizations/ID/state/` | its identity key, TLS key, certificate, roster, journal, egress log |',
    '| `organizations/ID/policy.yaml` | what it agrees to; everything else is refused |',
    '| `organizations/ID/invitation.json` | its invitation, used |',
    '| `concordat` | runs the command of the repository that made this directory |',
    `| ${at(folder.nextPlan)} | a plan for a further run that begins with the trained model; it is proposed already |`,
    '',
  ];
}

function commands(folder: DemoFolder, ids: readonly string[], nextPlanHash: string): string[] {
  return [
    '## Start it again',
    '',
    'In this directory, in one shell or in several. `./concordat` is the command of the repository that made the demo.',
    '',
    '1. the coordinator (Ctrl-C stops it; `&` lets it run beside)',
    '',
    '   ```',
    '   ./concordat coordinator start --directory consortium --holdout operator-holdout &',
    '   ```',
    '',
    '2. the participants',
    '',
    '   ```',
    `   for id in ${ids.join(' ')}; do ./concordat participant serve --directory organizations/$id/state --data organizations/$id/data --policy organizations/$id/policy.yaml & done`,
    '   ```',
    '',
    '3. a run that goes on from the trained model',
    '',
    '   ```',
    `   ./concordat coordinator run start --plan ${nextPlanHash} --run ${nextRunName} --directory consortium`,
    '   ```',
    '',
    'To follow it: `./concordat coordinator run watch --directory consortium`. To fetch its model: `./concordat model export --help`.',
    'To stop everybody: `kill $(jobs -p)`.',
    '',
    `The model lies in \`${relative(folder.root, folder.resultModel)}\`. There is no differential privacy guarantee.`,
    '',
  ];
}

/** For a POSIX shell. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
