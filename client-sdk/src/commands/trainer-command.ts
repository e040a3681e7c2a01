import { FederatedError } from '@concordat/core';
import { systemClock } from '@concordat/node';
import { type CommandResult, conclude } from '@concordat/proto';
import type { Command } from 'commander';
import { externalTrainerOf } from '../configuration/external-trainer.js';
import { readTrainerSettings, trainerSettings } from '../configuration/settings.js';
import { denseNetwork, type LayersModel } from '../model/dense-network.js';
import { readTfjsDirectory } from '../model/tfjs-directory.js';
import { readPolicy } from '../policy/policy.js';
import { createExternalTrainer, type TrainerStatus } from '../trainer/external/external-trainer.js';
import { saidBy, trainerLine } from './event-line.js';
import { requireExisting } from './existing-path.js';
import type { CommandIo } from './io.js';
import { settingFlags } from './setting-flags.js';

interface CheckFlags extends Readonly<Record<string, unknown>> {
  readonly model?: string;
  readonly json?: true;
}

/** One pass in batches of 32, with a rate that moves every weight a little. */
const task = {
  loss: 'categoricalCrossentropy',
  optimizer: { name: 'sgd', learningRate: 0.05 },
  batchSize: 32,
  epochs: 1,
} as const;

/** `participant trainer check`: start a trainer in a process of its own, and let it do one task. */
export function addTrainerCommands(group: Command, io: CommandIo): void {
  const trainer = group
    .command('trainer')
    .description('The trainer in a process of its own that participant.yaml names.');
  settingFlags(
    trainer
      .command('check')
      .description('Start it, let it do one task, print what it says; nothing is sent, no policy is asked.'),
    trainerSettings,
  )
    .option(
      '--model <directory>',
      'a tfjs model to train; unless said, one layer of zeros from 784 inputs to 10 classes',
    )
    .option('--json', 'print one envelope on stdout')
    .action((flags: CheckFlags) => conclude(io, flags.json === true, () => check(flags, io)));
}

async function check(flags: CheckFlags, io: CommandIo): Promise<CommandResult> {
  const settings = await readTrainerSettings({ flags, environment: io.environment });
  const external = externalTrainerOf(settings);
  requireExisting('--directory', settings.directory, 'directory');
  requireExisting('--data', settings.data, 'directory');
  if (external === undefined) {
    throw new FederatedError('invalid-argument', 'no trainer in a process of its own is named', {
      fix: 'Set trainer.launch or trainer.attach in participant.yaml, or give --trainer-launch or --trainer-attach.',
    });
  }
  const { topology: model, tensors: weights } =
    flags.model === undefined ? zeroModel() : await readTfjsDirectory(flags.model);
  const onStatus = (status: TrainerStatus): void => say(io, flags, trainerLine(status));
  const trainer = await createExternalTrainer({
    ...external,
    data: settings.data,
    participant: 'check',
    environment: io.environment,
    onStatus,
  });
  try {
    const { signal } = io;
    const startedAt = systemClock.monotonicMillis();
    const onProgress = ({ step, steps }: { step: number; steps: number }): void =>
      say(io, flags, `Step ${step} of ${steps}.`);
    const asked = { model, weights, task, round: 1, seed: 'check', signal, onProgress };
    const fitted = await trainer.fit(asked).catch((error: unknown) => {
      if (error instanceof FederatedError && error.detail.rule === 'trainer.refused')
        say(io, flags, saidBy(error).trim());
      throw error;
    });
    const seconds = (systemClock.monotonicMillis() - startedAt) / 1000;
    const { metrics } = await trainer.evaluate({ model, weights: fitted.weights, loss: task.loss, signal });
    const norm = distance(weights, fitted.weights);
    const { engine, kernels, why } = trainer.describe();
    const allowed = (await readPolicy(settings.policy))?.externalTrainers === 'allowed';
    const measured = Object.entries(metrics).map(([name, value]) => `${name} ${value.toFixed(4)}`);
    return {
      data: { trainer: { engine, kernels, why }, examples: fitted.examples, seconds, norm, metrics, allowed },
      lines: [
        `${engine} (${kernels}), ${why}: trained on ${fitted.examples} examples in ${seconds.toFixed(1)} s; the weights moved by ${norm.toFixed(4)}.`,
        measured.length === 0 ? 'It measures nothing.' : `On its holdout: ${measured.join(', ')}.`,
        allowed
          ? 'The policy allows it.'
          : 'The policy does not allow it yet: set "externalTrainers: allowed" in policy.yaml.',
      ],
    };
  } finally {
    await trainer.close();
  }
}

function zeroModel(): LayersModel {
  const { topology, tensors } = denseNetwork({ inputs: 784, hidden: [], classes: 10, seed: 'check' });
  return { topology, tensors: tensors.map((tensor) => ({ ...tensor, values: tensor.values.map(() => 0) })) };
}

/** The L2 norm of the difference. */
function distance(a: LayersModel['tensors'], b: LayersModel['tensors']): number {
  let sum = 0;
  a.forEach(({ values }, i) => {
    values.forEach((value, k) => {
      sum += (b[i]!.values[k]! - value) ** 2;
    });
  });
  return Math.sqrt(sum);
}

function say(io: CommandIo, flags: CheckFlags, line: string): void {
  if (flags.json !== true) io.stderr.write(`${line}\n`);
}
