/** Where a command writes, how it ends and what it may use. The commands touch neither the process nor its streams. */
export interface CommandIo {
  readonly stdout: {
    /** Results: JSON or lines for people. */
    write(text: string): unknown;
  };
  readonly stderr: {
    readonly isTTY?: boolean | undefined;
    /** What goes on meanwhile, and log lines. */
    write(text: string): unknown;
  };
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What is piped in; absent where nothing can be. */
  readonly stdin?: AsyncIterable<Uint8Array | string> & {
    readonly isTTY?: boolean | undefined;
    /** Of a terminal: whether keys come as they are typed, unseen. */
    setRawMode?(raw: boolean): unknown;
  };
  /** Fires when the person or the system wants the command to end. */
  readonly signal: AbortSignal;
  /** Sent to the coordinator with every call, and shown with an error. */
  readonly correlationId?: string;
  /** How the command ended; 0 unless called. */
  exit(code: number): void;
}
