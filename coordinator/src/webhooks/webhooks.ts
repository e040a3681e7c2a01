import { randomUUID } from 'node:crypto';
import { Delivery, type DeliveryOptions } from './delivery.js';
import type { Notice, Webhook } from './webhook.js';

/** All receivers of a coordinator's notices. */
export class Webhooks {
  readonly #deliveries: readonly Delivery[];
  readonly #options: Omit<DeliveryOptions, 'webhook'> & { readonly consortium: string };

  constructor(
    webhooks: readonly Webhook[],
    options: Omit<DeliveryOptions, 'webhook'> & { readonly consortium: string },
  ) {
    this.#options = options;
    this.#deliveries = webhooks.map((webhook) => new Delivery({ ...options, webhook }));
  }

  /** Returns at once. */
  tell(notice: Notice): void {
    const { consortium, wallMillis } = this.#options;
    const sent = { id: randomUUID(), at: new Date(wallMillis()).toISOString(), consortium, ...notice };
    for (const delivery of this.#deliveries) delivery.add(sent);
  }

  async close(): Promise<void> {
    await Promise.all(this.#deliveries.map((delivery) => delivery.close()));
  }
}
