import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { registerDemoCommand } from './demo/command.js';
import { type Door, doors, isMissing } from './doors.js';
import { badArguments, ourBug, printError } from './envelope.js';
import type { CommandIo } from './io.js';
import { registerModelCommands } from './model/command.js';

/**
 * Run one command line.
 *
 * @param args what a person typed after `concordat`.
 * @returns the exit code: 0 ok, 1 failed or refused, 2 connection or identity, 3 deadline, 4 bad arguments, 5 our bug.
 */
export async function runCommand(args: readonly string[], io: Omit<CommandIo, 'exit'>): Promise<number> {
  const json = args.includes('--json');
  let exitCode = 0;
  const withExit: CommandIo = { ...io, exit: (code) => (exitCode = code) };
  const program = openProgram(withExit, json);
  try {
    await registerGroups(program, args, withExit);
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    return explain(error, withExit, json);
  }
}

function openProgram(io: CommandIo, json: boolean): Command {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return new Command('concordat')
    .description('Organizations that do not share data train one model together.')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => {
        if (!json) io.stderr.write(text);
      },
    })
    .showHelpAfterError('Add --help to see what is possible.');
}

/** The group asked for is loaded; of the others the help needs only a name and a line. */
async function registerGroups(program: Command, args: readonly string[], io: CommandIo): Promise<void> {
  const asked = args.find((arg) => !arg.startsWith('-'));
  for (const door of doors) {
    if (door.group === asked) await load(door, program, io);
    else program.command(door.group).description(door.summary);
  }
  registerModelCommands(program, io);
  registerDemoCommand(program, io);
}

class MissingDoor extends Error {
  readonly door: Door;

  constructor(door: Door) {
    super(`concordat ${door.group} needs the package ${door.package}, which is not installed`);
    this.door = door;
  }
}

async function load(door: Door, program: Command, io: CommandIo): Promise<void> {
  try {
    await door.register(program, io);
  } catch (error) {
    throw isMissing(error, door) ? new MissingDoor(door) : error;
  }
}

function explain(error: unknown, io: CommandIo, json: boolean): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    const message = error.message.replace(/^error: /, '');
    // Without --json commander has said it already, with a pointer to the help.
    if (json) printError(io, { code: 'invalid-argument', message, fix: 'See concordat --help.' }, json);
    return badArguments;
  }
  if (error instanceof MissingDoor) {
    const fix = `Install it: npm install ${error.door.package}`;
    printError(io, { code: 'invalid-argument', message: error.message, fix }, json);
    return badArguments;
  }
  return explainFailure(error, io, json);
}

/** What a door threw carries code and fix; the demo's failures name the exit code of the command that failed. */
function explainFailure(error: unknown, io: CommandIo, json: boolean): number {
  const { code, message, fix, exitCode } = (error instanceof Error ? error : new Error(String(error))) as Error & {
    readonly code?: unknown;
    readonly fix?: unknown;
    readonly exitCode?: unknown;
  };
  const known = typeof exitCode === 'number';
  const envelope = {
    code: known && typeof code === 'string' ? code : 'internal',
    message,
    ...(typeof fix === 'string' ? { fix } : {}),
  };
  printError(io, envelope, json);
  return known ? exitCode : ourBug;
}
