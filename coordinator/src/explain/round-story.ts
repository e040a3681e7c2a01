import {
  type CoordinationRecord,
  type Plan,
  printable,
  type RoundRecord,
  roundPhases,
  type SessionCodec,
  toHex,
} from '@concordat/core';
import type { RoundReport } from '../run/progress.js';
import { reportRound } from '../run/report.js';
import { namesText } from './names.js';
import { ReleaseStory } from './release-story.js';
import type { RoundFact } from './round-facts.js';
import { SessionStory, sentText } from './session-story.js';

/** One sentence of the story, from one event of the journal. */
export interface StoryLine {
  /** Of the event in the journal; 0 where the sentence is about the end of what it says. */
  readonly event: number;
  /** When it was written, RFC 3339; absent where the journal does not say. */
  readonly at?: string;
  /** Index of the secure group, where the round has several. */
  readonly group?: number;
  readonly text: string;
}

/** What became of one round and why, as the journal has it: nothing in it is secret. */
export interface RoundStory {
  readonly run: string;
  readonly round: number;
  readonly kind: 'train' | 'evaluate';
  readonly outcome: 'published' | 'evaluated' | 'abandoned' | 'under way';
  readonly told: readonly StoryLine[];
  /** Of a round that ended: as `run watch --json` showed it, without the bytes that moved, which are not journalled. */
  readonly report?: Omit<RoundReport, 'uploadBytes' | 'downloadBytes' | 'outcome'>;
}

export interface RoundStoryOptions {
  readonly run: string;
  readonly round: number;
  readonly plan: Plan;
  /** Of the round, in the journal's order; at least one. */
  readonly facts: readonly RoundFact[];
  readonly codec: Pick<SessionCodec, 'aggregate' | 'dispute'>;
}

/** Tell one round in sentences. What peers wrote is told without anything that a terminal would obey. */
export function tellRound(options: RoundStoryOptions): RoundStory {
  const { run, round, plan, facts, codec } = options;
  const ended = facts.flatMap(({ fact }) => (fact.type === 'round-ended' ? [fact.record] : []))[0];
  const started = facts.flatMap(({ fact }) => (fact.type === 'round-started' ? [fact] : []))[0];
  const teller = new Teller(plan, ended, facts, codec);
  const told = [...facts.flatMap((fact) => teller.tell(fact)), ...teller.rest()];
  return {
    run,
    round,
    kind: started?.kind ?? ended?.kind ?? 'train',
    outcome: ended?.outcome.type ?? 'under way',
    told: told.map((line) => ({ ...line, text: printable(line.text) })),
    ...(ended === undefined ? {} : { report: reportOf(ended) }),
  };
}

function reportOf(ended: RoundRecord): NonNullable<RoundStory['report']> {
  const {
    uploadBytes: _up,
    downloadBytes: _down,
    outcome: _,
    ...report
  } = reportRound(ended, { uploadBytes: 0, downloadBytes: 0 });
  return report;
}

class Teller {
  readonly #plan: Plan;
  readonly #ended: RoundRecord | undefined;
  readonly #sessions = new Map<number, SessionStory>();
  readonly #releases: ReleaseStory;
  /** Secure groups of the round. */
  readonly #groups: number;

  constructor(
    plan: Plan,
    ended: RoundRecord | undefined,
    facts: readonly RoundFact[],
    codec: RoundStoryOptions['codec'],
  ) {
    this.#plan = plan;
    this.#ended = ended;
    this.#groups = 1 + Math.max(0, ...facts.map(({ fact }) => (fact.type === 'session' ? (fact.group ?? 0) : 0)));
    this.#releases = new ReleaseStory(codec, this.#groups > 1);
  }

