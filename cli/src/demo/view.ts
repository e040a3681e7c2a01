/** What one organization is doing, as far as its own process and the coordinator say. */
export type Activity =
  | 'joining'
  | 'waiting'
  | 'training'
  | 'ready'
  | 'sharing keys'
  | 'uploading'
  | 'uploaded'
  | 'unmasking'
  | 'done'
  | 'dropped'
  | 'killed'
  | 'starting again';

export interface ParticipantView {
  readonly id: string;
  pid: number | undefined;
  readonly examples: number;
  /** [classes] examples of each label. */
  readonly labels: readonly number[];
  activity: Activity;
  /** Share of the activity that is done, 0 … 1, when it can be known. */
  portion: number | undefined;
  roundsContributed: number;
}

/** Who left a round, where, and how much of its masked update had arrived. */
export interface DropView {
  readonly participant: string;
  readonly step: string;
  readonly bytesReceived: number;
  readonly bytesExpected: number;
}

export interface RoundView {
  readonly round: number;
  /** Whether the round published a model; otherwise it was abandoned and nothing was opened. */
  readonly published: boolean;
  /** Of the model this round published, on the operator's holdout; undefined until evaluated. */
  accuracy: number | undefined;
  cohort: readonly string[];
  survivors: readonly string[];
  dropped: DropView[];
  /** Participants whose pairwise masks were rebuilt from shares and removed. */
  recovered: readonly string[];
  uploadBytes: number;
  downloadBytes: number;
  seconds: number;
  /** Phase → seconds, in the order they happened. */
  phases: Record<string, number>;
}

/** All that the displays show; changed in place by the event readers. */
export interface DemoView {
  readonly roundsPlanned: number;
  /** What is going on, as a sentence without a full stop. */
  stage: string;
  phase: string;
  round: number;
  readonly participants: readonly ParticipantView[];
  readonly finished: RoundView[];
  /** Means of the last model over the organizations' own holdouts, once they were measured. */
  holdouts?: readonly { readonly name: string; readonly mean: number; readonly participants: number }[];
}

/** The participants × labels table: who holds which digits, none of which leave. */
export function labelTable(participants: readonly ParticipantView[]): string[] {
  const classes = participants[0]?.labels.length ?? 0;
  const width = Math.max(12, ...participants.map(({ id }) => id.length)) + 1;
  const cell = (value: number | string) => String(value).padStart(6);
  const header = `${'label'.padEnd(width)}${Array.from({ length: classes }, (_, label) => cell(label)).join('')}${cell('all')}`;
  return [
    header,
    ...participants.map(
      ({ id, labels, examples }) =>
        `${id.padEnd(width)}${labels.map((count) => cell(count === 0 ? '·' : count)).join('')}${cell(examples)}`,
    ),
  ];
}

/** 0.9512 → `95.12 %`. */
export function percent(portion: number): string {
  return `${(100 * portion).toFixed(2)} %`;
}

/** Bytes for people: `603 kB`, `12.1 MB`. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${Math.round(bytes / 1000)} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** One finished round as a sentence. */
export function roundLine(round: RoundView, roundsPlanned: number): string {
  const drops = round.dropped.map(({ participant, step, bytesReceived, bytesExpected }) =>
    step === 'upload' && bytesExpected > 0
      ? `${participant} lost at upload (${bytesText(bytesReceived)} of ${bytesText(bytesExpected)})`
      : `${participant} lost at ${step}`,
  );
  const recovered = round.recovered.length === 0 ? '' : `, masks of ${round.recovered.join(', ')} recovered`;
  const measured = round.accuracy === undefined ? 'not evaluated yet' : `accuracy ${percent(round.accuracy)}`;
  const accuracy = round.published ? measured : 'abandoned, nothing was opened';
  return [
    `round ${round.round} of ${roundsPlanned}: ${accuracy}`,
    `${round.survivors.length} of ${round.cohort.length} in the sum`,
    ...drops.map((drop) => drop + recovered),
    `${bytesText(round.uploadBytes)} up, ${bytesText(round.downloadBytes)} down`,
    `${round.seconds.toFixed(1)} s`,
  ].join(' · ');
}
