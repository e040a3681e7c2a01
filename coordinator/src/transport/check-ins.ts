import { type CoordinatorMessage, FederatedError } from '@concordat/core';
import { assignmentToWire, type Welcome, type wire } from '@concordat/proto';
import { payloadBytes, type Traffic } from '../run/traffic.js';
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

interface Stream {
  readonly caller: ParticipantCaller;
  readonly clientEpoch: number;
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

/** The one live stream of each participant. A client with a higher epoch fences the older one for good. */
export class CheckIns {
  readonly #streams = new Map<string, Stream>();
  readonly #epochs = new Map<string, number>();
  readonly #listener: CheckInListener;
  readonly #traffic: Traffic;
  #closed = false;

  constructor(listener: CheckInListener, traffic: Traffic) {
    this.#listener = listener;
    this.#traffic = traffic;
  }

  /**
   * Open a participant's stream, ending an older one.
   *
   * @param clientEpoch increases by one at every start of the client; equal epochs are one client connecting again.
   * @returns call it when the stream is gone.
   * @throws `conflict` when a newer client of this participant has been seen; `unavailable` while stopping.
   */
  open(caller: ParticipantCaller, clientEpoch: number, sink: AssignmentSink, welcome: Welcome): () => void {
    // A client whose stream was just ended comes back at once; taken in, it would hold the shutdown up.
    if (this.#closed)
      throw new FederatedError('unavailable', 'the coordinator is stopping', { fix: 'Check in again later.' });
    const newest = this.#epochs.get(caller.id) ?? 0;
    if (clientEpoch < newest) {
      throw new FederatedError('conflict', 'a newer client of this participant is connected', {
        detail: { participant: caller.id, required: newest, offered: clientEpoch },
        fix: 'Run one client per participant; stop this one, or restart it to take over.',
      });
    }
    this.#epochs.set(caller.id, clientEpoch);
    this.#end(caller.id, (older) =>
      older.fail(
        new FederatedError('conflict', 'another client of this participant took over', {
          detail: { participant: caller.id },
        }),
      ),
    );
    const stream: Stream = { caller, clientEpoch, sink, sequence: 0, behind: 0, behindBytes: 0 };
    this.#streams.set(caller.id, stream);
    this.#write(stream, '', welcome);
    this.#listener.checkedIn(caller.id, caller.organization);
    return () => this.#gone(stream);
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

  /** End every stream and open no more. */
  close(): void {
    this.#closed = true;
    for (const participant of [...this.#streams.keys()]) this.#end(participant, (sink) => sink.end());
  }

  #write(stream: Stream, runId: string, message: CoordinatorMessage | Welcome): void {
    const assignment = assignmentToWire({ sequence: ++stream.sequence, runId, message });
    const bytes = payloadBytes(assignment);
    this.#traffic.down(stream.caller.id, bytes);
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
    this.#listener.disconnected(participant);
  }

  #gone(stream: Stream): void {
    if (this.#streams.get(stream.caller.id) !== stream) return;
    this.#streams.delete(stream.caller.id);
    this.#listener.disconnected(stream.caller.id);
  }
}
