import type { CommandIo } from '@concordat/client-sdk';
import { Command } from 'commander';

/** What a command said, and how it ended. */
export interface Said {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** A command that is typed in this process, to its end. @param register puts it, among others, on the program. */
export async function typed(
  register: (program: Command, io: CommandIo) => void,
  args: readonly string[],
  environment: CommandIo['environment'] = {},
): Promise<Said> {
  const said = { stdout: '', stderr: '', exitCode: 0 };
  const program = new Command('concordat').exitOverride();
  register(program, {
    stdout: { write: (text) => (said.stdout += text) },
    stderr: { write: (text) => (said.stderr += text) },
    environment,
    signal: new AbortController().signal,
    exit: (code) => (said.exitCode = code),
  });
  await program.parseAsync([...args], { from: 'user' });
  return said;
}
