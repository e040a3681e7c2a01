import { configurationError, resolveSettings } from '@concordat/node';
import { conclude } from '@concordat/proto';
import type { Command } from 'commander';
import { identityOf } from '../configuration/identity-module.js';
import { lineOf } from '../configuration/proxy.js';
import { keySettings } from '../configuration/settings.js';
import { renewCertificate } from '../renewal.js';
import { requireExisting } from './existing-path.js';
import type { CommandIo } from './io.js';
import { settingFlags } from './setting-flags.js';

interface RenewFlags extends Readonly<Record<string, unknown>> {
  readonly json?: true;
}

/** `participant renew`: a new TLS certificate before the old one runs out. A client that runs renews its own. */
export function addRenewCommand(group: Command, io: CommandIo): void {
  settingFlags(
    group.command('renew').description('A new TLS key and certificate, before the old ones run out.'),
    keySettings,
  )
    .option('--json', 'print one envelope on stdout')
    .action((flags: RenewFlags) =>
      conclude(io, flags.json === true, async () => {
        const { values, problems } = resolveSettings(keySettings, { flags, environment: io.environment });
        if (problems.length > 0) throw configurationError(problems, 'concordat participant renew --help');
        const { directory } = values;
        requireExisting('--directory', directory, 'directory');
        const { signal, correlationId } = io;
        const line = await lineOf({ flags, environment: io.environment });
        const identity = await identityOf({ flags, environment: io.environment });
        const options = { directory, signal, correlationId, ...line, ...identity };
        const { participantId, expires } = await renewCertificate(options);
        return {
          data: { participant: participantId, expires },
          lines: [`${participantId} has a new certificate, valid until ${expires}.`],
        };
      }),
    );
}
