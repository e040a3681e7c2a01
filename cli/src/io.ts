/** Where a command writes, how it ends and what it may use. The commands of the doors ask for the same or less. */
export interface CommandIo {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: {
    readonly isTTY?: boolean | undefined;
    readonly columns?: number | undefined;
    write(text: string): unknown;
  };
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What is piped in; absent where nothing can be. */
  readonly stdin?: AsyncIterable<Uint8Array | string> & {
    readonly isTTY?: boolean | undefined;
    setRawMode?(raw: boolean): unknown;
  };
  /** Fires on Ctrl-C and SIGTERM: stop in an orderly way. */
  readonly signal: AbortSignal;
  /** Call `heard` at every SIGHUP; @returns stops that. Absent where there is no such signal. */
  onHangup?(heard: () => void): () => void;
  /** Sent to the coordinator with every call, and shown with an error. */
  readonly correlationId: string;
  /** How the command ended; 0 unless called. */
  exit(code: number): void;
}
