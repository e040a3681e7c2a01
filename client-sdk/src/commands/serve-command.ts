import { FederatedError } from '@concordat/core';
import { markSeldom, minorCollection } from '@concordat/node';
import { type CommandResult, conclude, writeLine } from '@concordat/proto';
import type { Command } from 'commander';
import { FederatedClient } from '../client.js';
import { externalTrainerOf } from '../configuration/external-trainer.js';
import { identityOf } from '../configuration/identity-module.js';
import { proxyOf } from '../configuration/proxy.js';
import { participantSettings, readParticipantSettings } from '../configuration/settings.js';
import type { ClientEvent } from '../events.js';
import { serveDry } from './dry-run.js';
import { eventJson, eventLine } from './event-line.js';
import { requireExisting } from './existing-path.js';
import type { CommandIo } from './io.js';
import { planHashValue } from './plan-hash-value.js';
import { settingFlags } from './setting-flags.js';
import { threadOptions } from './thread-options.js';

interface ServeFlags extends Readonly<Record<string, unknown>> {
  readonly dryRun?: true;
  readonly plan?: Uint8Array;
  readonly json?: true;
}

/** `participant serve`: take part until told to stop, or until one run has finished. */
export function addServeCommand(group: Command, io: CommandIo): void {
  settingFlags(
    group.command('serve').description('Take part in the runs that the policy allows; records stay here.'),
    participantSettings,
  )
    .option(
      '--dry-run',
      'show what taking part would send, after training here: only questions are sent, nothing is kept',
    )
    .option('--plan <hash>', 'with --dry-run: which one (default: the one approved here last)', planHashValue)
    .option('--json', 'print events as JSON lines and one envelope on stdout')
    .action(async (flags: ServeFlags) => {
      await conclude(io, flags.json === true, () => serve(flags, io));
    });
}

async function serve({ dryRun, plan, ...flags }: ServeFlags, io: CommandIo): Promise<CommandResult> {
  const overrides = { flags, environment: io.environment };
  const settings = await readParticipantSettings(overrides);
  const { directory, data, policy, engine, nice, uploadBytesPerSecond, kernels, threads, standby, once } = settings;
  requireExisting('--directory', directory, 'directory');
  requireExisting('--data', data, 'directory');
  if (flags.policy !== undefined) requireExisting('--policy', policy, 'file');
  if (dryRun === true) return serveDry(settings, plan, { overrides, io });
  if (plan !== undefined) throw planWithoutDryRun();
  const external = externalTrainerOf(settings);
  const proxy = await proxyOf(settings, io.environment);
  const identity = await identityOf(overrides);
  let rounds = 0;
  // Nothing else is done in this process: here and in `collectGarbage`.
  markSeldom(5);
  const opening = FederatedClient.open({
    standby,
    signal: io.signal,
    directory,
    dataDirectory: data,
    policyFile: policy,
    ...(external === undefined ? threadOptions(engine, nice) : { external }),
    ...(uploadBytesPerSecond === undefined ? {} : { uploadBytesPerSecond }),
    kernels,
    threads,
    proxy,
    ...identity,
    correlationId: io.correlationId,
    collectGarbage: minorCollection(),
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

function planWithoutDryRun(): FederatedError {
  return new FederatedError('invalid-argument', '--plan goes with --dry-run', {
    detail: { required: '--dry-run', offered: '--plan alone' },
    fix: 'Leave it out: which runs a client takes part in is offered by the coordinator and decided by the policy.',
  });
}

function say(event: ClientEvent, flags: ServeFlags, io: CommandIo): void {
  if (flags.json === true) {
    writeLine(io, { at: new Date().toISOString(), ...eventJson(event) });
    return;
  }
  const line = eventLine(event);
  if (line !== undefined) io.stderr.write(`${line}\n`);
}
