import { createHash } from 'node:crypto';
import type { ParticipantMessage } from '@concordat/core';

/** What a message carries, for the egress log. */
export interface MessagePayload {
  /** e.g. `ready` or `share`. */
  readonly kind: string;
  /** Bytes of its fields, without the wire's framing. */
  readonly bytes: number;
  /** SHA-256 over its byte fields and texts in order, lower-case hex. */
  readonly digest: string;
}

/** What a refusal that nobody is sent carries. */
export const noPayload: MessagePayload = { kind: 'refusal', bytes: 0, digest: '' };

/** Size and digest of what a message says. */
export function payloadOf(message: ParticipantMessage): MessagePayload {
  const hash = createHash('sha256');
  const kind = message.type === 'session' ? message.frame.type : message.type;
  const { type: _, ...content } = message.type === 'session' ? message.frame : message;
  return { kind, bytes: addTo(hash, content), digest: hash.digest('hex') };
}

function addTo(hash: ReturnType<typeof createHash>, value: unknown): number {
  if (value instanceof Uint8Array || typeof value === 'string') {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    hash.update(bytes);
    return bytes.length;
  }
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce<number>((sum, item) => sum + addTo(hash, item), 0);
}
