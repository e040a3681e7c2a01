import type { DemoFolder } from './folder.js';
import type { DemoOptions } from './options.js';
import { bytesText, type DemoView, percent } from './view.js';

/** What the demo's envelope says: data of the last line on stdout. */
export interface DemoResult {
  /** Of the last model, on the operator's holdout. */
  readonly finalAccuracy: number;
  readonly rounds: readonly {
    readonly round: number;
    readonly accuracy: number | null;
    readonly cohort: readonly string[];
    readonly survivors: readonly string[];
    readonly dropped: readonly {
      readonly participant: string;
      readonly step: string;
      readonly bytesReceived: number;
      readonly bytesExpected: number;
    }[];
    readonly recovered: readonly string[];
    readonly uploadBytes: number;
    readonly downloadBytes: number;
    readonly seconds: number;
  }[];
  /** Means of the last model over the organizations' own holdouts; empty when it was not measured there. */
  readonly holdouts: NonNullable<DemoView['holdouts']>;
  readonly participants: readonly {
    readonly id: string;
    readonly pid: number;
    readonly examples: number;
    readonly labels: readonly number[];
    readonly roundsContributed: number;
  }[];
  readonly modelDirectory: string;
  readonly safetensors: string;
}

/** Gather the result from what was seen. */
export function resultOf(view: DemoView, result: Pick<DemoFolder, 'resultModel' | 'resultSafetensors'>): DemoResult {
  const accuracies = view.finished.map(({ accuracy }) => accuracy).filter((accuracy) => accuracy !== undefined);
  return {
    finalAccuracy: accuracies.at(-1) ?? 0,
    rounds: view.finished.map(({ accuracy, phases: _, published: __, dropped, ...round }) => ({
      ...round,
      accuracy: accuracy ?? null,
      dropped: dropped.map(({ participant, step, bytesReceived, bytesExpected }) => ({
        participant,
        step,
        bytesReceived,
        bytesExpected,
      })),
    })),
    holdouts: view.holdouts ?? [],
    participants: view.participants.map(({ id, pid, examples, labels, roundsContributed }) => ({
      id,
      pid: pid ?? 0,
      examples,
      labels,
      roundsContributed,
    })),
    modelDirectory: result.resultModel,
    safetensors: result.resultSafetensors,
  };
}

/** The end of the demo in prose. */
export function closingLines(view: DemoView, result: DemoResult, seconds: number): string[] {
  const total = (pick: (round: DemoResult['rounds'][number]) => number) =>
    result.rounds.reduce((sum, round) => sum + pick(round), 0);
  return [
    '',
    'accuracy by round, on 10,000 images that no organization trained on:',
    ...result.rounds.map(
      ({ round, accuracy, survivors }) =>
        `  ${String(round).padStart(3)}  ${accuracy === null ? 'not evaluated' : percent(accuracy).padStart(8)}  ${survivors.join(', ')}`,
    ),
    ...result.holdouts.filter(({ name }) => name === 'accuracy').map(holdoutLine),
    '',
    `rounds contributed: ${result.participants.map(({ id, roundsContributed }) => `${id} ${roundsContributed}`).join(', ')}`,
    `bytes: ${bytesText(total(({ uploadBytes }) => uploadBytes))} up, ${bytesText(total(({ downloadBytes }) => downloadBytes))} down`,
    `time by phase: ${phaseTimes(view)}`,
    `all in all ${seconds.toFixed(0)} s`,
    '',
    "The coordinator saw sums of masked updates, never one organization's update, weight or metric.",
    'There is no differential privacy guarantee: what the sums and the models themselves tell is not limited.',
    '',
    `model (tfjs):        ${result.modelDirectory}`,
    `model (safetensors): ${result.safetensors}`,
  ];
}

function holdoutLine({ mean, participants }: DemoResult['holdouts'][number]): string {
  return `the last model, on what ${participants} organizations keep from training: ${percent(mean)} on average; only that mean left them`;
}

function phaseTimes(view: DemoView): string {
  const totals = new Map<string, number>();
  for (const { phases } of view.finished) {
    for (const [phase, seconds] of Object.entries(phases)) totals.set(phase, (totals.get(phase) ?? 0) + seconds);
  }
  return [...totals].map(([phase, seconds]) => `${phase} ${seconds.toFixed(1)} s`).join(', ');
}

/** What a person can do next. */
export function howToGoOn(options: DemoOptions): string[] {
  return [
    '',
    ...(options.keep === undefined
      ? ['To keep everything and start it again by hand: npm run demo -- --keep DIR']
      : [`Everything is in ${options.keep}; its README.md names every file and how to start it again.`]),
    'To embed a participant in a service, or to operate a coordinator: see README.md of this repository.',
  ];
}
