import type { CoordinatorMessage, ParticipantMessage } from '@concordat/core';

/** Message → how often it was sent and how many bytes of keys, boxes, digests, signatures and bodies it carried. */
export type Traffic = Readonly<Record<string, { readonly messages: number; readonly bytes: number }>>;

/** Counts what crosses the links, in the order first seen. */
export class TrafficCounter {
  #counts: Record<string, Traffic[string]> = {};

  count(message: CoordinatorMessage | ParticipantMessage): void {
    this.add(message.type === 'session' ? message.frame.type : message.type, payloadBytes(message));
  }

  add(name: string, bytes: number): void {
    const { messages, bytes: before } = this.#counts[name] ?? { messages: 0, bytes: 0 };
    this.#counts[name] = { messages: messages + 1, bytes: before + bytes };
  }

  /** What was counted since the last time. */
  take(): Traffic {
    const counts = this.#counts;
    this.#counts = {};
    return counts;
  }
}

function payloadBytes(value: unknown): number {
  if (value instanceof Uint8Array) return value.length;
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce((sum: number, item) => sum + payloadBytes(item), 0);
}
