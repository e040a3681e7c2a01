import type { Line } from './processes.js';
import type { Activity, DemoView, DropView, ParticipantView, RoundView } from './view.js';

const activities: Readonly<Record<string, Activity>> = {
  select: 'waiting',
  train: 'training',
  advertise: 'sharing keys',
  share: 'sharing keys',
  confirm: 'sharing keys',
  upload: 'uploading',
  certify: 'unmasking',
  reveal: 'unmasking',
  aggregate: 'done',
  publish: 'done',
};

/** What the demo itself has to react to. */
export interface ProgressListener {
  /** The masked update of a participant is on its way. */
  uploading(participant: string, round: number, bytesReceived: number, bytesExpected: number): void;
  /** A round begins: its first phase was entered. */
  roundBegan(round: number): void;
  roundEnded(round: RoundView): void;
  evaluated(round: RoundView): void;
}

/** Reads the lines of `run watch --json` into the view, and tells the demo what it waits for. */
export class ProgressReader {
  readonly #view: DemoView;
  readonly #listener: ProgressListener;
  /** Model version → round that published it. */
  readonly #published = new Map<number, RoundView>();
  /** Versions evaluated before the word about their round came. */
  readonly #early = new Map<number, number>();
  outcome: { readonly outcome: string; readonly reason: string; readonly modelVersion: number } | undefined;

  constructor(view: DemoView, listener: ProgressListener) {
    this.#view = view;
    this.#listener = listener;
  }

  /** Whether the last model has been measured. */
  get complete(): boolean {
    if (this.outcome === undefined) return false;
    return this.outcome.modelVersion === 0 || this.#published.get(this.outcome.modelVersion)?.accuracy !== undefined;
  }

  read(line: Line): void {
    switch (line.type) {
      case 'phase':
        this.#phase(Number(line.round), String(line.phase), line.participants as readonly string[]);
        return;
      case 'answered':
        this.#answered(String(line.phase), String(line.participant));
        return;
      case 'upload':
        this.#upload(line);
        return;
      case 'dropped':
        this.#set(String(line.participant), 'dropped');
        return;
      case 'round':
        this.#round(line);
        return;
      case 'evaluation':
        this.#view.holdouts = line.metrics as NonNullable<DemoView['holdouts']>;
        return;
      case 'evaluated':
        this.#evaluated(Number(line.modelVersion), line.metrics as Readonly<Record<string, number>>);
        return;
      case 'waiting':
        this.#view.phase = String(line.text);
        return;
      case 'finished':
        this.outcome = {
          outcome: String(line.outcome),
          reason: String(line.reason),
          modelVersion: Number(line.modelVersion),
        };
        return;
    }
  }

  #phase(round: number, phase: string, participants: readonly string[]): void {
    const view = this.#view;
    view.phase = phase;
    if (round !== view.round) {
      view.round = round;
      for (const participant of view.participants) settle(participant);
      this.#listener.roundBegan(round);
    }
    for (const id of participants) this.#set(id, activities[phase] ?? 'waiting');
  }

  #answered(phase: string, id: string): void {
    if (phase === 'train') this.#set(id, 'ready');
    if (phase === 'upload') this.#set(id, 'uploaded');
  }

  #upload(line: Line): void {
    const [id, received, expected] = [String(line.participant), Number(line.bytesReceived), Number(line.bytesExpected)];
    this.#set(id, received < expected ? 'uploading' : 'uploaded');
    const participant = this.#participant(id);
    if (participant !== undefined) participant.portion = expected === 0 ? undefined : received / expected;
    this.#listener.uploading(id, Number(line.round), received, expected);
  }

  #round(line: Line): void {
    const published = line.outcome === 'published';
    const survivors = line.survivors as readonly string[];
    const round: RoundView = {
      round: Number(line.round),
      published,
      accuracy: undefined,
      cohort: line.cohort as readonly string[],
      survivors,
      dropped: line.dropped as DropView[],
      recovered: line.recovered as readonly string[],
      uploadBytes: Number(line.uploadBytes),
      downloadBytes: Number(line.downloadBytes),
      seconds: Number(line.seconds),
      phases: line.phases as Record<string, number>,
    };
    this.#view.finished.push(round);
    if (published) {
      for (const id of survivors) this.#contributed(id);
      this.#published.set(Number(line.modelVersion), round);
    }
    this.#listener.roundEnded(round);
    const early = this.#early.get(Number(line.modelVersion));
    if (published && early !== undefined) this.#measured(round, early);
  }

  #evaluated(modelVersion: number, metrics: Readonly<Record<string, number>>): void {
    const accuracy = metrics.accuracy;
    if (accuracy === undefined) return;
    const round = this.#published.get(modelVersion);
    if (round === undefined) this.#early.set(modelVersion, accuracy);
    else this.#measured(round, accuracy);
  }

  #measured(round: RoundView, accuracy: number): void {
    round.accuracy = accuracy;
    this.#listener.evaluated(round);
  }

  #contributed(id: string): void {
    const participant = this.#participant(id);
    if (participant === undefined) return;
    participant.roundsContributed++;
    participant.activity = 'done';
    participant.portion = undefined;
  }

  #set(id: string, activity: Activity): void {
    const participant = this.#participant(id);
    if (participant === undefined || participant.activity === 'killed') return;
    if (participant.activity !== activity) participant.portion = undefined;
    participant.activity = activity;
  }

  #participant(id: string): ParticipantView | undefined {
    return this.#view.participants.find((participant) => participant.id === id);
  }
}

function settle(participant: ParticipantView): void {
  if (participant.activity === 'killed' || participant.activity === 'starting again') return;
  participant.activity = 'waiting';
  participant.portion = undefined;
}
