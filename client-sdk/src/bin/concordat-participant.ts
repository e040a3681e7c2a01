#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { addParticipantCommands } from '../commands/participant-commands.js';

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());

const program = new Command('concordat-participant')
  .description('Take part in federated learning: your records stay, masked updates leave.')
  .exitOverride();
addParticipantCommands(program, {
  stdout: process.stdout,
  stderr: process.stderr,
  signal: stop.signal,
  exit: (code) => {
    process.exitCode = code;
  },
});

try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // commander has said what is wrong; 4 is the exit code of bad arguments.
  process.exitCode = error.exitCode === 0 ? 0 : 4;
}
