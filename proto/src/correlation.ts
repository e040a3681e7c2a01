/** Metadata of a call that says which command or client it belongs to. */
export const correlationHeader = 'concordat-correlation-id';

/** A random name for everything one command or client asks: 16 hexadecimal digits. Not a secret. */
export function newCorrelationId(): string {
  const words = crypto.getRandomValues(new Uint32Array(2));
  return [...words].map((word) => word.toString(16).padStart(8, '0')).join('');
}

/** What a peer sent as its correlation id, if it is one; it goes into logs, so nothing else passes. */
export function readCorrelationId(value: unknown): string | undefined {
  return typeof value === 'string' && /^[0-9a-f]{16}$/.test(value) ? value : undefined;
}
