import { type CommandResult, conclude } from '@concordat/proto';
import type { Command } from 'commander';
import { operatorSettings, readOperatorSettings } from '../configuration.js';
import { type OperatorKeys, readOperatorKeys } from '../consortium-directory.js';
import { OperatorClient } from '../transport/operator-client.js';
import type { CommandIo } from './io.js';
import { settingFlags } from './setting-flags.js';

/** Flags of every command that talks to a running coordinator. */
export interface OperatorFlags {
  readonly directory?: string;
  readonly address?: string;
  readonly json?: boolean;
}

/** Add those flags. */
export function operatorOptions(command: Command): Command {
  return settingFlags(command, operatorSettings).option('--json', 'print one envelope');
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
  const { directory, address: dialled } = readOperatorSettings({ flags: { ...flags }, environment: io.environment });
  const keys = await readOperatorKeys(directory);
  const address = dialled ?? keys.address;
  const client = new OperatorClient({ ...keys, address, correlationId: io.correlationId });
  try {
    return await work(client, keys);
  } finally {
    client.close();
  }
}
