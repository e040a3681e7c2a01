import { type AggregatorRecord, bounds, type Plan, type RoundDropout, thresholdOf } from '@concordat/core';
import { namesText, withoutText } from './names.js';

/** Who was left in a session at each of its steps, as far as it was told. */
interface Session {
  readonly invited: readonly string[];
  readonly cohort: readonly string[];
  readonly dealers: readonly string[];
}

/** The story of one secure session, record by record. It is told in order and remembers who was left. */
export class SessionStory {
  readonly #plan: Plan;
  readonly #dropped: readonly RoundDropout[];
  #session: Session = { invited: [], cohort: [], dealers: [] };

  /** @param dropped what the round's record says of those who were lost, with the bytes of their uploads. */
  constructor(plan: Plan, dropped: readonly RoundDropout[]) {
    this.#plan = plan;
    this.#dropped = dropped;
  }

  /** T; 0 while the cohort is not known. */
  get threshold(): number {
    const { cohort } = this.#session;
    return cohort.length === 0 ? 0 : thresholdOf(cohort.length, this.#colluders);
  }

  /** A sentence for a record of the session; undefined for one that is not for the journal. */
  tell(record: AggregatorRecord): string | undefined {
    switch (record.type) {
      case 'session-opened':
        this.#session = { ...this.#session, invited: record.invited };
        return `${record.invited.length} were ready and are invited to a secure session: ${namesText(record.invited)}`;
      case 'cohort-frozen':
        return this.#cohort(record.participants);
      case 'dealers-frozen':
        return this.#dealers(record.dealers);
      case 'survivors-frozen':
        return `upload: ${record.survivors.length} of ${this.#session.dealers.length} masked updates are here${withoutText(this.#session.dealers, record.survivors)}; a sum is over exactly these`;
      case 'certified':
        return `certify: ${namesText(record.signers)} signed that set, ${record.signers.length} where T = ${this.threshold} are needed; it is waited for until it opens, and no other round can use these updates`;
      case 'opened':
        return `reveal: the sum over ${record.survivors.length} is open${recoveredText(record.recovered)}`;
      case 'dropped': {
        const { participant, step, reason } = record.dropout;
        return `lost ${participant} at ${step}${this.#sent(participant)}: ${reason}`;
      }
      case 'unconfirmed':
        return `${record.participant} confirmed without the shares of ${record.dealer}: one of the two is at fault`;
      case 'blamed':
        return `${record.participant} is at fault: ${record.reason}`;
      case 'abandoned':
        return `the session was given up at ${record.abandonment.step}: ${record.abandonment.reason}`;
      case 'aborted':
        return `${namesText(record.signers)} signed the session's abort, as many as it takes: it is never opened, and its updates are free for another round`;
      case 'input':
        return undefined;
    }
  }

  #cohort(cohort: readonly string[]): string {
    const { invited } = this.#session;
    this.#session = { ...this.#session, cohort };
    const { minSurvivors, maxColluders } = this.#plan.secureAggregation;
    const floor = Math.max(this.threshold, minSurvivors, bounds.cohortMin);
    return `advertise: ${cohort.length} of ${invited.length} sent keys and are the cohort${withoutText(invited, cohort)}; T = ${this.threshold} open its sum where at most ${maxColluders} collude, of ${floor} survivors or more`;
  }

  #dealers(dealers: readonly string[]): string {
    const { cohort } = this.#session;
    this.#session = { ...this.#session, dealers };
    return `share, confirm: ${dealers.length} of ${cohort.length} dealt shares that the others confirmed${withoutText(cohort, dealers)}`;
  }

  #sent(participant: string): string {
    const lost = this.#dropped.find((one) => one.participant === participant);
    return lost === undefined ? '' : sentText(lost);
  }

  get #colluders(): number {
    return this.#plan.secureAggregation.maxColluders;
  }
}

/** " with 49 kB of 161 kB sent"; empty where no upload was under way. */
export function sentText({ bytesReceived, bytesExpected }: RoundDropout): string {
  if (bytesExpected === 0) return '';
  return ` with ${Math.round(bytesReceived / 1000)} kB of ${Math.round(bytesExpected / 1000)} kB sent`;
}

function recoveredText(recovered: readonly string[]): string {
  return recovered.length === 0
    ? ''
    : `; the masks of ${namesText(recovered)}, of whom no update came, were rebuilt from shares and taken out`;
}
