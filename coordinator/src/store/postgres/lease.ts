import { randomBytes } from 'node:crypto';
import { FederatedError } from '@concordat/core';
import type { Clock } from '@concordat/node';
import { sql, type Transaction } from 'kysely';
import type { Tables } from '../database.js';
import type { PostgresConnection } from './connection.js';
import { isLost } from './errors.js';

/** Others take a lease over that was not renewed for so long, by the database's clock. */
const leaseMillis = 15_000;
const renewMillis = 5_000;
/** A renewal that failed is tried again so soon. */
const againMillis = 1_000;
/** A leader that could not renew for so long, by its own monotonic clock, leads no more: 5 s before anybody else may. */
const fenceMillis = 10_000;

/** Notified at every change of the lease. */
export const leaseChannel = 'concordat_lease';

/** Who leads. */
export interface LeaseStanding {
  readonly epoch: number;
  /** host:port that participants dial; empty when nobody leads. */
  readonly address: string;
}

/**
 * The lease is one row, outside the versions of the schema: a coordinator must be able to stand by before it may change a table.
 * Only the database's clock decides that it ran out.
 */
export async function prepareLease({ query }: PostgresConnection): Promise<void> {
  const [found] = await query<{ readonly exists: boolean }>(
    `select to_regclass('concordat_lease') is not null as exists`,
  );
  if (found?.exists === true) return;
  // Two that start at once would both find no table.
  await query(`do $$ begin
    perform pg_advisory_xact_lock(hashtext('concordat_lease'));
    create table if not exists concordat_lease (
      id integer primary key check (id = 1), epoch bigint not null, holder text not null, address text not null,
      expires timestamptz not null);
    insert into concordat_lease values (1, 0, '', '', '-infinity') on conflict do nothing;
  end $$`);
}

/** @returns who leads now, and the epoch in which somebody did last. */
export async function leaseStanding({ query }: PostgresConnection): Promise<LeaseStanding> {
  const [row] = await query<LeaseStanding>(
    `select epoch, case when expires > clock_timestamp() then address else '' end as address from concordat_lease`,
  );
  return row ?? { epoch: 0, address: '' };
}

/**
 * Lead, when nobody does.
 *
 * @param address host:port that participants dial. @param clock monotonic; the lease itself runs by the database's.
 * @returns undefined while somebody leads, or ends a transaction in which it did.
 */
export async function takeLease(
  connection: PostgresConnection,
  address: string,
  clock: Clock,
): Promise<Lease | undefined> {
  const begun = clock.monotonicMillis();
  const holder = randomBytes(8).toString('hex');
  const [row] = await connection.query<{ readonly epoch: number }>(
    `with taken as (
       update concordat_lease set epoch = epoch + 1, holder = $1, address = $2,
         expires = clock_timestamp() + ${leaseMillis} * interval '1 millisecond'
       where id = 1 and expires < clock_timestamp() returning epoch)
     select epoch, pg_notify('${leaseChannel}', '') from taken`,
    [holder, address],
  );
  return row === undefined ? undefined : new Lease({ connection, clock, epoch: row.epoch, address }, begun);
}

interface LeaseOptions {
  readonly connection: PostgresConnection;
  readonly clock: Clock;
  readonly epoch: number;
  readonly address: string;
}

/** The right to write, renewed until it is released or lost. It is lost for good: whoever lost it starts again. */
export class Lease {
  readonly #options: LeaseOptions;
  #address: string;
  #fenceAt: number;
  #cancel: () => void = () => undefined;
  #cancelFence: () => void = () => undefined;
  #over: FederatedError | undefined;
  #say!: (why: FederatedError) => void;
  /** Resolves with the reason when it is lost; never after a release. */
  readonly lost: Promise<FederatedError> = new Promise((resolve) => {
    this.#say = resolve;
  });

  constructor(options: LeaseOptions, begun: number) {
    this.#options = options;
    this.#address = options.address;
    this.#fenceAt = begun + fenceMillis;
    this.#renewAfter(renewMillis);
    this.#armFence();
  }

