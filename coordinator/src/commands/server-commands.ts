import { type ApprovalTally, FederatedError } from '@concordat/core';
import { markSeldom, serverCollection } from '@concordat/node';
import { conclude, writeLine } from '@concordat/proto';
import type { Command } from 'commander';
import { type Logger, pino } from 'pino';
import { completeConfiguration, coordinatorSettings, readSettings } from '../configuration.js';
import { Coordinator } from '../coordinator.js';
import type { Evaluator } from '../evaluator.js';
import { textLine } from '../observe/text-lines.js';
import type { RunStanding } from '../run/standing.js';
import type { CoordinatorStatus, RunStatus } from '../status.js';
import { isDeposed } from '../store/durable-writes.js';
import type { CommandIo } from './io.js';
import { asOperator, type OperatorFlags, operatorOptions } from './operator-session.js';
import { settingFlags } from './setting-flags.js';

/** Of messages that outlived collections, before everything is looked at. */
const oldBytesMax = 32 * 1024 * 1024;

interface StartFlags extends Readonly<Record<string, unknown>> {
  readonly newIncarnation?: boolean;
  readonly json?: boolean;
}

/** `coordinator start` and `coordinator status`. */
export function addServerCommands(group: Command, io: CommandIo): void {
  settingFlags(
    group.command('start').description('Serve until Ctrl-C or SIGTERM. Logs are lines on stderr.'),
    coordinatorSettings,
  )
    .option('--new-incarnation', 'the first start after `restore`: the run that was under way in the copy is over')
    .option('--json', 'print JSON lines')
    .action((flags: StartFlags) => conclude(io, flags.json === true, () => serve(io, flags)));
  operatorOptions(
    group.command('status').description('Who is connected, which run goes on, what was published.'),
  ).action((flags: OperatorFlags) =>
    asOperator(io, flags, async (client) => {
      const status = await client.status();
      return { data: status, lines: statusLines(status) };
    }),
  );
}

const stopped = { data: { stopped: true }, lines: ['Stopped.'] };

async function serve(io: CommandIo, flags: StartFlags) {
  const settings = await readSettings({ flags, environment: io.environment });
  const { directory, holdout } = settings;
  const configuration = await completeConfiguration(settings, io.environment);
  const evaluator = holdout === undefined ? undefined : await evaluatorOver(io, holdout);
  const log = pino(
    { level: configuration.logLevel, base: null },
    { write: (line: string) => void io.stderr.write(settings.logFormat === 'text' ? textLine(line) : line) },
  );
  // Nothing else is done in this process: here and in `collectGarbage`.
  markSeldom(2);
  const started = Coordinator.start({
    directory,
    configuration,
    log,
    collectGarbage: serverCollection(oldBytesMax),
    newIncarnation: flags.newIncarnation === true,
    signal: io.signal,
    onStandby: ({ port, leader }) => {
      if (flags.json === true) writeLine(io, { type: 'standby', port, leader, pid: process.pid });
      else
        io.stdout.write(`Standing by on port ${port}${leader === '' ? '' : `; the coordinator at ${leader} leads`}.\n`);
    },
    ...(evaluator === undefined ? {} : { evaluator }),
  });
  const coordinator = await started.catch((error: unknown) => {
    // Told to stop while it stood by.
    if (io.signal.aborted && isDeposed(error)) return undefined;
    throw error;
  });
  if (coordinator === undefined) return stopped;
  const { port, address, resumed } = coordinator;
  if (flags.json === true) writeLine(io, { type: 'listening', port, address, pid: process.pid, resumed });
  else {
    io.stdout.write(`Listening on port ${port}; participants dial ${address}.\n`);
    if (resumed !== undefined) {
      io.stdout.write(`Run ${resumed.run} goes on after model version ${resumed.modelVersion}.\n`);
    }
  }
  const noMore = io.onHangup?.(() => void reload(coordinator, log));
  const failure = await Promise.race([fired(io.signal), coordinator.failed]);
  noMore?.();
  await coordinator.stop();
  if (failure !== undefined) throw failure;
  return stopped;
}

