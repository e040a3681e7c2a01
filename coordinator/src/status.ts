/** One run as status shows it. */
export interface RunStatus {
  readonly run: string;
  readonly state: string;
  readonly modelVersion: number;
  /** Hex. */
  readonly modelHash: string;
  readonly planHash: string;
  readonly rounds?: number;
  readonly reason: string;
}

/** What `coordinator status` prints. */
export interface CoordinatorStatus {
  readonly consortium: string;
  readonly software: string;
  readonly state: 'serving' | 'draining';
  readonly rosterEpoch: number;
  /** Hex. */
  readonly rosterHash: string;
  readonly participants: readonly {
    readonly participant: string;
    readonly organization: string;
    readonly connected: boolean;
  }[];
  /** The run going on or last ended in this process. */
  readonly current?: RunStatus;
  /** Newest first. */
  readonly runs: readonly RunStatus[];
  readonly traffic: readonly {
    readonly participant: string;
    readonly uploadBytes: number;
    readonly downloadBytes: number;
  }[];
  /** Whether anything limits what models tell about records. */
  readonly privacy: 'no differential privacy guarantee';
}
