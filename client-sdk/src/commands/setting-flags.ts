import { type Settings, settingOptions } from '@concordat/node';
import type { Command } from 'commander';

/** Add a flag for every setting that has one. Values stay text: settings are checked together with environment and file. */
export function settingFlags(command: Command, settings: Settings): Command {
  for (const { flags, description } of settingOptions(settings)) command.option(flags, description);
  return command;
}
