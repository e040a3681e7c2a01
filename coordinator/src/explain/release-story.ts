import { type SessionCodec, toHex } from '@concordat/core';
import { namesText } from './names.js';
import type { ResultFact } from './round-facts.js';

interface Sum {
  readonly survivors: number;
  readonly signed: string[];
}

/** What survivors said of a round's sums. It does not check signatures again: what is in the journal was checked when it came. */
export class ReleaseStory {
  readonly #codec: Pick<SessionCodec, 'aggregate' | 'dispute'>;
  readonly #grouped: boolean;
  /** By group. */
  readonly #thresholds = new Map<number, number>();
  /** By group, of the sums that the coordinator signed. */
  readonly #sums = new Map<number, Sum>();
  readonly #groupOf = new Map<string, number>();

  constructor(codec: Pick<SessionCodec, 'aggregate' | 'dispute'>, grouped: boolean) {
    this.#codec = codec;
    this.#grouped = grouped;
  }

  /** T of a group's cohort. */
  threshold(group: number, threshold: number): void {
    this.#thresholds.set(group, threshold);
  }

  opened({ aggregate }: Extract<ResultFact, { readonly type: 'result-opened' }>): void {
    for (const { group, sid2, survivors } of this.#codec.aggregate.decode(aggregate.body).sums) {
      this.#sums.set(group, { survivors, signed: [] });
      this.#groupOf.set(toHex(sid2), group);
    }
  }

  /** A sentence for a dispute; agreements are counted, and told at the end. */
  verdict(fact: Extract<ResultFact, { readonly type: 'result-verdict' }>): string | undefined {
    const { participant, sid2, verdict } = fact;
    if (verdict.kind === 'result') {
      this.#sums.get(this.#groupOf.get(toHex(sid2)) ?? -1)?.signed.push(participant);
      return undefined;
    }
    const { group, rule, chunk, lane } = this.#codec.dispute.decode(verdict.statement.body);
    const where = this.#grouped ? `group ${group + 1}, ` : '';
    return `DISPUTED: ${participant} does not accept the sum (${where}${rule}, chunk ${chunk}, lane ${lane})`;
  }

  /** One sentence for each sum that was opened. */
  rest(): string[] {
    return [...this.#sums].map(([group, { survivors, signed }]) => {
      const threshold = this.#thresholds.get(group) ?? 0;
      const of = this.#grouped ? ` of group ${group + 1}` : '';
      const stand =
        signed.length >= threshold ? `released, T = ${threshold}` : `not released before T = ${threshold} did`;
      return `${signed.length} of ${survivors} survivors computed the sum${of} anew and signed it (${namesText(signed)}): ${stand}`;
    });
  }
}
