import { toHex } from '@concordat/core';
import { configurationError, resolveSettings } from '@concordat/node';
import { type CommandResult, conclude } from '@concordat/proto';
import type { Command } from 'commander';
import { identityOf } from '../configuration/identity-module.js';
import { lineOf } from '../configuration/proxy.js';
import { keySettings } from '../configuration/settings.js';
import { type Recovery, recover } from '../recover.js';
import { requireExisting } from './existing-path.js';
import type { CommandIo } from './io.js';
import { settingFlags } from './setting-flags.js';

interface RecoverFlags extends Readonly<Record<string, unknown>> {
  readonly json?: true;
}

/** `participant recover`: make a directory usable again whose state is lost or older than what was done. */
export function addRecoverCommand(group: Command, io: CommandIo): void {
  settingFlags(
    group
      .command('recover')
      .description('After state-lost: take the maximum of what the coordinator’s receipts prove.'),
    keySettings,
  )
    .option('--json', 'print one envelope on stdout')
    .action(async (flags: RecoverFlags) => {
      await conclude(io, flags.json === true, async () => resultOf(await recoverHere(flags, io)));
    });
}

async function recoverHere(flags: RecoverFlags, io: CommandIo): Promise<Recovery> {
  const { values, problems } = resolveSettings(keySettings, { flags, environment: io.environment });
  if (problems.length > 0) throw configurationError(problems, 'concordat participant recover --help');
  requireExisting('--directory', values.directory, 'directory');
  const line = await lineOf({ flags, environment: io.environment });
  const identity = await identityOf({ flags, environment: io.environment });
  return recover({ directory: values.directory, signal: io.signal, ...line, ...identity });
}

function resultOf(recovery: Recovery): CommandResult {
  const { participantId, reason, receipts, rounds, bases, clientEpoch, destroyed } = recovery;
  const data = {
    participant: participantId,
    recovered: reason !== undefined,
    ...(reason === undefined ? {} : { rule: reason.detail.rule, reason: reason.message }),
    receipts,
    runs: rounds.map(({ runId: run, round: lastRound }) => ({ run, lastRound })),
    barredBaseModels: bases.map(({ runId: run, baseModelHash }) => ({ run, baseModel: toHex(baseModelHash) })),
    clientEpoch,
    destroyed,
  };
  return { data, lines: reason === undefined ? healthyLines(recovery) : recoveredLines(recovery, reason.message) };
}

function healthyLines({ participantId, receipts }: Recovery): string[] {
  return [
    `Nothing is lost: the directory of ${participantId} holds all that ${receipts} receipts prove. Nothing was changed.`,
  ];
}

function recoveredLines({ participantId, receipts, rounds, bases, destroyed }: Recovery, reason: string): string[] {
  const last = rounds.map(({ runId, round }) => `run ${runId} up to round ${round}`);
  return [
    `The state of ${participantId} was lost: ${reason}.`,
    `${receipts} receipts prove: ${last.length === 0 ? 'it took part in nothing' : last.join(', ')}. None of these rounds is entered again.`,
    `${bases.length} base models count as signed and their metrics as sent, for ever:`,
    ...bases.map(({ runId, baseModelHash }) => `  ${toHex(baseModelHash)} (run ${runId})`),
    `${participantId} takes part again from the next model that is published, or in a run that begins at another one.`,
    `${destroyed.roots} session secrets and ${destroyed.vectors} masked vectors were destroyed. Keys and roster stay; the old journal is kept as journal.log.lost.`,
  ];
}
