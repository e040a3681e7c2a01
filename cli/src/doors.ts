import type { Command } from 'commander';
import type { CommandIo } from './io.js';

/** One of the packages behind the command. Loaded only when its group is asked for: a participant needs no coordinator. */
export interface Door {
  readonly group: string;
  readonly package: string;
  readonly summary: string;
  register(program: Command, io: CommandIo): Promise<void>;
}

export const doors: readonly Door[] = [
  {
    group: 'coordinator',
    package: '@concordat/coordinator',
    summary: 'Found a consortium and run its coordinator.',
    async register(program, io) {
      (await import('@concordat/coordinator')).registerCoordinatorCommands(program, { ...io, makeEvaluator });
    },
  },
  {
    group: 'participant',
    package: '@concordat/client-sdk',
    summary: 'Take part for one organization: its records stay, masked updates leave.',
    async register(program, io) {
      (await import('@concordat/client-sdk')).registerParticipantCommands(program, io);
    },
  },
  {
    group: 'sim',
    package: '@concordat/sim',
    summary: 'Simulate many participants in virtual time.',
    async register(program, io) {
      (await import('@concordat/sim')).registerSimCommands(program, io);
    },
  },
];

/** The coordinator has no training library: models are measured by the SDK's trainer, in a worker. */
async function makeEvaluator(holdoutDirectory: string) {
  return (await import('@concordat/client-sdk')).createEvaluator({ directory: holdoutDirectory });
}

/** Whether `error` says that the door's own package is not installed, rather than that it is broken. */
export function isMissing(error: unknown, door: Door): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return error.code === 'ERR_MODULE_NOT_FOUND' && error.message.includes(`'${door.package}'`);
}
