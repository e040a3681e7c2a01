import { type CommandResult, conclude, writeLine } from '@concordat/proto';
import type { Command } from 'commander';
import { FederatedClient } from '../client.js';
import { participantSettings, readParticipantSettings } from '../configuration/settings.js';
import type { ClientEvent } from '../events.js';
import { eventJson, eventLine } from './event-line.js';
import { requireExisting } from './existing-path.js';
import type { CommandIo } from './io.js';
import { settingFlags } from './setting-flags.js';

interface ServeFlags extends Readonly<Record<string, unknown>> {
  readonly json?: true;
}

/** `participant serve`: take part until told to stop, or until one run has finished. */
export function addServeCommand(group: Command, io: CommandIo): void {
  settingFlags(
    group.command('serve').description('Take part in the runs that the policy allows; records stay here.'),
    participantSettings,
  )
    .option('--json', 'print events as JSON lines and one envelope on stdout')
    .action(async (flags: ServeFlags) => {
      await conclude(io, flags.json === true, () => serve(flags, io));
    });
}

async function serve(flags: ServeFlags, io: CommandIo): Promise<CommandResult> {
  const settings = await readParticipantSettings({ flags, environment: io.environment });
  const { directory, data, policy, engine, uploadBytesPerSecond, kernels, threads, standby, once } = settings;
  requireExisting('--directory', directory, 'directory');
  requireExisting('--data', data, 'directory');
  if (flags.policy !== undefined) requireExisting('--policy', policy, 'file');
  let rounds = 0;
  const opening = FederatedClient.open({
    standby,
    signal: io.signal,
    directory,
    dataDirectory: data,
    policyFile: policy,
    ...(engine === undefined ? {} : { engine }),
    ...(uploadBytesPerSecond === undefined ? {} : { uploadBytesPerSecond }),
    kernels,
    threads,
    correlationId: io.correlationId,
    onEvent: (event) => {
      if (event.type === 'contributed' && event.included) rounds++;
      say(event, flags, io);
    },
  });
  const client = await opening.catch((error: unknown) => {
    if (standby && io.signal.aborted) return undefined;
    throw error;
  });
  if (client === undefined) {
    return { data: { outcome: 'stopped', roundsContributed: 0 }, lines: ['Stopped while standing by.'] };
  }
  try {
    const end = await client.run({ signal: io.signal, once });
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

function say(event: ClientEvent, flags: ServeFlags, io: CommandIo): void {
  if (flags.json === true) {
    writeLine(io, { at: new Date().toISOString(), ...eventJson(event) });
    return;
  }
  const line = eventLine(event);
  if (line !== undefined) io.stderr.write(`${line}\n`);
}