  get epoch(): number {
    return this.#options.epoch;
  }

  /**
   * Hold the lease's row until the transaction ends, and see that it is still ours: whoever takes the lease over waits for the
   * transaction, and one that comes later finds the other epoch.
   *
   * @throws `unavailable` (rule `coordinator.leader`).
   */
  async requireIn(transaction: Transaction<Tables>): Promise<void> {
    this.requireHeld();
    const found = await sql<LeaseStanding>`select epoch, address from concordat_lease where id = 1 for share`.execute(
      transaction,
    );
    const [row] = found.rows;
    if (row?.epoch === this.epoch) return;
    throw this.lose(otherLeads(row?.address ?? ''));
  }

  /** Without asking the database. @throws `unavailable` (rule `coordinator.leader`) once it is lost, released, or too old. */
  requireHeld(): void {
    if (this.#over !== undefined) throw this.#over;
    if (this.#options.clock.monotonicMillis() >= this.#fenceAt) throw this.lose(notRenewed());
  }

  /** Lead no more, for this reason; the first counts. @returns it. */
  lose(why: FederatedError): FederatedError {
    if (this.#over === undefined) {
      this.#end(why);
      this.#say(why);
    }
    return this.#over ?? why;
  }

  /** Others are told this address from now on. */
  async announce(address: string): Promise<void> {
    this.#address = address;
    await this.#options.connection.query('update concordat_lease set address = $2 where id = 1 and epoch = $1', [
      this.epoch,
      address,
    ]);
  }

  /** Let others take it at once. */
  async release(): Promise<void> {
    const held = this.#over === undefined;
    this.#end(otherLeads(''));
    if (!held) return;
    await this.#options.connection.query(
      `with released as (
         update concordat_lease set expires = '-infinity', address = '' where id = 1 and epoch = $1 returning epoch)
       select pg_notify('${leaseChannel}', '') from released`,
      [this.epoch],
    );
  }

  #end(why: FederatedError): void {
    this.#over ??= why;
    this.#cancel();
    this.#cancelFence();
  }

  #renewAfter(millis: number): void {
    this.#cancel = this.#options.clock.after(millis, () => void this.#renew());
  }

  #armFence(): void {
    const { clock } = this.#options;
    this.#cancelFence();
    this.#cancelFence = clock.after(Math.max(0, this.#fenceAt - clock.monotonicMillis()), () => {
      if (this.#over === undefined) this.lose(notRenewed());
    });
  }

  async #renew(): Promise<void> {
    const { connection, clock } = this.#options;
    const begun = clock.monotonicMillis();
    try {
      const rows = await connection.query(
        `update concordat_lease set expires = clock_timestamp() + ${leaseMillis} * interval '1 millisecond', address = $2
         where id = 1 and epoch = $1 returning epoch`,
        [this.epoch, this.#address],
      );
      if (this.#over !== undefined) return;
      if (rows.length === 0) {
        this.lose(otherLeads((await leaseStanding(connection)).address));
        return;
      }
      this.#fenceAt = begun + fenceMillis;
      this.#armFence();
      this.#renewAfter(renewMillis);
    } catch (error) {
      if (this.#over !== undefined) return;
      if (isLost(error)) this.#renewAfter(againMillis);
      else this.lose(new FederatedError('internal', 'the lease cannot be renewed', { cause: error }));
    }
  }
}

/** @param address of the leader; empty when it is not known. */
export function otherLeads(address: string): FederatedError {
  const who = address === '' ? 'another coordinator is to lead' : `the coordinator at ${address} leads`;
  return new FederatedError('unavailable', who, { detail: { rule: 'coordinator.leader', leader: address } });
}

function notRenewed(): FederatedError {
  return new FederatedError('unavailable', `the lease could not be renewed for ${fenceMillis / 1000} s`, {
    detail: { rule: 'coordinator.leader', leader: '' },
  });
}
