import { printable } from '@concordat/core';
import { type CommandResult, describeError } from '@concordat/proto';
import { roleText } from '../approval/standing.js';
import { externalTrainerOf } from '../configuration/external-trainer.js';
import { identityOf } from '../configuration/identity-module.js';
import { lineOf } from '../configuration/proxy.js';
import type { Overrides, ParticipantSettings } from '../configuration/settings.js';
import { type DryRun, type DryTraining, dryRun } from '../dry-run/dry-run.js';
import type { ForecastMessage } from '../dry-run/forecast.js';
import type { RuleResult } from '../policy/evaluate-policy.js';
import type { CommandIo } from './io.js';
import { threadOptions } from './thread-options.js';

/** `participant serve --dry-run`: what taking part would be like, with nothing of it done. */
export async function serveDry(
  settings: ParticipantSettings,
  planHash: Uint8Array | undefined,
  { overrides, io }: { readonly overrides: Overrides; readonly io: CommandIo },
): Promise<CommandResult> {
  const { directory, data, policy, engine, nice, kernels } = settings;
  const external = externalTrainerOf(settings);
  const { signal, correlationId } = io;
  return resultOf(
    await dryRun({
      directory,
      planHash,
      policyFile: policy,
      dataDirectory: data,
      ...(external === undefined ? threadOptions(engine, nice) : { external }),
      kernels,
      signal,
      correlationId,
      ...(await lineOf(overrides)),
      ...(await identityOf(overrides)),
    }),
  );
}

function resultOf(found: DryRun): CommandResult {
  const { participantId, plan, planHash, proposer, rules, standing, bars, training, messages, ...rest } = found;
  const failed = rules.filter(({ passed }) => !passed);
  return {
    data: {
      participant: participantId,
      planHash,
      proposer,
      run: plan.run,
      allowed: failed.length === 0,
      rules,
      approvals: standing?.roles ?? [],
      bars: bars.map(describeError),
      training: training.outcome === 'refused' ? { ...training, error: describeError(training.error) } : training,
      messages,
      ...rest,
    },
    lines: [
      `Plan ${planHash} for run ${plan.run}, proposed by ${proposer}. Roster, plan and model are verified.`,
      `Your policy and your records, rule by rule (${rules.length - failed.length} of ${rules.length} hold):`,
      ...rules.map(ruleLine),
      ...(standing?.roles ?? []).map((one) => `  approval of ${roleText(one)}`),
      trainingLine(training),
      ...bars.map(({ message, fix }) => `Nothing of it would leave now: ${message}. ${fix}`),
      ...messageLines(found),
      `This was a dry run: ${count(rest.questionBytes)} bytes of questions for roster, plan and model were sent, nothing was signed, and nothing is kept.`,
    ].map(printable),
  };
}

function ruleLine({ rule, passed, required, offered, fix }: RuleResult): string {
  const said = `${rule}: requires ${required === '' ? 'nothing' : required}; offered ${offered}`;
  return passed ? `  ok       ${said}` : `  REFUSED  ${said}. ${fix}`;
}

function trainingLine(training: DryTraining): string {
  switch (training.outcome) {
    case 'trained': {
      const { examples, engine, seconds, metrics } = training;
      const measured = Object.entries(metrics).map(([name, value]) => `, ${name} ${value.toPrecision(3)} before`);
      return `Trained here with ${engine}, on ${count(examples)} examples in ${seconds.toFixed(1)} s${measured.join('')}; the update is forgotten again.`;
    }
    case 'refused':
      return `Training was refused: ${training.error.message}. ${training.error.fix}`;
    case 'not-trained':
      return 'Nothing was trained: what is refused above is not trained for.';
  }
}

function messageLines({ messages, members, wouldContribute }: DryRun): string[] {
  const isDecline = messages.some(({ kind }) => kind === 'decline');
  const head = isDecline
    ? 'A client would say that it does not take part:'
    : `${wouldContribute ? 'A client would send' : 'Without that a client would send'}, at most, with ${members} members in a session:`;
  const inEvaluation = messages.filter(({ per }) => per === 'evaluation');
  return [
    head,
    ...messages.filter(({ per }) => per !== 'evaluation').map(messageLine),
    ...(isDecline
      ? []
      : [`  ${count(bytesOf(messages, 'round'))} bytes in a round, beside framing, encryption and questions.`]),
    ...(inEvaluation.length === 0
      ? []
      : [
          `  After the last round once more the same, to measure the model: ${count(bytesOf(messages, 'evaluation'))} bytes, with the metrics alone under the masks.`,
        ]),
  ];
}

function bytesOf(messages: readonly ForecastMessage[], which: ForecastMessage['per']): number {
  return messages.filter(({ per }) => per === which).reduce((sum, { bytes }) => sum + bytes, 0);
}

function messageLine({ kind, per, bytes, masked }: ForecastMessage): string {
  const of = masked ? ', masked: nobody can read one alone' : '';
  return `  ${kind}: once a ${per}, ${count(bytes)} bytes${of}`;
}

function count(value: number): string {
  return value.toLocaleString('en');
}
