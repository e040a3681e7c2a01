import { FederatedError } from '@concordat/core';
import { concludeFailure, newCorrelationId } from '@concordat/proto';
import { Command, CommanderError } from 'commander';
import { registerApproverCommands } from './approver-commands.js';
import { registerExplainCommand } from './explain-command.js';
import type { CommandIo } from './io.js';
import { addParticipantCommands } from './participant-commands.js';
import { requirePlainArguments } from './plain-arguments.js';

/**
 * Run one command line of `concordat-participant`.
 *
 * @param args what a person typed after the name.
 * @returns the exit code: 0 ok, 1 failed or refused, 2 connection or identity, 3 deadline, 4 bad arguments, 5 our bug.
 */
export async function runParticipantCommand(
  args: readonly string[],
  io: Omit<CommandIo, 'exit' | 'correlationId'>,
): Promise<number> {
  const json = args.includes('--json');
  let exitCode = 0;
  const withExit: CommandIo = { ...io, correlationId: newCorrelationId(), exit: (code) => (exitCode = code) };
  try {
    await participantProgram(withExit).parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) concludeFailure(withExit, json, error);
    else if (error.exitCode !== 0) concludeFailure(withExit, json, badArguments(error));
  }
  return exitCode;
}

/** Every command of `concordat-participant`, not run yet. */
export function participantProgram(io: CommandIo): Command {
  const program = new Command('concordat-participant')
    .description('Take part in federated learning: your records stay, masked updates leave.')
    .exitOverride()
    .hook('preAction', (_program, command) => requirePlainArguments(command))
    // Errors are printed by us: what was typed is in them, and a terminal would obey it.
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: () => undefined,
      outputError: () => undefined,
    });
  addParticipantCommands(program, io);
  registerApproverCommands(program, io);
  registerExplainCommand(program, io);
  return program;
}

function badArguments(error: CommanderError): FederatedError {
  const missing = error.code === 'commander.help';
  return new FederatedError(
    'invalid-argument',
    missing ? 'a command is missing' : error.message.replace(/^error: /, ''),
    { fix: 'Type concordat-participant --help, or --help after a command.', cause: error },
  );
}
