/** Bytes of one participant, since the coordinator started. */
export interface ParticipantTraffic {
  readonly participant: string;
  /** Participant → coordinator. */
  readonly uploadBytes: number;
  readonly downloadBytes: number;
}

/** Counts payload bytes per participant and direction: vectors, models and message bodies, without TLS and framing. */
export class Traffic {
  readonly #counts = new Map<string, { up: number; down: number }>();

  up(participant: string, bytes: number): void {
    this.#of(participant).up += bytes;
  }

  down(participant: string, bytes: number): void {
    this.#of(participant).down += bytes;
  }

  /** Over all participants. */
  total(): { readonly uploadBytes: number; readonly downloadBytes: number } {
    let [uploadBytes, downloadBytes] = [0, 0];
    for (const { up, down } of this.#counts.values()) {
      uploadBytes += up;
      downloadBytes += down;
    }
    return { uploadBytes, downloadBytes };
  }

  byParticipant(): ParticipantTraffic[] {
    return [...this.#counts].map(([participant, { up, down }]) => ({
      participant,
      uploadBytes: up,
      downloadBytes: down,
    }));
  }

  #of(participant: string): { up: number; down: number } {
    const known = this.#counts.get(participant);
    if (known !== undefined) return known;
    const fresh = { up: 0, down: 0 };
    this.#counts.set(participant, fresh);
    return fresh;
  }
}

/** Bytes that a message carries: lengths of its byte strings and texts, wherever they are, and 4 for every number. */
export function payloadBytes(message: unknown): number {
  if (message instanceof Uint8Array) return message.byteLength;
  if (typeof message === 'string') return message.length;
  if (typeof message === 'number') return 4;
  if (typeof message !== 'object' || message === null) return 0;
  let bytes = 0;
  for (const member of Object.values(message)) bytes += payloadBytes(member);
  return bytes;
}
