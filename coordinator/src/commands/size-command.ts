import { resolve } from 'node:path';
import { FederatedError, type Plan } from '@concordat/core';
import { conclude } from '@concordat/proto';
import type { Command } from 'commander';
import { operatorSettings, readOperatorSettings, resolveConfiguration } from '../configuration.js';
import { readModelDirectory } from '../model/model-directory.js';
import { preparePlan, writtenPlan } from '../model/plan-document.js';
import { type DiskKind, type DiskUse, diskUse } from '../size/disk-use.js';
import { bytesText, planSize, planSizeLines } from '../size/plan-size.js';
import type { CommandIo } from './io.js';
import { readPlanFile } from './plan-file.js';
import { settingFlags } from './setting-flags.js';

interface SizeFlags extends Readonly<Record<string, unknown>> {
  readonly plan?: string;
  readonly model?: string;
  readonly json?: boolean;
}

/** `coordinator size`. */
export function addSizeCommand(group: Command, io: CommandIo): void {
  const { directory } = operatorSettings;
  const own = { directory: { ...directory, description: "the consortium's directory, with coordinator/ in it" } };
  settingFlags(
    group
      .command('size')
      .description(
        "What is on the coordinator's disk, and until when; with --plan what a plan would take. It asks no coordinator.",
      ),
    own,
  )
    .option('--plan <file>', 'plan or draft of one, JSON or YAML: size that instead')
    .option('--model <directory>', 'its initial model, where the file does not describe one')
    .option('--json', 'print one envelope')
    .action((flags: SizeFlags) => conclude(io, flags.json === true, () => sizeOf(io, flags)));
}

async function sizeOf(io: CommandIo, flags: SizeFlags) {
  const { plan: file, model } = flags;
  if (file !== undefined) {
    const plan = await planIn(resolve(file), model);
    const size = planSize(plan);
    return { data: size, lines: planSizeLines(plan, size) };
  }
  if (model !== undefined) {
    throw new FederatedError('invalid-argument', '--model says of which model a plan is, and no plan is named', {
      detail: { required: '--plan', offered: 'none' },
      fix: 'Add --plan FILE, or leave --model out.',
    });
  }
  const { directory } = readOperatorSettings({ flags, environment: io.environment });
  const { values } = await resolveConfiguration({ flags: { directory }, environment: io.environment });
  const use = await diskUse(directory, values.blobs);
  return { data: use, lines: diskLines(use) };
}

async function planIn(path: string, model: string | undefined): Promise<Plan> {
  const text = await readPlanFile(path);
  if (model === undefined) return writtenPlan(text);
  return preparePlan(text, await readModelDirectory(resolve(model)), 'unsaid').plan;
}

/** Until when each kind stays, and what changes that. */
const kept: Readonly<Record<DiskKind['kind'], string>> = {
  records: 'journal, receipts, verdicts: for ever, they are what a restart goes on from',
  models: 'every version: for ever, members fetch them by digest',
  documents: 'topologies and long records of the journal: for ever',
  'masked vectors':
    'until the round is over, and with the aggregate check for transcriptRetention rounds more (in the plan)',
  sums: 'with the vectors they were opened of',
  unfinished: 'uploads under way; of one that broke until it is repeated or its round is over',
  'keys and settings': 'for ever; copy them with the store',
};

function diskLines({ kinds, bytes, rounds, freeBytes }: DiskUse): string[] {
  const held = kinds.filter(({ files }) => files > 0);
  const last = rounds.at(-1);
  const models = kinds.find(({ kind }) => kind === 'models');
  const model = models === undefined || models.files === 0 ? 0 : models.bytes / models.files;
  return [
    `${bytesText(bytes)} on the disk, ${bytesText(freeBytes)} free`,
    ...held.map(
      ({ kind, files, bytes: of }) =>
        `  ${kind}: ${bytesText(of)} in ${files} ${files === 1 ? 'file' : 'files'}; ${kept[kind]}`,
    ),
    ...(last === undefined
      ? []
      : [
          `round ${last.round} of run ${last.run} holds ${bytesText(last.bytes)}; ${rounds.length} ${rounds.length === 1 ? 'round is' : 'rounds are'} kept`,
        ]),
    ...(model === 0 ? [] : [`every further model takes ${bytesText(model)}, on average`]),
    'No command removes anything: what may go goes by itself when later rounds end. To size a plan: --plan FILE.',
  ];
}
