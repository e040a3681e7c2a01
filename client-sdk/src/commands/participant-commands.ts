import type { Command } from 'commander';
import { addConfigCommands } from './config-commands.js';
import { addDataCommands } from './data-command.js';
import { addDoctorCommand } from './doctor-command.js';
import { addEgressCommands } from './egress-commands.js';
import { addEnrollCommand } from './enroll-command.js';
import { addExposureCommand } from './exposure-command.js';
import { addFailpointsCommand } from './failpoints-command.js';
import type { CommandIo } from './io.js';
import { addParticipationCommands } from './participation-commands.js';
import { addPlanCommand } from './plan-command.js';
import { addRecoverCommand } from './recover-command.js';
import { addRenewCommand } from './renew-command.js';
import { addServeCommand } from './serve-command.js';
import { addTrainerCommands } from './trainer-command.js';
import { addVerifyRoundCommand } from './verify-round-command.js';

/** Add `participant …` to a program. */
export function registerParticipantCommands(program: Command, io: CommandIo): void {
  addParticipantCommands(
    program
      .command('participant')
      .description('Take part for one organization: its records stay, masked updates leave.'),
    io,
  );
}

/** Add `enroll`, `serve` and the rest themselves: what `concordat-participant` offers without the word `participant`. */
export function addParticipantCommands(group: Command, io: CommandIo): void {
  addEnrollCommand(group, io);
  addServeCommand(group, io);
  addConfigCommands(group, io);
  addRecoverCommand(group, io);
  addRenewCommand(group, io);
  addPlanCommand(group, io);
  addDataCommands(group, io);
  addVerifyRoundCommand(group, io);
  addTrainerCommands(group, io);
  addParticipationCommands(group, io);
  addDoctorCommand(group, io);
  addEgressCommands(group, io);
  addExposureCommand(group, io);
  addFailpointsCommand(group, io);
}
