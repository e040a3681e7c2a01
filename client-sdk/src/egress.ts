import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { participantWrite } from './state/durable-writes.js';

/** One thing that left this participant, or that it refused. */
export interface EgressEntry {
  readonly runId: string;
  /** 0 outside a round. */
  readonly round: number;
  /** Message kind, e.g. `ready`, `share`, `masked-update`, or `refusal`. */
  readonly kind: string;
  readonly bytes: number;
  /** SHA-256 of what left, lower-case hex; empty for a refusal. */
  readonly digest: string;
  /** Whether it is an update under masks. Nothing else of an update ever leaves. */
  readonly masked: boolean;
  /** For a refusal: rule and reason. */
  readonly note?: string;
}

/**
 * What left us, in order: `egress.jsonl`, one JSON object a line, only ever appended to. For the participant's own
 * questions; nobody else reads it.
 */
export class EgressLog {
  readonly #file: FileHandle;
  readonly #wallMillis: () => number;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(file: FileHandle, wallMillis: () => number) {
    this.#file = file;
    this.#wallMillis = wallMillis;
  }

  static async open(directory: string, wallMillis: () => number): Promise<EgressLog> {
    return new EgressLog(await open(join(directory, 'egress.jsonl'), 'a', 0o600), wallMillis);
  }

  /** Note an entry; in the file when it resolves, durable with the next masked update. */
  note(entry: EgressEntry): Promise<void> {
    const line = `${JSON.stringify({ time: new Date(this.#wallMillis()).toISOString(), ...entry })}\n`;
    const done = this.#last.then(async () => {
      if (!entry.masked) return this.#file.appendFile(line);
      return participantWrite('participant.egress', async () => {
        await this.#file.appendFile(line);
        await this.#file.datasync();
      });
    });
    this.#last = done.catch(() => undefined);
    return done;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#file.close();
  }
}
