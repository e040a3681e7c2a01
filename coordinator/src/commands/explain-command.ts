import { bounds } from '@concordat/core';
import { conclude } from '@concordat/proto';
import type { Command } from 'commander';
import { readOperatorSettings } from '../configuration.js';
import { explainRound } from '../explain/explain-round.js';
import type { RoundStory, StoryLine } from '../explain/round-story.js';
import { withStoppedStore } from '../store/stopped-store.js';
import type { CommandIo } from './io.js';
import { type OperatorFlags, operatorOptions, withOperator } from './operator-session.js';
import { idValue, wholeNumberValue } from './option-values.js';

interface ExplainFlags extends OperatorFlags {
  readonly run: string;
  readonly round: string;
  readonly offline?: boolean;
}

/** `coordinator explain`. */
export function addExplainCommand(group: Command, io: CommandIo): void {
  operatorOptions(
    group
      .command('explain')
      .description(
        'What became of one round and why, from the journal: who was chosen, lost, signed, and what came of it.',
      ),
  )
    .requiredOption('--run <id>', 'id of the run', idValue)
    .requiredOption('--round <n>', 'number of the round', wholeNumberValue(1, bounds.roundsMax))
    .option('--offline', 'read the directory of a coordinator that does not run, or of a copy, instead of asking one')
    .action((flags: ExplainFlags) =>
      conclude(io, flags.json === true, async () => {
        const story = await storyFor(io, flags);
        return { data: story, lines: storyLines(story) };
      }),
    );
}

function storyFor(io: CommandIo, flags: ExplainFlags): Promise<RoundStory> {
  const { run, offline } = flags;
  const round = Number(flags.round);
  if (offline !== true) return withOperator(io, flags, (client) => client.explain(run, round));
  const { directory } = readOperatorSettings({ flags: { ...flags }, environment: io.environment });
  return withStoppedStore({ directory, environment: io.environment }, (store) => explainRound(store, run, round));
}

/** A story for people. */
export function storyLines({ run, round, outcome, told }: RoundStory): string[] {
  const untimed = told.every(({ at, event }) => at === undefined || event === 0);
  return [
    `round ${round} of run ${run}: ${outcome}${untimed ? '' : '; times are UTC'}`,
    ...told.map(toldLine),
    ...(untimed ? ['The journal of this round has no times: an earlier version wrote it.'] : []),
  ];
}

/** E.g. "  2026-03-01 12:30:07  certify: …"; milliseconds and zone are in `--json`. */
function toldLine({ at, text }: StoryLine): string {
  return `  ${at === undefined ? '' : `${at.slice(0, 10)} ${at.slice(11, 19)}  `}${text}`;
}
