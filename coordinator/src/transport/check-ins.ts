import { type CoordinatorMessage, equalBytes, FederatedError } from '@concordat/core';
import { assignmentToWire, type Welcome, type wire } from '@concordat/proto';
import { payloadBytes, type Traffic } from '../run/traffic.js';
import type { ClientEpochRecords, ClientStart } from '../store/client-epochs.js';
import type { ReceiptRecords } from '../store/receipts.js';
import type { ParticipantCaller } from './caller.js';

/** Where assignments of one stream go. */
export interface AssignmentSink {
  /** @returns false when the reader is slower than the writer. */
  write(assignment: wire.Assignment): boolean;
  end(): void;
  fail(error: FederatedError): void;
}

/** Assignments a reader may be behind by; more and its stream is ended, to begin again with the state as it is then. */
const behindMax = 512;
const behindBytesMax = 64 * 1024 * 1024;

/** Runs of which a welcome shows the newest round; 16 with nine receipts each are within its bound. */
const welcomeRunsMax = 16;

interface Stream {
  readonly caller: ParticipantCaller;
  readonly sink: AssignmentSink;
  sequence: number;
  behind: number;
  behindBytes: number;
}

/** What the run wants to know of streams. */
export interface CheckInListener {
  checkedIn(participant: string, organization: string): void;
  disconnected(participant: string): void;
}

export interface CheckInsOptions {
  readonly listener: CheckInListener;
  readonly traffic: Traffic;
  readonly store: { readonly clientEpochs: ClientEpochRecords; readonly receipts: Pick<ReceiptRecords, 'newest'> };
}

/** The one live stream of each participant. A client with a higher epoch fences the older one for good, across restarts. */
export class CheckIns {
  readonly #streams = new Map<string, Stream>();
  readonly #starts: Map<string, ClientStart>;
  readonly #options: CheckInsOptions;
  #closed = false;

  private constructor(options: CheckInsOptions, starts: Map<string, ClientStart>) {
    this.#options = options;
    this.#starts = starts;
  }

  static async open(options: CheckInsOptions): Promise<CheckIns> {
    return new CheckIns(options, await options.store.clientEpochs.all());
  }

  /** The highest epoch a client of this participant has shown; 0 before the first. */
  newestEpoch(participant: string): number {
    return this.#starts.get(participant)?.epoch ?? 0;
  }

  /**
   * Open a participant's stream, ending an older one. Its first message is the welcome, with what the participant's journal
   * must hold; the run hears of it afterwards.
   *
   * @param start epoch, one more at every start of the client, and the id of the start: equal ones are one client connecting
   *   again. @param gone fires when the caller is no longer there.
   * @returns call it when the stream is gone.
   * @throws `conflict` (rule `client.epoch`) when a newer client of this participant has been seen, or another start with the
   *   same epoch: one of the two runs from a copy; `unavailable` while stopping.
   */
  async open(
    caller: ParticipantCaller,
    start: ClientStart,
    stream: { readonly sink: AssignmentSink; readonly gone: AbortSignal; readonly welcome: Omit<Welcome, 'receipts'> },
  ): Promise<() => void> {
    this.#requireOpen();
    await this.#fence(caller.id, start);
    const receipts = await this.#options.store.receipts.newest(caller.id, welcomeRunsMax);
    // While these were read the client may have left, and a newer one may have come.
    this.#requireOpen();
    this.#requireNewest(caller.id, start);
    const { sink, gone, welcome } = stream;
    if (gone.aborted) return () => undefined;
    return this.#take(caller, sink, { ...welcome, receipts });
  }

