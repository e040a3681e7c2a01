import { FederatedError } from '@concordat/core';
import type { Clock } from '@concordat/node';
import type { Logger } from 'pino';
import type { PostgresConnection } from './store/postgres/connection.js';
import { isLost } from './store/postgres/errors.js';
import { type Lease, leaseChannel, leaseStanding, prepareLease, takeLease } from './store/postgres/lease.js';

/** What answers on the coordinator's port while another one leads. */
export interface Standby {
  close(): Promise<void>;
}

export interface LeadershipOptions {
  readonly connection: PostgresConnection;
  /** host:port that participants dial here. */
  readonly address: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Give up waiting. */
  readonly signal: AbortSignal | undefined;
  /** Open what answers meanwhile. @param leader its address now; empty when nobody leads. */
  readonly standBy: (leader: () => string) => Promise<Standby>;
}

/** The lead, and what still answers on the port until the leader does. */
export interface Lead {
  readonly lease: Lease;
  readonly standby?: Standby;
}

/** A lease that ran out is noticed so soon; one that was given back, at once. */
const lookMillis = 1_000;

/**
 * Lead, as soon as nobody else does. It looks once a second, and whenever the database says that the lease changed hands.
 *
 * @throws `unavailable` (rule `coordinator.leader`) when the signal fires before; rules `store.…` while it was never led from here.
 */
export async function takeLead(options: LeadershipOptions): Promise<Lead> {
  const { connection, address, clock } = options;
  await prepareLease(connection);
  const lease = await takeLease(connection, address, clock);
  return lease === undefined ? waitForLead(options) : { lease };
}

async function waitForLead({ connection, address, clock, log, signal, standBy }: LeadershipOptions): Promise<Lead> {
  const changes = new Changes();
  let leader = (await leaseStanding(connection)).address;
  let stopListening = await connection.listen(leaseChannel, () => changes.tell());
  let standby: Standby | undefined;
  try {
    standby = await standBy(() => leader);
    for (;;) {
      await changes.next(clock, signal);
      if (signal?.aborted === true) break;
      try {
        const lease = await takeLease(connection, address, clock);
        if (lease !== undefined) {
          leader = '';
          return { lease, standby };
        }
        leader = (await leaseStanding(connection)).address;
        if (!changes.isDeaf) continue;
        await stopListening();
        stopListening = await connection.listen(leaseChannel, () => changes.tell());
        changes.isDeaf = false;
      } catch (error) {
        if (!isLost(error)) throw error;
        changes.isDeaf = true;
        log.warn({ reason: (error as Error).message }, 'standing by without the database');
      }
    }
    throw new FederatedError('unavailable', 'told to stop while standing by', {
      detail: { rule: 'coordinator.leader', leader },
    });
  } catch (error) {
    await standby?.close();
    throw error;
  } finally {
    await stopListening();
  }
}

/** Something to wait for: a change that was told, or a look in any case. */
class Changes {
  /** The line on which changes are told broke with the database. */
  isDeaf = false;
  #told = new AbortController();

  tell(): void {
    this.#told.abort();
  }

  async next(clock: Clock, signal: AbortSignal | undefined): Promise<void> {
    const { signal: told } = this.#told;
    await clock.sleep(lookMillis, signal === undefined ? told : AbortSignal.any([signal, told]));
    this.#told = new AbortController();
  }
}
