import type { Command } from 'commander';
import { badArguments } from './envelope.js';
import { CommandFailure } from './failure.js';
import type { CommandIo } from './io.js';

/** One of the packages behind the command. Loaded only when its group is asked for: a participant needs no coordinator. */
export interface Door {
  readonly group: string;
  readonly summary: string;
  /** @throws CommandFailure that names the package when it is not installed. */
  register(program: Command, io: CommandIo): Promise<void>;
}

export const doors: readonly Door[] = [
  {
    group: 'coordinator',
    summary: 'Found a consortium and run its coordinator.',
    async register(program, io) {
      (await openCoordinator()).registerCoordinatorCommands(program, { ...io, makeEvaluator });
    },
  },
  {
    group: 'participant',
    summary: 'Take part for one organization: its records stay, masked updates leave.',
    async register(program, io) {
      (await openClientSdk()).registerParticipantCommands(program, io);
    },
  },
  {
    group: 'approver',
    summary: 'Decide on plans for an organization, with a key of your own.',
    async register(program, io) {
      (await openClientSdk()).registerApproverCommands(program, io);
    },
  },
  {
    group: 'explain',
    summary: 'What an error code means, what to do, and which rules carry it.',
    async register(program, io) {
      (await openClientSdk()).registerExplainCommand(program, io);
    },
  },
  {
    group: 'sim',
    summary: 'Simulate many participants in virtual time.',
    async register(program, io) {
      (await required('@concordat/sim', () => import('@concordat/sim'))).registerSimCommands(program, io);
    },
  },
];

/** @throws CommandFailure when it is not installed. */
export function openCoordinator() {
  return required('@concordat/coordinator', () => import('@concordat/coordinator'));
}

/** @throws CommandFailure when it is not installed. */
export function openClientSdk() {
  return required('@concordat/client-sdk', () => import('@concordat/client-sdk'));
}

/** The coordinator has no training library: models are measured by the SDK's trainer, in a worker. */
async function makeEvaluator(holdoutDirectory: string) {
  return (await openClientSdk()).createEvaluator({ directory: holdoutDirectory });
}

async function required<Package>(name: string, load: () => Promise<Package>): Promise<Package> {
  try {
    return await load();
  } catch (error) {
    // A package that is there but lacks one of its own is broken, not missing.
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'ERR_MODULE_NOT_FOUND' || !(error as Error).message.includes(`'${name}'`)) throw error;
    throw new CommandFailure(`this command needs the package ${name}, which is not installed`, {
      code: 'invalid-argument',
      exitCode: badArguments,
      fix: `Install it: npm install ${name}`,
    });
  }
}
