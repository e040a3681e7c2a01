import { conclude, writeLine } from '@concordat/proto';
import type { Command } from 'commander';
import type { ProgressEvent } from '../run/progress.js';
import { addForkCommand } from './fork-command.js';
import type { CommandIo } from './io.js';
import { asOperator, type OperatorFlags, operatorOptions, withOperator } from './operator-session.js';
import { idValue, planHashValue, wholeNumberValue } from './option-values.js';
import { progressLine } from './progress-line.js';

interface StartFlags extends OperatorFlags {
  readonly plan: Uint8Array;
  readonly run: string;
}

interface ReasonFlags extends OperatorFlags {
  readonly run: string;
  readonly reason: string;
}

interface WatchFlags extends OperatorFlags {
  readonly run?: string;
  readonly from?: string;
}

/** `coordinator run start`, `run pause`, `run resume`, `run end`, `run fork` and `run watch`. */
export function addRunCommands(group: Command, io: CommandIo): void {
  const run = group.command('run').description('One execution of a plan.');
  operatorOptions(run.command('start').description('Start the run a plan is for. The same call again is the same run.'))
    .requiredOption('--plan <hash>', 'hash that plan propose printed', planHashValue)
    .requiredOption('--run <id>', 'id of the run, as in the plan', idValue)
    .action((flags: StartFlags) =>
      asOperator(io, flags, async (client) => {
        const runId = await client.startRun(flags.plan, flags.run);
        return {
          data: { run: runId },
          lines: [`Run ${runId} has started.`, `Next: concordat coordinator run watch --run ${runId}`],
        };
      }),
    );
  operatorOptions(
    run.command('end').description('End a run before its last round. Again: at once, without waiting for its members.'),
  )
    .requiredOption('--run <id>', 'id of the run', idValue)
    .option('--reason <text>', 'why, for everybody who takes part', 'ended by the operator')
    .action((flags: ReasonFlags) =>
      asOperator(io, flags, async (client) => {
        const { run: runId, reason } = flags;
        const over = await client.endRun(runId, reason);
        return {
          data: { run: runId, reason, over },
          lines: [
            over
              ? `Run ${runId} is over.`
              : `Run ${runId} ends. Members of its open session are asked to abort it, for a step's time; the same command again does not wait.`,
            'Whoever signed survivors on its model contributes to that model no more, unless its session was aborted.',
          ],
        };
      }),
    );
  operatorOptions(run.command('pause').description('Let no other round begin; the round under way goes on to its end.'))
    .requiredOption('--run <id>', 'id of the run', idValue)
    .option('--reason <text>', 'why, for everybody who watches or takes part', 'paused by the operator')
    .action((flags: ReasonFlags) =>
      asOperator(io, flags, async (client) => {
        const { run: runId, reason } = flags;
        const paused = await client.pauseRun(runId, reason);
        return {
          data: { run: runId, reason, paused },
          lines: [
            paused ? `Run ${runId} is paused.` : `Run ${runId} pauses after the round under way.`,
            `To go on: concordat coordinator run resume --run ${runId}`,
          ],
        };
      }),
    );
  operatorOptions(run.command('resume').description('Go on with a run that is paused, or will be after this round.'))
    .requiredOption('--run <id>', 'id of the run', idValue)
    .action((flags: OperatorFlags & { readonly run: string }) =>
      asOperator(io, flags, async (client) => {
        await client.resumeRun(flags.run);
        return { data: { run: flags.run }, lines: [`Run ${flags.run} goes on.`] };
      }),
    );
  addForkCommand(run, io);
  operatorOptions(run.command('watch').description('Follow a run to its end; with --json one event per line.'))
    .option('--run <id>', 'id of the run (default: the one going on)', idValue)
    .option('--from <sequence>', 'first event wanted', wholeNumberValue(0, Number.MAX_SAFE_INTEGER), '1')
    .action((flags: WatchFlags) => watch(io, flags));
}

/** Streams events; the closing envelope comes only for an error, so that every line of `--json` is one event. */
async function watch(io: CommandIo, flags: WatchFlags): Promise<void> {
  let last: ProgressEvent | undefined;
  const follow = () =>
    withOperator(io, flags, async (client) => {
      const runId = flags.run ?? (await client.status()).current?.run ?? 'none';
      await client.watch(
        runId,
        Number(flags.from ?? 1),
        ({ sequence, event }) => {
          last = event;
          if (flags.json === true) writeLine(io, { sequence, ...event });
          else for (const line of progressLine(event)) io.stdout.write(`${line}\n`);
        },
        io.signal,
      );
    });
  const failed = await follow().then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  if (failed !== undefined) {
    await conclude(io, flags.json === true, () => Promise.reject(failed.error));
    return;
  }
  if (last?.type === 'finished' && last.outcome === 'aborted') io.exit(1);
}