  tell({ seq: event, atMillis, fact }: RoundFact): StoryLine[] {
    const at = atMillis === undefined ? {} : { at: new Date(atMillis).toISOString() };
    const line = (text: string | undefined, group?: number) =>
      text === undefined ? [] : [{ event, ...at, ...(group === undefined ? {} : { group }), text }];
    switch (fact.type) {
      case 'result-opened':
        this.#releases.opened(fact);
        return [];
      case 'result-verdict':
        return line(this.#releases.verdict(fact));
      case 'session': {
        const { group = 0, record } = fact;
        const text = this.#session(group).tell(record);
        if (record.type === 'cohort-frozen') this.#releases.threshold(group, this.#session(group).threshold);
        if (this.#groups === 1) return line(text);
        return line(text && `group ${group + 1} of ${this.#groups}: ${text}`, group);
      }
      default:
        return line(this.#sentence(fact));
    }
  }

  /** What is known at the end of all that the journal says. */
  rest(): StoryLine[] {
    const texts = this.#releases.rest();
    if (this.#ended === undefined) texts.push('the round has not ended yet, as far as the journal says');
    return texts.map((text) => ({ event: 0, text }));
  }

  #session(group: number): SessionStory {
    const session = this.#sessions.get(group) ?? new SessionStory(this.#plan, this.#ended?.dropped ?? []);
    this.#sessions.set(group, session);
    return session;
  }

  #sentence(fact: Exclude<CoordinationRecord, { readonly type: 'session' }>): string | undefined {
    switch (fact.type) {
      case 'run-started':
      case 'approved':
      case 'refused':
        return undefined;
      case 'round-started':
        return fact.kind === 'train'
          ? `the round begins, from model version ${fact.modelVersion} (${toHex(fact.baseModelHash).slice(0, 16)}…)`
          : `the round begins: it measures model version ${fact.modelVersion}, and nothing is trained`;
      case 'cohort-assigned':
        return `${fact.cohort.length} are chosen: ${namesText(fact.cohort)} (the plan asks for ${this.#plan.cohort.size}, at least ${this.#plan.cohort.min} in a session)`;
      case 'training-assigned':
        return `${namesText(fact.participants)} begin to train from the model that is current here, for this round or a later one`;
      case 'training-over':
        return `what ${namesText(fact.participants)} train is of no use any more: too few train from the same model, or it is too old`;
      case 'training-left': {
        const { participant, step, reason } = fact.dropout;
        return `lost ${participant} at ${step}${sentText(fact.dropout)}: ${reason}`;
      }
      case 'sum-opened':
        return openedText(fact, this.#groups);
      case 'round-ended':
        return endedText(fact.record);
      case 'pausing':
        return `the operator wants a pause after this round: ${fact.reason}`;
      case 'paused':
        return `the run pauses: ${fact.reason}`;
      case 'resumed':
        return 'the operator lets the run go on';
      case 'ending':
        return `the operator ends the run: ${fact.reason}`;
      case 'finished':
        return `the run is ${fact.outcome}: ${fact.reason}`;
    }
  }
}

function openedText(
  { metrics, excess, spoiled = [] }: Extract<CoordinationRecord, { readonly type: 'sum-opened' }>,
  groups: number,
): string {
  const left = spoiled.map(
    ({ group, reason }) => `; the sum of group ${group + 1} of ${groups} is left out: ${reason}`,
  );
  const clipped = excess === undefined || excess === 0 ? '' : `; ${excess} rotated lanes were clipped`;
  return `the sum is decoded${metricsText(metrics)}${clipped}${left.join('')}`;
}

function endedText({ outcome, phases, survivors, baseModelVersion }: RoundRecord): string {
  const millis = Object.values(phases).reduce((sum, one) => sum + one, 0);
  // A journalled record's fields are in the order of the alphabet.
  const times = roundPhases.flatMap((phase) =>
    phases[phase] === undefined ? [] : [`${phase} ${secondsText(phases[phase])}`],
  );
  const took = `after ${secondsText(millis)} (${times.join(', ')})`;
  switch (outcome.type) {
    case 'published':
      return `model version ${outcome.modelVersion} (${toHex(outcome.modelHash).slice(0, 16)}…) is published, of ${survivors.length} updates${staleText(outcome.modelVersion - 1 - baseModelVersion)}, ${took}`;
    case 'evaluated':
      return `model version ${baseModelVersion} is measured by ${survivors.length} participants, ${took}`;
    case 'abandoned':
      return `the round is abandoned in ${outcome.phase}, ${took}: ${outcome.reason}`;
  }
}

/** Of an asynchronous run: how many models were published since the one that was trained from. */
function staleText(versions: number): string {
  return versions === 0 ? '' : ` that are ${versions} ${versions === 1 ? 'version' : 'versions'} old`;
}

function metricsText(metrics: RoundRecord['metrics']): string {
  const texts = metrics.map(({ name, mean, participants }) => `${name} ${mean.toFixed(4)} over ${participants}`);
  return texts.length === 0 ? '' : `: ${texts.join(', ')}`;
}

function secondsText(millis: number): string {
  return `${(millis / 1000).toFixed(1)} s`;
}
