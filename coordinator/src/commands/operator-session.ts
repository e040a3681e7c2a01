import { resolve } from 'node:path';
import { type CommandResult, conclude } from '@concordat/proto';
import type { Command } from 'commander';
import { type OperatorKeys, readOperatorKeys } from '../consortium-directory.js';
import { OperatorClient } from '../transport/operator-client.js';
import type { CommandIo } from './io.js';

/** Flags of every command that talks to a running coordinator. */
export interface OperatorFlags {
  readonly directory?: string;
  readonly address?: string;
  readonly json?: boolean;
}

/** Add those flags. */
export function operatorOptions(command: Command): Command {
  return command
    .option(
      '--directory <directory>',
      "the consortium's directory, with operator/ in it (default: CONCORDAT_DIRECTORY or .)",
    )
    .option('--address <host:port>', 'another address than the one in operator/operator.json')
    .option('--json', 'print one envelope');
}

/** The consortium's directory: flag, then `CONCORDAT_DIRECTORY`, then here. */
export function consortiumDirectory(io: CommandIo, flag: string | undefined): string {
  return resolve(flag ?? io.environment.CONCORDAT_DIRECTORY ?? '.');
}

/** Run a command as the operator: read the keys, connect, say how it went, disconnect. */
export function asOperator(
  io: CommandIo,
  flags: OperatorFlags,
  work: (client: OperatorClient, keys: OperatorKeys) => Promise<CommandResult>,
): Promise<void> {
  return conclude(io, flags.json === true, () => withOperator(io, flags, work));
}

/** The same without the envelope around it. */
export async function withOperator<T>(
  io: CommandIo,
  flags: OperatorFlags,
  work: (client: OperatorClient, keys: OperatorKeys) => Promise<T>,
): Promise<T> {
  const keys = await readOperatorKeys(consortiumDirectory(io, flags.directory));
  const address = flags.address ?? io.environment.CONCORDAT_ADDRESS ?? keys.address;
  const client = new OperatorClient({ ...keys, address, correlationId: io.correlationId });
  try {
    return await work(client, keys);
  } finally {
    client.close();
  }
}