  #take(caller: ParticipantCaller, sink: AssignmentSink, welcome: Welcome): () => void {
    this.#end(caller.id, (older) =>
      older.fail(
        new FederatedError('conflict', 'another client of this participant took over', {
          detail: { rule: 'client.epoch', participant: caller.id },
          fix: 'Run one client per participant.',
        }),
      ),
    );
    const stream: Stream = { caller, sink, sequence: 0, behind: 0, behindBytes: 0 };
    this.#streams.set(caller.id, stream);
    this.#write(stream, '', welcome);
    this.#options.listener.checkedIn(caller.id, caller.organization);
    return () => this.#gone(stream);
  }

  // A client whose stream was just ended comes back at once; taken in, it would hold the shutdown up.
  #requireOpen(): void {
    if (!this.#closed) return;
    throw new FederatedError('unavailable', 'the coordinator is stopping', { fix: 'Check in again later.' });
  }

  /** From here on older clients are refused, also by a coordinator that starts again. */
  async #fence(participant: string, start: ClientStart): Promise<void> {
    this.#requireNewest(participant, start);
    if (this.newestEpoch(participant) === start.epoch) return;
    await this.#options.store.clientEpochs.put(participant, start);
    if (this.newestEpoch(participant) < start.epoch) this.#starts.set(participant, start);
  }

  #requireNewest(participant: string, start: ClientStart): void {
    const newest = this.#starts.get(participant);
    if (newest === undefined || newest.epoch < start.epoch) return;
    const same = newest.epoch === start.epoch && equalBytes(newest.startId, start.startId);
    if (same) return;
    const twice = newest.epoch === start.epoch;
    throw new FederatedError(
      'conflict',
      twice
        ? `another client of this participant has epoch ${start.epoch} as well`
        : 'a newer client of this participant has checked in',
      {
        detail: { rule: 'client.epoch', participant, required: newest.epoch + 1, offered: start.epoch },
        fix: 'Run one client per participant, from one directory; stop this one, or restart it to take over.',
      },
    );
  }

  /** The reader has caught up. */
  drained(participant: string): void {
    const stream = this.#streams.get(participant);
    if (stream === undefined) return;
    stream.behind = 0;
    stream.behindBytes = 0;
  }

  /** To a participant that is gone: nothing happens; its next check-in brings it up to date. */
  send(to: string, runId: string, message: CoordinatorMessage): void {
    const stream = this.#streams.get(to);
    if (stream !== undefined) this.#write(stream, runId, message);
  }

  connected(): { readonly participant: string; readonly organization: string }[] {
    return [...this.#streams.values()].map(({ caller }) => ({
      participant: caller.id,
      organization: caller.organization,
    }));
  }

  isConnected(participant: string): boolean {
    return this.#streams.has(participant);
  }

  /** End a participant that may not stay, e.g. when its entry leaves the roster. */
  expel(participant: string, error: FederatedError): void {
    this.#end(participant, (sink) => sink.fail(error));
  }

  /** End every stream and open no more. @param why told to whoever is connected; without it the streams just end. */
  close(why?: FederatedError): void {
    this.#closed = true;
    const how = (sink: AssignmentSink) => (why === undefined ? sink.end() : sink.fail(why));
    for (const participant of [...this.#streams.keys()]) this.#end(participant, how);
  }

  #write(stream: Stream, runId: string, message: CoordinatorMessage | Welcome): void {
    const assignment = assignmentToWire({ sequence: ++stream.sequence, runId, message });
    const bytes = payloadBytes(assignment);
    this.#options.traffic.down(stream.caller.id, bytes);
    if (stream.sink.write(assignment)) return;
    stream.behind += 1;
    stream.behindBytes += bytes;
    if (stream.behind <= behindMax && stream.behindBytes <= behindBytesMax) return;
    this.#end(stream.caller.id, (sink) =>
      sink.fail(
        new FederatedError('unavailable', 'this client reads too slowly', {
          detail: { required: behindMax, offered: stream.behind },
          fix: 'Check in again.',
        }),
      ),
    );
  }

  #end(participant: string, how: (sink: AssignmentSink) => void): void {
    const stream = this.#streams.get(participant);
    if (stream === undefined) return;
    this.#streams.delete(participant);
    how(stream.sink);
    this.#options.listener.disconnected(participant);
  }

  #gone(stream: Stream): void {
    if (this.#streams.get(stream.caller.id) !== stream) return;
    this.#streams.delete(stream.caller.id);
    this.#options.listener.disconnected(stream.caller.id);
  }
}
