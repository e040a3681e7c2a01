import { FederatedError } from '@concordat/core';
import { type CommandResult, conclude, writeLine } from '@concordat/proto';
import { type Command, Option } from 'commander';
import { FederatedClient } from '../client.js';
import type { ClientEvent } from '../events.js';
import { type EngineName, engineNames } from '../trainer/engine.js';
import { eventJson, eventLine } from './event-line.js';
import type { CommandIo } from './io.js';

interface ServeOptions {
  readonly directory: string;
  readonly data: string;
  readonly policy?: string;
  readonly engine?: EngineName;
  readonly uploadBytesPerSecond?: string;
  readonly once?: true;
  readonly json?: true;
}

/** `participant serve`: take part until told to stop, or until one run has finished. */
export function addServeCommand(group: Command, io: CommandIo): void {
  group
    .command('serve')
    .description('Take part in the runs that the policy allows; records stay here.')
    .requiredOption('--directory <dir>', 'participant directory that enroll filled')
    .requiredOption('--data <dir>', 'directory with images.idx3-ubyte and labels.idx1-ubyte')
    .option('--policy <file>', 'policy file; policy.yaml in the participant directory unless said')
    .addOption(new Option('--engine <name>', 'only this training engine').choices([...engineNames]))
    .option('--upload-bytes-per-second <n>', 'send no faster than this')
    .option('--once', 'end when a run has finished')
    .option('--json', 'print events as JSON lines and one envelope on stdout')
    .action(async (options: ServeOptions) => {
      await conclude(io, options.json === true, () => serve(options, io));
    });
}

async function serve(options: ServeOptions, io: CommandIo): Promise<CommandResult> {
  let rounds = 0;
  const client = await FederatedClient.open({
    directory: options.directory,
    dataDirectory: options.data,
    ...(options.policy === undefined ? {} : { policyFile: options.policy }),
    ...(options.engine === undefined ? {} : { engine: options.engine }),
    ...rateOf(options.uploadBytesPerSecond),
    correlationId: io.correlationId,
    onEvent: (event) => {
      if (event.type === 'contributed' && event.included) rounds++;
      say(event, options, io);
    },
  });
  try {
    const end = await client.run({ signal: io.signal, once: options.once === true });
    const outcome = end?.outcome ?? 'stopped';
    return {
      data: { participant: client.participantId, outcome, roundsContributed: rounds },
      lines: [
        `${client.participantId} ${outcome === 'stopped' ? 'stopped' : `is done: the run is ${outcome}`}; contributed to ${rounds} rounds.`,
      ],
    };
  } finally {
    await client.close();
  }
}

function say(event: ClientEvent, options: ServeOptions, io: CommandIo): void {
  if (options.json === true) {
    writeLine(io, eventJson(event));
    return;
  }
  const line = eventLine(event);
  if (line !== undefined) io.stderr.write(`${line}\n`);
}

function rateOf(text: string | undefined): { readonly uploadBytesPerSecond?: number } {
  if (text === undefined) return {};
  const rate = /^\d{1,12}$/.test(text) ? Number(text) : 0;
  if (rate > 0) return { uploadBytesPerSecond: rate };
  throw new FederatedError(
    'invalid-argument',
    `--upload-bytes-per-second ${JSON.stringify(text.slice(0, 40))} is not a number of bytes above 0`,
  );
}
