#!/usr/bin/env node
import { runParticipantCommand } from '../commands/participant-program.js';
import { tensorflowEnvironment } from '../trainer/tensorflow-environment.js';

// Here and not in a thread: what trains there reads it past Node.
for (const [name, value] of Object.entries(tensorflowEnvironment)) process.env[name] ??= value;

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());

process.exitCode = await runParticipantCommand(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  environment: process.env,
  signal: stop.signal,
});
