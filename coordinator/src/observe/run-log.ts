import type { Logger } from 'pino';
import type { ProgressEvent } from '../run/progress.js';

/**
 * What happens in runs, as lines of the log: what an operator would act on from `info` up, one line for each person and phase at `debug`,
 * for each answer at `trace`. Texts are those of the events, which hold no record, update, key or share.
 */
export class RunLog {
  #log: Logger;
  readonly #root: Logger;

  constructor(log: Logger) {
    this.#root = log;
    this.#log = log;
  }

  note(event: ProgressEvent): void {
    const { type, ...said } = event;
    switch (type) {
      case 'started':
        this.#log = this.#root.child({ run: event.run });
        this.#log.info({ rounds: event.rounds, planHash: event.planHash }, 'the run goes on here');
        break;
      case 'declined':
        this.#log.warn(said, 'a participant declined');
        break;
      case 'dropped':
        this.#log.warn(said, 'a member is lost to the round');
        break;
      case 'group-abandoned':
        this.#log.warn(said, 'a group is given up');
        break;
      case 'round':
        this.#round(event);
        break;
      case 'evaluation':
        this.#log.info(said, 'a round that measured is over');
        break;
      case 'evaluated':
        this.#log.info(said, 'the model is measured on the holdout');
        break;
      case 'evaluation-failed':
        this.#log.error(said, 'the model could not be measured on the holdout');
        break;
      case 'settled':
        this.#log.info(said, 'the abort is certified');
        break;
      case 'pausing':
      case 'paused':
        this.#log.warn(said, type === 'paused' ? 'the run is paused' : 'the run will pause after this round');
        break;
      case 'resumed':
        this.#log.info('the run goes on after a pause');
        break;
      case 'finished':
        this.#log[event.outcome === 'completed' ? 'info' : 'warn'](said, 'the run is over');
        break;
      case 'approved':
        this.#log.info(said, 'a participant approved the plan');
        break;
      // Streams are told by whoever opens them, with their correlation id; disputes by the desk that takes them.
      case 'joined':
      case 'left':
      case 'phase':
      case 'waiting':
      case 'verdict':
        this.#log.debug(said, type);
        break;
      case 'answered':
      case 'upload':
        this.#log.trace(said, type);
        break;
    }
  }

  #round(event: Extract<ProgressEvent, { readonly type: 'round' }>): void {
    const { round, outcome, reason, modelVersion, modelHash, cohort, survivors, seconds, uploadBytes, downloadBytes } =
      event;
    const counted = { round, seconds, cohort: cohort.length, survivors: survivors.length, uploadBytes, downloadBytes };
    if (outcome === 'published') this.#log.info({ ...counted, modelVersion, modelHash }, 'a model is published');
    else this.#log.warn({ ...counted, reason }, 'the round is abandoned');
  }
}
