import { reportCheck, reportShow } from '@concordat/node';
import { conclude } from '@concordat/proto';
import type { Command } from 'commander';
import { checkConfiguration } from '../check-configuration.js';
import { coordinatorSettings, resolveConfiguration } from '../configuration.js';
import type { CommandIo } from './io.js';
import { settingFlags } from './setting-flags.js';

interface ConfigFlags extends Readonly<Record<string, unknown>> {
  readonly origin?: true;
  readonly json?: true;
}

/** `coordinator config check` and `coordinator config show`. */
export function addConfigCommands(group: Command, io: CommandIo): void {
  const config = group.command('config').description('What is configured, where it comes from, what is wrong with it.');
  settingFlags(
    config.command('check').description('Name every problem of coordinator.yaml, flags, environment and files.'),
    coordinatorSettings,
  )
    .option('--json', 'print one envelope')
    .action((flags: ConfigFlags) => conclude(io, flags.json === true, () => check(io, flags)));
  settingFlags(
    config.command('show').description('Every setting and its value in force. Secrets are never read.'),
    coordinatorSettings,
  )
    .option('--origin', 'also where each value comes from')
    .option('--json', 'print one envelope')
    .action((flags: ConfigFlags) => conclude(io, flags.json === true, () => show(io, flags)));
}

async function check(io: CommandIo, flags: ConfigFlags) {
  const { files, problems } = await checkConfiguration({ flags, environment: io.environment });
  return reportCheck(files, problems, (line) => {
    if (flags.json !== true) io.stderr.write(`${line}\n`);
  });
}

async function show(io: CommandIo, flags: ConfigFlags) {
  const resolution = await resolveConfiguration({ flags, environment: io.environment });
  return reportShow(resolution, { origins: flags.origin === true, checkCommand: 'concordat coordinator config check' });
}
