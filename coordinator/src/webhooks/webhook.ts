/** What a webhook may be told of. */
export const webhookEvents = [
  'approval-needed',
  'awaited-too-long',
  'certificate-expiring',
  'run-paused',
  'run-ended',
  'round-abandoned',
  'disputed',
] as const;

export type WebhookEvent = (typeof webhookEvents)[number];

/** Where notices go. */
export interface Webhook {
  /** https, or http where it was allowed. */
  readonly url: string;
  /** The key of the signatures, ≥ 16 bytes. Secret. */
  readonly secret: Uint8Array;
  readonly events: readonly WebhookEvent[];
}

/** One notice: no more about participants than `coordinator status` shows. */
export interface Notice {
  readonly event: WebhookEvent;
  /** What happened and what to do, for people. */
  readonly text: string;
  readonly run?: string;
  readonly round?: number;
  /** Ids, when it is about them. */
  readonly participants?: readonly string[];
  /** Section of docs/operating.md. */
  readonly runbook: string;
}