async function reload(coordinator: Coordinator, log: Logger): Promise<void> {
  await coordinator.reloadCertificates().catch((error: unknown) => {
    log.error({ err: error }, 'the certificate files cannot be used; the old ones stay');
  });
}

function evaluatorOver(io: CommandIo, holdout: string): Promise<Evaluator> {
  if (io.makeEvaluator !== undefined) return io.makeEvaluator(holdout);
  throw new FederatedError('invalid-argument', 'a holdout needs a trainer, which this command was built without', {
    fix: 'Use the command `concordat`, which brings one, or configure no holdout.',
  });
}

function fired(signal: AbortSignal): Promise<undefined> {
  if (signal.aborted) return Promise.resolve(undefined);
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }));
}

function statusLines(status: CoordinatorStatus): string[] {
  const connected = status.participants.filter((one) => one.connected).length;
  return [
    `${status.consortium}: ${status.state}, roster epoch ${status.rosterEpoch}, ${connected} of ${status.participants.length} participants connected`,
    ...status.participants.map(
      ({ participant, organization, connected: here }) => `  ${here ? '●' : '○'} ${participant} (${organization})`,
    ),
    ...status.runs.flatMap(({ run, state, modelVersion, reason, standing, approvals, possible, releases }) => [
      `run ${run}: ${state}, model version ${modelVersion}${reason === '' ? '' : `: ${reason}`}`,
      ...(standing === undefined ? [] : [standingLine(standing)]),
      ...(approvals === undefined ? [] : approvalsLines(approvals)),
      ...(possible.length === 0 ? [] : [`  you may: ${possible.map((command) => `concordat ${command}`).join('; ')}`]),
      ...releases.map(releaseLine),
    ]),
    status.privacy,
  ];
}

/** E.g. "  round 3, upload: waiting for 2 of 5 (beta, delta), 8 s; then the round goes on with 3 ≥ T = 3". */
function standingLine({ round, phase, waiting }: RunStanding): string {
  return `  round ${round}, ${phase}${waiting === undefined ? '' : `: ${waiting.text}`}`;
}

/** E.g. "  approvals: 3, at least 4 are asked for; refused: gamma (cohort.min); nothing yet of delta"; none where nobody is waited for or refused. */
function approvalsLines({ required, approved, refused, awaited }: ApprovalTally): string[] {
  if (required === 0 && refused.length === 0) return [];
  const asked = required === 0 ? '' : `, at least ${required} are asked for`;
  const said = refused.map(({ participant, rule }) => `${participant} (${rule})`).join(', ');
  const no = refused.length === 0 ? '' : `; refused: ${said}`;
  const none = awaited.length === 0 ? '' : `; nothing yet of ${awaited.join(', ')}`;
  return [`  approvals: ${approved.length}${asked}${no}${none}`];
}

/** E.g. "  round 3: model 3 released with 4 of 5 signatures". */
function releaseLine(release: RunStatus['releases'][number]): string {
  const { round, modelVersion, signed, of, threshold, released, disputed, groups = [] } = release;
  const what = modelVersion === 0 ? 'its sum' : `model ${modelVersion}`;
  const stand = released
    ? `${what} released with ${signed.length} of ${of} signatures`
    : `${what} not released: ${signed.length} of ${of} signed, ${threshold} are needed`;
  const lacking = released ? [] : groups.filter((one) => one.signed.length < one.threshold);
  const short = lacking.map(
    ({ group, signed: have, threshold: need }) => `group ${group}: ${have.length} of the ${need} needed`,
  );
  const disputes = disputed.map(
    ({ participant, group, rule, chunk, lane }) =>
      `DISPUTED by ${participant} (${group === undefined ? '' : `group ${group}, `}${rule}, chunk ${chunk}, lane ${lane})`,
  );
  return `  round ${round}: ${[stand, ...short, ...disputes].join('; ')}`;
}
