import { resolve } from 'node:path';
import { toHex } from '@concordat/core';
import { nodeCrypto, spokenFingerprint, writeSecretFile } from '@concordat/node';
import { type Command, InvalidArgumentError } from 'commander';
import type { MembershipChange } from '../enrolment/enrolment.js';
import type { ParticipantRow } from '../transport/operator-client.js';
import type { CommandIo } from './io.js';
import { asOperator, type OperatorFlags, operatorOptions } from './operator-session.js';
import { idValue } from './option-values.js';

interface InviteFlags extends OperatorFlags {
  readonly organization?: string;
  readonly days?: number;
  readonly out?: string;
}

interface ParticipantsFlags extends OperatorFlags {
  readonly admit?: string;
  readonly fingerprint?: string;
}

/** `coordinator invite`, `participants`, and `participant suspend | reinstate | revoke | extend`. */
export function addParticipantCommands(group: Command, io: CommandIo): void {
  operatorOptions(group.command('invite').description('Write a one-time invitation file for one organization.'))
    .argument('<participant>', 'its id: a–z, 0–9 and hyphen', idValue)
    .option('--organization <name>', 'its name (default: the id)')
    .option('--days <days>', 'days until the invitation expires', days)
    .option('--out <file>', 'where to write it (default: <participant>.invitation.json)')
    .action((participant: string, flags: InviteFlags) =>
      asOperator(io, flags, async (client) => {
        const organization = flags.organization ?? participant;
        const invitation = await client.invite(participant, organization, (flags.days ?? 0) * 24 * 3_600_000);
        const file = resolve(flags.out ?? `${participant}.invitation.json`);
        // Whoever reads this file can enrol once in the organization's name.
        await writeSecretFile(file, invitation);
        return {
          data: { participant, organization, file },
          lines: [
            `Wrote ${file}. Hand it to ${organization} over a channel you trust; it works once.`,
            `Then they type: concordat participant enroll --invitation-file ${participant}.invitation.json --directory participant`,
          ],
        };
      }),
    );
  operatorOptions(group.command('participants').description('List who is invited, waiting and admitted; admit one.'))
    .option('--admit <participant>', 'take a waiting entry into the next roster epoch', idValue)
    .option('--fingerprint <fingerprint>', 'the fingerprint they read to you')
    .action((flags: ParticipantsFlags) =>
      asOperator(io, flags, async (client) => {
        if (flags.admit === undefined) return list(await client.participants());
        const { document } = await client.admit(flags.admit, flags.fingerprint ?? '');
        const rosterHash = toHex(nodeCrypto.sha256(document.body));
        return {
          data: { admitted: flags.admit, rosterHash },
          lines: [`Admitted ${flags.admit}. Roster ${rosterHash.slice(0, 16)}…`],
        };
      }),
    );
  const one = group.command('participant').description('Suspend, reinstate, revoke or extend one participant.');
  for (const [change, { description, said }] of Object.entries(changes)) {
    operatorOptions(one.command(change).description(description))
      .argument('<participant>', 'its id', idValue)
      .action((participant: string, flags: OperatorFlags) =>
        asOperator(io, flags, async (client) => {
          const { document } = await client.changeMembership(participant, change as MembershipChange);
          const rosterHash = toHex(nodeCrypto.sha256(document.body));
          return {
            data: { participant, change, rosterHash },
            lines: [`${participant} ${said} Roster ${rosterHash.slice(0, 16)}…`],
          };
        }),
      );
  }
}

const changes: Readonly<Record<MembershipChange, { readonly description: string; readonly said: string }>> = {
  suspend: {
    description: 'Leave it out until it is reinstated; whatever it has open ends at once.',
    said: 'is suspended and cut off; its client stops. To undo: participant reinstate.',
  },
  reinstate: {
    description: 'Take one that was suspended back, with the key and certificate it has.',
    said: 'is a member again; its client has to be started.',
  },
  revoke: {
    description: 'Leave it out for good; only a new invitation lets it in again. What it has open ends at once.',
    said: 'is revoked and cut off, for good.',
  },
  extend: {
    description: 'Let its entry in the roster count for 397 days from now.',
    said: 'is a member for 397 days from now; others may have to approve that.',
  },
};

function list(participants: readonly ParticipantRow[]) {
  const lines = participants.map(({ participant, organization, state, fingerprint, connected }) => {
    const said = fingerprint === '' ? '' : `  ${spokenFingerprint(fingerprint)}`;
    return `${connected ? '●' : '○'} ${participant} (${organization}): ${state}${said}`;
  });
  return {
    data: { participants },
    lines: lines.length === 0 ? ['Nobody is invited yet: concordat coordinator invite.'] : lines,
  };
}

function days(text: string): number {
  const value = /^\d{1,2}(\.\d{1,6})?$/.test(text) ? Number(text) : 0;
  if (value > 0 && value <= 90) return value;
  throw new InvalidArgumentError('a number of days above 0, at most 90');
}
