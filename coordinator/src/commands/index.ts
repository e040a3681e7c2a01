import type { Command } from 'commander';
import { addBackupCommands } from './backup-commands.js';
import { addBundleCommand } from './bundle-command.js';
import { addConfigCommands } from './config-commands.js';
import { addExplainCommand } from './explain-command.js';
import { addFailpointsCommand } from './failpoints-command.js';
import { addInitCommand } from './init-command.js';
import type { CommandIo } from './io.js';
import { addParticipantCommands } from './participant-commands.js';
import { addPlanCommands } from './plan-commands.js';
import { addRenewalCommands } from './renewal-commands.js';
import { addRunCommands } from './run-commands.js';
import { addServerCommands } from './server-commands.js';
import { addSizeCommand } from './size-command.js';
import { addVerifyStoreCommand } from './verify-store-command.js';

export type { CommandIo } from './io.js';

/** Add `coordinator …` to a program. */
export function registerCoordinatorCommands(program: Command, io: CommandIo): void {
  const group = program.command('coordinator').description('Found a consortium and run its coordinator.');
  addInitCommand(group, io);
  addServerCommands(group, io);
  addConfigCommands(group, io);
  addParticipantCommands(group, io);
  addRenewalCommands(group, io);
  addPlanCommands(group, io);
  addRunCommands(group, io);
  addExplainCommand(group, io);
  addSizeCommand(group, io);
  addBackupCommands(group, io);
  addBundleCommand(group, io);
  addFailpointsCommand(group, io);
  addVerifyStoreCommand(group, io);
}
