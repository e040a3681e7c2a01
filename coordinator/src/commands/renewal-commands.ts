import { resolve } from 'node:path';
import { conclude } from '@concordat/proto';
import type { Command } from 'commander';
import { readOperatorSettings } from '../configuration.js';
import { consortiumFiles, consortiumPath } from '../consortium-files.js';
import { renewOperatorCertificate } from '../renewal/operator-certificate.js';
import { renewRosterKeyCertificate } from '../renewal/roster-key-certificate.js';
import { renewServerCertificate } from '../renewal/server-certificate.js';
import type { CommandIo } from './io.js';
import { asOperator, type OperatorFlags, operatorOptions } from './operator-session.js';

interface ServerFlags {
  readonly directory?: string;
  readonly name?: readonly string[];
  readonly json?: boolean;
}

interface RosterKeyFlags {
  readonly directory?: string;
  readonly certificate?: string;
  readonly out?: string;
  readonly json?: boolean;
}

/** `coordinator renew-certificate`, `renew-operator` and `renew-roster-key`. */
export function addRenewalCommands(group: Command, io: CommandIo): void {
  group
    .command('renew-certificate')
    .description("A new TLS key and certificate for the coordinator, by the consortium's TLS authority.")
    .option('--directory <directory>', "the consortium's directory, with coordinator/ in it")
    .option('--name <name...>', 'DNS names and IP addresses instead of those of the old one')
    .option('--json', 'print one envelope')
    .action((flags: ServerFlags) =>
      conclude(io, flags.json === true, async () => {
        const renewal = {
          directory: directoryOf(io, flags),
          ...(flags.name === undefined ? {} : { names: flags.name }),
        };
        const { names, expires } = await renewServerCertificate(renewal);
        return {
          data: { names, expires: isoTime(expires) },
          lines: [
            `The coordinator has a new certificate for ${names.join(', ')}, valid until ${isoTime(expires)}.`,
            'A running coordinator shows it within a minute, or at once when it is sent SIGHUP. Open connections stay.',
          ],
        };
      }),
    );
  operatorOptions(
    group
      .command('renew-operator')
      .description('A new TLS key and certificate for the operator, before the old one runs out.'),
  ).action((flags: OperatorFlags) =>
    asOperator(io, flags, async (client, keys) => {
      const expires = await renewOperatorCertificate({ directory: directoryOf(io, flags), client, keys });
      return {
        data: { operator: keys.operator, expires: isoTime(expires) },
        lines: [`Operator ${keys.operator} has a new certificate, valid until ${isoTime(expires)}.`],
      };
    }),
  );
  group
    .command('renew-roster-key')
    .description('Certify the roster key with the root for 90 days more. Runs where root/ is, without a network.')
    .option('--directory <directory>', 'with root/ in it')
    .option('--certificate <file>', 'the old certificate (default: coordinator/roster-key-certificate.json in it)')
    .option('--out <file>', 'where to write the new one (default: the same file)')
    .option('--json', 'print one envelope')
    .action((flags: RosterKeyFlags) =>
      conclude(io, flags.json === true, async () => {
        const directory = directoryOf(io, flags);
        const usual = consortiumPath(directory, consortiumFiles.coordinator.rosterKeyCertificate);
        const certificateFile = resolve(flags.certificate ?? usual);
        const out = resolve(flags.out ?? certificateFile);
        const expires = await renewRosterKeyCertificate({ directory, certificateFile, out });
        return {
          data: { file: out, expires: isoTime(expires) },
          lines: [
            `Wrote ${out}: the roster key is certified until ${isoTime(expires)}.`,
            'Put it into coordinator/ as roster-key-certificate.json. A running coordinator takes it within a minute, or at once when it is sent SIGHUP.',
          ],
        };
      }),
    );
}

function directoryOf(io: CommandIo, { directory }: { readonly directory?: string }): string {
  const flags = directory === undefined ? {} : { directory };
  return readOperatorSettings({ flags, environment: io.environment }).directory;
}

function isoTime(millis: number): string {
  return new Date(millis).toISOString();
}
