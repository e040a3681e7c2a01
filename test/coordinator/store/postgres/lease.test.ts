import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  connectPostgres,
  type Lease,
  leaseStanding,
  openPostgresStore,
  type PostgresConnection,
  prepareLease,
  type Store,
  takeLease,
} from '@concordat/coordinator';
import { type Clock, systemClock } from '@concordat/node';
import { expect } from 'chai';
import { describePostgres, sharedPostgres } from '../../../support/postgres.js';
import type { PostgresServer } from '../../../support/postgres-server.js';
import { refusalOf } from '../../consortium.js';

const entry = { run: 'spring', round: 1, kind: 'paused', body: Uint8Array.of(1) };

/** Stands still until it is moved; what is due then fires. */
function standingClock(): Clock & { move(millis: number): void } {
  let now = 0;
  const waiting = new Map<() => void, number>();
  return {
    ...systemClock,
    monotonicMillis: () => now,
    after(afterMillis, fire) {
      waiting.set(fire, now + afterMillis);
      return () => void waiting.delete(fire);
    },
    move(millis) {
      now += millis;
      for (const [fire, due] of [...waiting]) if (due <= now && waiting.delete(fire)) fire();
    },
  };
}

describePostgres('the lease of a leader', () => {
  let server: PostgresServer;
  let database: string;
  let directory: string;
  let clock: ReturnType<typeof standingClock>;
  const connections: PostgresConnection[] = [];
  const stores: Store[] = [];

  beforeEach(async () => {
    server = await sharedPostgres();
    database = await server.createDatabase();
    directory = mkdtempSync(join(tmpdir(), 'concordat-lease-'));
    clock = standingClock();
  });

  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
    for (const connection of connections.splice(0)) await connection.close();
    rmSync(directory, { recursive: true, force: true });
  });

  async function connected(): Promise<PostgresConnection> {
    const connection = await connectPostgres(server.location(database));
    await prepareLease(connection);
    return connection;
  }

  async function leading(address: string): Promise<{ readonly lease: Lease; readonly store: Store }> {
    const connection = await connected();
    const lease = await takeLease(connection, address, clock);
    if (lease === undefined) throw new Error('somebody else leads');
    const store = await openPostgresStore({ connection, lease, directory });
    stores.push(store);
    return { lease, store };
  }

  const runOut = () => server.execute(database, "update concordat_lease set expires = '-infinity'");
  const epochs = async () =>
    (await server.execute<{ epoch: number }>(database, 'select epoch from events order by seq')).map(
      (row) => row.epoch,
    );

  it('is taken by one, and by another when it ran out or was given back, each in an epoch of its own', async () => {
    const first = await leading('a.example:1');
    const other = await connected();
    connections.push(other);
    expect(await takeLease(other, 'b.example:1', clock)).to.equal(undefined);
    expect(await leaseStanding(other)).to.deep.equal({ epoch: 1, address: 'a.example:1' });
    await first.lease.release();
    expect(await leaseStanding(other)).to.deep.equal({ epoch: 1, address: '' });
    const second = await takeLease(other, 'b.example:1', clock);
    expect(second?.epoch).to.equal(2);
    await second?.release();
  });

  it('lets whoever lost it write nothing, and names who leads', async () => {
    const { lease, store } = await leading('a.example:1');
    await store.journal.append([entry]);
    await runOut();
    const next = await leading('b.example:1');
    const refused = store.journal.append([entry]);
    expect(await refusalOf(refused)).to.equal('unavailable coordinator.leader');
    expect((await lease.lost).detail.leader).to.equal('b.example:1');
    expect(await refusalOf(store.clientEpochs.put('acme', { epoch: 1, startId: new Uint8Array(16) }))).to.equal(
      'unavailable coordinator.leader',
    );
    await next.store.journal.append([entry]);
    expect(await epochs()).to.deep.equal([1, 2]);
  });

  it('is waited for by whoever takes it while a transaction of the leader is open, and that one counts', async () => {
    const { store } = await leading('a.example:1');
    let taken: Promise<Lease | undefined> | undefined;
    const other = await connected();
    connections.push(other);
    await runOut();
    await store.journal.append([entry], {
      write: async () => {
        taken = takeLease(other, 'b.example:1', clock);
        await blocked();
      },
    });
    const lease = await taken;
    expect(lease?.epoch).to.equal(2);
    expect(await epochs()).to.deep.equal([1]);
    await lease?.release();
  });

  /** Until somebody waits for the row. */
  async function blocked(): Promise<void> {
    for (;;) {
      const [found] = await server.execute<{ n: number }>(
        database,
        "select count(*) as n from pg_stat_activity where wait_event_type = 'Lock'",
      );
      if (found!.n > 0) return;
    }
  }

  it('is given up ten seconds after the last renewal, by the clock of the leader', async () => {
    const { lease, store } = await leading('a.example:1');
    clock.move(9_999);
    await store.journal.append([entry]);
    clock.move(20_000);
    expect((await lease.lost).message).to.include('could not be renewed');
    expect(await refusalOf(store.journal.append([entry]))).to.equal('unavailable coordinator.leader');
    expect(await epochs()).to.deep.equal([1]);
  });
});
