import type { JournalledSteps, ParticipationRecord } from '@concordat/core';
import type { EgressMark } from '../egress/egress-chain.js';
import { type ClientEpoch, readClientEpoch, writeClientEpoch } from './client-epoch.js';
import { openJournal, type ParticipantJournal } from './journal.js';

/** The journal and the number of the last start, which tell on each other when one of them is older or gone. */
export class ParticipantState {
  readonly #directory: string;
  readonly #journal: ParticipantJournal;
  #last: ClientEpoch | undefined;

  private constructor(directory: string, journal: ParticipantJournal, last: ClientEpoch | undefined) {
    this.#directory = directory;
    this.#journal = journal;
    this.#last = last;
  }

  /**
   * Open it; hold the directory's lock.
   *
   * @throws `state-lost` when a part is missing, damaged, or older than the other part proves.
   */
  static async open(directory: string): Promise<ParticipantState> {
    const last = await readClientEpoch(directory);
    return new ParticipantState(directory, await openJournal(directory, last?.journal), last);
  }

  /** Of everything journalled so far, which steps. */
  get steps(): JournalledSteps {
    return this.#journal.steps;
  }

  /** Everything journalled so far, oldest first, from the disk. @throws `state-lost` when the file was changed meanwhile. */
  read(): Promise<readonly ParticipationRecord[]> {
    return this.#journal.read();
  }

  /** Durable when it resolves. */
  append(record: ParticipationRecord): Promise<void> {
    return this.#journal.append(record);
  }

  /**
   * @param egress how far the log of what left is.
   * @returns the number of this start, one more than of the last; durable when it resolves.
   */
  async countStart(egress: EgressMark): Promise<number> {
    const epoch = (this.#last?.epoch ?? 0) + 1;
    this.#last = { epoch, journal: this.#journal.mark(), egress };
    await writeClientEpoch(this.#directory, this.#last);
    return epoch;
  }

  /** Note how far the journal came, and the log of what left unless it was not opened, and let go. */
  async close(egress: EgressMark | undefined = this.#last?.egress): Promise<void> {
    try {
      if (this.#last !== undefined) {
        await writeClientEpoch(this.#directory, { ...this.#last, journal: this.#journal.mark(), egress });
      }
    } finally {
      await this.#journal.close();
    }
  }
}
