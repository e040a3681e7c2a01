import { resolve } from 'node:path';
import { configurationError, resolveSettings } from '@concordat/node';
import { conclude } from '@concordat/proto';
import type { Command } from 'commander';
import { type Overrides, storeLocation, storeSettings } from '../configuration.js';
import { type InitOptions, initConsortium } from '../init.js';
import type { CommandIo } from './io.js';
import { settingFlags } from './setting-flags.js';

interface InitFlags extends Readonly<Record<string, unknown>> {
  readonly consortium: string;
  readonly address: string;
  readonly listen?: string;
  readonly name: readonly string[];
  readonly operator: string;
  readonly json?: boolean;
}

/** `coordinator init DIRECTORY --consortium NAME --address HOST:PORT`. */
export function addInitCommand(group: Command, io: CommandIo): void {
  const command = group
    .command('init')
    .description('Found a consortium: root key, operator, TLS authority, coordinator, first roster.');
  settingFlags(command, storeSettings)
    .argument('<directory>', 'new or empty directory')
    .requiredOption('--consortium <name>', 'name of the consortium: a–z, 0–9 and hyphen')
    .option('--address <host:port>', 'what participants dial', '127.0.0.1:7443')
    .option('--listen <host>', 'interface to listen on (default: every one; the loopback for a loopback address)')
    .option('--name <name...>', 'further DNS names and IP addresses of the server', [])
    .option('--operator <id>', 'id of the first operator', 'operator')
    .option('--json', 'print one envelope')
    .action((directory: string, flags: InitFlags) =>
      conclude(io, flags.json === true, async () => {
        const host = flags.address.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
        const loopback = host === '127.0.0.1' || host === 'localhost' || host === '::1';
        const listenHost = flags.listen ?? (loopback ? host : '0.0.0.0');
        const { consortium, address, operator } = flags;
        const names = [host, ...flags.name];
        const made = await initConsortium({
          directory: resolve(directory),
          consortium,
          address,
          listenHost,
          names,
          operator,
          ...databaseOf(flags, io.environment),
        });
        return {
          data: made,
          lines: [
            `Consortium ${made.consortium} is founded in ${made.directory}.`,
            `Root fingerprint: ${made.spokenFingerprint}`,
            'Move root/ off this machine now: whoever holds it can replace the roster key.',
            'operator/ is for the operator, on any machine; coordinator/ stays here.',
            `Next: concordat coordinator start --directory ${directory}`,
          ],
        };
      }),
    );
}

/** The database that flags and environment name, with the lines of the file that say so. */
function databaseOf(
  flags: InitFlags,
  environment: NonNullable<Overrides['environment']>,
): Pick<InitOptions, 'database'> {
  const { values, effective, problems } = resolveSettings(storeSettings, { flags, environment });
  if (problems.length > 0) throw configurationError(problems, 'the same command again');
  const location = storeLocation(values);
  if (location === undefined) return {};
  const said = effective.filter(({ origin, value }) => origin.type !== 'default' && value !== undefined);
  const settings = Object.fromEntries(said.map(({ setting, value }) => [setting, String(value)]));
  return { database: { location, blobs: values.blobs, settings } };
}
