import type { ReleaseTally, RunEndRule, VerdictKind } from '@concordat/core';

/** A member of the cohort that was lost, and where. Bytes are of its masked vector; 0 when no upload was under way. */
export interface DroppedParticipant {
  readonly participant: string;
  readonly step: string;
  readonly reason: string;
  readonly bytesReceived: number;
  readonly bytesExpected: number;
}

/** How one of several groups of a round went. */
export interface GroupReport {
  readonly members: readonly string[];
  readonly survivors: readonly string[];
  readonly outcome: 'opened' | 'abandoned';
  /** Why it was abandoned; empty otherwise. */
  readonly reason: string;
}

/** How one round went. Byte counts are message payloads over all participants, without TLS and framing. */
export interface RoundReport {
  readonly round: number;
  readonly outcome: 'published' | 'abandoned';
  /** Why it was abandoned; empty otherwise. */
  readonly reason: string;
  /** Of the model published, or of the base model when nothing was. */
  readonly modelVersion: number;
  /** Of the model that was trained from: in an asynchronous run it may be an older one than the one before. */
  readonly baseModelVersion: number;
  /** Hex; empty when nothing was published. */
  readonly modelHash: string;
  readonly cohort: readonly string[];
  readonly survivors: readonly string[];
  readonly dropped: readonly DroppedParticipant[];
  /** Dealers without an upload whose pairwise masks were rebuilt from shares and removed. */
  readonly recovered: readonly string[];
  /** Participants → coordinator. */
  readonly uploadBytes: number;
  readonly downloadBytes: number;
  readonly seconds: number;
  /** Phase → seconds, in the order they happened. */
  readonly phases: Readonly<Record<string, number>>;
  /** One for each secure group, where there were several. The coordinator saw the sum of each that is opened. */
  readonly groups?: readonly GroupReport[];
  /** Means of the masked metrics, of the model received, over the participants that sent them. */
  readonly metrics: readonly { readonly name: string; readonly mean: number; readonly participants: number }[];
  /** Model lanes that were clipped after the plan's rotation, over all survivors; absent where the plan has none. */
  readonly excess?: number;
}

/** What an operator sees of a run, one JSON object each. Nothing here counts, weighs or measures one participant's records. */
export type ProgressEvent =
  | {
      readonly type: 'started';
      readonly run: string;
      readonly rounds: number;
      readonly planHash: string;
      readonly topologyHash: string;
    }
  | { readonly type: 'joined' | 'left' | 'approved'; readonly participant: string }
  | {
      readonly type: 'declined';
      readonly participant: string;
      readonly round: number;
      readonly step: string;
      readonly code: string;
      readonly rule: string;
      readonly message: string;
    }
  | { readonly type: 'phase'; readonly round: number; readonly phase: string; readonly participants: readonly string[] }
  | { readonly type: 'answered'; readonly round: number; readonly phase: string; readonly participant: string }
  | {
      readonly type: 'waiting';
      readonly round: number;
      readonly phase: string;
      readonly awaited: readonly string[];
      readonly of: number;
      readonly remainingMillis: number;
      /** What happens at the deadline, as a sentence. */
      readonly then: string;
      readonly text: string;
    }
  | {
      readonly type: 'upload';
      readonly round: number;
      readonly participant: string;
      readonly bytesReceived: number;
      readonly bytesExpected: number;
    }
  | ({ readonly type: 'dropped'; readonly round: number } & DroppedParticipant)
  /** One of several groups was given up, and the round goes on with the others. */
  | {
      readonly type: 'group-abandoned';
      readonly round: number;
      readonly phase: string;
      readonly members: readonly string[];
      readonly reason: string;
    }
  | ({ readonly type: 'round' } & RoundReport)
  /** A round that only measured the last model, on the participants' own holdouts. */
  | {
      readonly type: 'evaluation';
      readonly round: number;
      readonly outcome: 'evaluated' | 'abandoned';
      readonly reason: string;
      readonly modelVersion: number;
      readonly survivors: readonly string[];
      readonly metrics: RoundReport['metrics'];
    }
  /** A published model on the coordinator's own holdout. */
  | { readonly type: 'evaluated'; readonly modelVersion: number; readonly metrics: Readonly<Record<string, number>> }
  | { readonly type: 'evaluation-failed'; readonly modelVersion: number; readonly message: string }
  /** A survivor computed a sum anew and signed what it found; T of every group that found theirs right release what was made of them. */
  | ({
      readonly type: 'verdict';
      readonly round: number;
      /** Published with it; 0 after an evaluation, and until then. */
      readonly modelVersion: number;
      readonly participant: string;
      readonly verdict: VerdictKind;
    } & ReleaseTally)
  /** Members of an abandoned round signed its abort: what was bound to it is free. */
  | { readonly type: 'settled'; readonly round: number }
  /** The operator wants a pause after the round under way. */
  | { readonly type: 'pausing'; readonly reason: string }
  | { readonly type: 'paused'; readonly reason: string }
  | { readonly type: 'resumed' }
  | {
      readonly type: 'finished';
      readonly outcome: 'completed' | 'aborted';
      readonly reason: string;
      /** Of a run that ended before its first round because of its plan's rule on approvals. */
      readonly rule?: RunEndRule;
      readonly modelVersion: number;
      /** Hex digest of the safetensors blob of the last model. */
      readonly modelHash: string;
      /** Hex digest of the topology blob. */
      readonly topologyHash: string;
    };

export interface SequencedEvent {
  /** 1, 2, 3 … within the run. */
  readonly sequence: number;
  readonly event: ProgressEvent;
}

/** Events kept for watchers that come late. A run of 10,000 rounds keeps its newest part. */
const eventsMax = 20_000;

/** The progress of one run: a buffer that any number of watchers read at their own pace, each from its own sequence. */
export class Progress {
  #events: SequencedEvent[] = [];
  #sequence = 0;
  #ended = false;
  #waiting: (() => void)[] = [];
  readonly #observe: (event: ProgressEvent) => void;

  /** @param observe hears every event at once, before any watcher. */
  constructor(observe: (event: ProgressEvent) => void = () => undefined) {
    this.#observe = observe;
  }

  emit(event: ProgressEvent): void {
    this.#observe(event);
    this.#events.push({ sequence: ++this.#sequence, event });
    if (this.#events.length > eventsMax) this.#events.shift();
    this.#wake();
  }

  /** No more events: watchers end when they have read all. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** From `fromSequence` on, until the run ends or the signal fires. */
  async *watch(fromSequence: number, signal?: AbortSignal): AsyncGenerator<SequencedEvent> {
    let next = Math.max(1, fromSequence);
    while (signal?.aborted !== true) {
      const first = this.#events[0]?.sequence ?? this.#sequence + 1;
      const event = this.#events[Math.max(next, first) - first];
      if (event !== undefined) {
        next = event.sequence + 1;
        yield event;
      } else if (this.#ended) {
        return;
      } else {
        await this.#more(signal);
      }
    }
  }

  #more(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      signal?.addEventListener('abort', wake, { once: true });
      this.#waiting.push(wake);
    });
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }
}
