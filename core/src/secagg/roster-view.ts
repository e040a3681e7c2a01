/** What a session needs to know of one roster member. */
export interface RosterEntry {
  readonly organization: string;
  /** Ed25519 identity key, 32 bytes. */
  readonly publicKey: Uint8Array;
}

/** participantId → entry: the members of the approved roster epoch who may take part. */
export type RosterView = ReadonlyMap<string, RosterEntry>;
