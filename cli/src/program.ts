import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { registerDemoCommand } from './demo/command.js';
import { doors } from './doors.js';
import { badArguments, ourBug, printError } from './envelope.js';
import { CommandFailure } from './failure.js';
import type { CommandIo } from './io.js';
import { registerModelCommands } from './model/command.js';
import { requirePlainArguments } from './plain-arguments.js';

/**
 * Run one command line.
 *
 * @param args what a person typed after `concordat`.
 * @returns the exit code: 0 ok, 1 failed or refused, 2 connection or identity, 3 deadline, 4 bad arguments, 5 our bug.
 */
export async function runCommand(
  args: readonly string[],
  io: Omit<CommandIo, 'exit' | 'correlationId'>,
): Promise<number> {
  const json = args.includes('--json');
  let exitCode = 0;
  const correlationId = randomBytes(8).toString('hex');
  const withExit: CommandIo = { ...io, correlationId, exit: (code) => (exitCode = code) };
  const program = openProgram(withExit);
  try {
    await registerGroups(program, args, withExit);
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    return explain(error, withExit, json);
  }
}

/** Every command of every door, not run yet. */
export async function wholeProgram(io: CommandIo): Promise<Command> {
  const program = openProgram(io);
  for (const door of doors) await door.register(program, io);
  registerModelCommands(program, io);
  registerDemoCommand(program, io);
  return program;
}

function openProgram(io: CommandIo): Command {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return new Command('concordat')
    .description('Organizations that do not share data train one model together.')
    .version(version)
    .exitOverride()
    .hook('preAction', (_program, command) => requirePlainArguments(command))
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      // Errors are printed by us: what was typed is in them, and a terminal would obey it.
      writeErr: () => undefined,
      outputError: () => undefined,
    });
}

/** The group asked for is loaded; of the others the help needs only a name and a line. */
async function registerGroups(program: Command, args: readonly string[], io: CommandIo): Promise<void> {
  const asked = args.find((arg) => !arg.startsWith('-'));
  for (const door of doors) {
    if (door.group === asked) await door.register(program, io);
    else program.command(door.group).description(door.summary);
  }
  registerModelCommands(program, io);
  registerDemoCommand(program, io);
}

function explain(error: unknown, io: CommandIo, json: boolean): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    const missing = error.code === 'commander.help';
    const message = missing ? 'a command is missing' : error.message.replace(/^error: /, '');
    const fix = 'Type concordat --help, or --help after a command.';
    printError(io, { code: 'invalid-argument', message, fix }, json);
    return badArguments;
  }
  return explainFailure(error, io, json);
}

/** Anything but a failure that was foreseen is our bug; its stack stays here. */
function explainFailure(error: unknown, io: CommandIo, json: boolean): number {
  if (error instanceof CommandFailure) {
    printError(io, { code: error.code, message: error.message, fix: error.fix }, json);
    return error.exitCode;
  }
  printError(io, { code: 'internal', message: error instanceof Error ? error.message : String(error) }, json);
  return ourBug;
}
