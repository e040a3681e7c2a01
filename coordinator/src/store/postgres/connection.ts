import { readFile } from 'node:fs/promises';
import { checkServerIdentity } from 'node:tls';
import { FederatedError } from '@concordat/core';
import { type DatabaseUrl, type Environment, readSecretReference } from '@concordat/node';
import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import type { ClientConfig, Pool, PoolClient, types as Types } from 'pg';
import type { Tables } from '../database.js';
import { explainPostgres, isLost } from './errors.js';

/** A PostgreSQL database as it is configured. */
export interface PostgresLocation extends DatabaseUrl {
  /** `file:PATH` or `env:NAME`; without one, the server must let the user in by other means. */
  readonly password?: string;
  /** `verify`: TLS, and the server's certificate is checked for this host. */
  readonly tls: 'verify' | 'off';
  /** PEM of the authority of the server's certificate; those that Node trusts unless said. */
  readonly authorityFile?: string;
}

/** A database that answered. */
export interface PostgresConnection {
  readonly location: PostgresLocation;
  readonly rows: Kysely<Tables>;
  /** One statement, on a connection that no other work waits for. */
  query<Row extends object>(text: string, values?: readonly (string | number)[]): Promise<readonly Row[]>;
  /** @param heard called at every notification. @returns ends it. @throws `unavailable` (rule `store.unreachable`). */
  listen(channel: string, heard: () => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

const oldestServer = 130_000;
const connectMillis = 5_000;
const statementMillis = 10_000;
/**
 * A leader that is stopped in the middle of a transaction holds the lease's row: the server ends that transaction, well before the
 * lease runs out.
 */
const idleTransactionMillis = 5_000;
const connectionsMax = 6;
/** The server's number for the type of 64-bit whole numbers. */
const int8 = 20;

/**
 * Enter a database and look at it.
 *
 * @throws `unavailable`, `permission`, `invalid-argument`, `verification` (rules `store.…`), each with what to do.
 */
export async function connectPostgres(
  location: PostgresLocation,
  environment: Environment = process.env,
): Promise<PostgresConnection> {
  const { default: pg } = await import('pg');
  const settings = await settingsOf(location, environment, pg.types);
  const pool = new pg.Pool({ ...settings, max: connectionsMax });
  const control = new pg.Pool({ ...settings, max: 1 });
  // An idle connection that breaks is replaced by the next query, which tells if there is none.
  for (const one of [pool, control]) one.on('error', () => undefined);
  const rows = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: explaining(pool, location) }) });
  const connection: PostgresConnection = {
    location,
    rows,
    async query<Row extends object>(text: string, values: readonly (string | number)[] = []) {
      return queryOn(control, location, async (client) => (await client.query<Row>(text, [...values])).rows);
    },
    async listen(channel, heard) {
      const client = new pg.Client(settings);
      client.on('error', () => undefined);
      client.on('notification', heard);
      try {
        await client.connect();
        await client.query(`listen ${channel}`);
      } catch (error) {
        await client.end().catch(() => undefined);
        throw explainPostgres(error, location);
      }
      return () => client.end().catch(() => undefined);
    },
    close: async () => {
      await Promise.all([rows.destroy(), control.end()]);
    },
  };
  try {
    await requireServer(connection);
  } catch (error) {
    await connection.close();
    throw error;
  }
  return connection;
}

async function settingsOf(
  location: PostgresLocation,
  environment: Environment,
  types: typeof Types,
): Promise<ClientConfig> {
  const { host, port, user, database, tls, authorityFile, password } = location;
  const ca = authorityFile === undefined ? {} : { ca: await readFile(authorityFile, 'utf8') };
  return {
    host,
    port,
    user,
    database,
    // Asked for at every connection, so that a new password in the file is taken up.
    ...(password === undefined ? {} : { password: () => readSecretReference(password, environment) }),
    ssl:
      tls === 'off' || host.startsWith('/')
        ? false
        : { ...ca, rejectUnauthorized: true, checkServerIdentity: (_, shown) => checkServerIdentity(host, shown) },
    application_name: 'concordat-coordinator',
    keepAlive: true,
    connectionTimeoutMillis: connectMillis,
    query_timeout: statementMillis,
    // Whatever the server's own settings: an acknowledgement follows only what is on its disk.
    options: `-c synchronous_commit=on -c statement_timeout=${statementMillis} -c idle_in_transaction_session_timeout=${idleTransactionMillis}`,
    types: { getTypeParser: numbersFor(types) },
  };
}

/** Whole numbers of 64 bits come as text; ours are far below 2^53. */
function numbersFor(types: typeof Types): typeof Types.getTypeParser {
  const parser = (type: number, format?: 'text' | 'binary') =>
    type === int8 && format !== 'binary' ? Number : types.getTypeParser(type, format as 'text');
  return parser as typeof Types.getTypeParser;
}

/** A pool for the query builder. A connection on which nobody knows what became of a statement is not used again. */
function explaining(pool: Pool, location: PostgresLocation): PostgresPool {
  return {
    async connect(): Promise<PostgresPoolClient> {
      const client = await entered(pool, location);
      let lost = false;
      const query = async (text: string, values: readonly unknown[]) => {
        try {
          return await client.query(text, [...values]);
        } catch (error) {
          lost ||= isLost(error);
          throw explainPostgres(error, location);
        }
      };
      // What the server says between two statements, e.g. that it ended an idle transaction, the next statement finds out.
      const broke = () => {
        lost = true;
      };
      client.on('error', broke);
      const release = () => {
        client.off('error', broke);
        client.release(lost);
      };
      return { query: query as unknown as PostgresPoolClient['query'], release };
    },
    end: () => pool.end(),
  };
}

async function queryOn<Result>(
  pool: Pool,
  location: PostgresLocation,
  work: (client: PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await entered(pool, location);
  let lost = false;
  try {
    return await work(client);
  } catch (error) {
    lost = isLost(error);
    throw explainPostgres(error, location);
  } finally {
    client.release(lost);
  }
}

function entered(pool: Pool, location: PostgresLocation): Promise<PoolClient> {
  return pool.connect().catch((error: unknown) => {
    throw explainPostgres(error, location);
  });
}

async function requireServer(connection: PostgresConnection): Promise<void> {
  const [found] = await connection.query<{ readonly version: string }>(
    `select current_setting('server_version_num') as version`,
  );
  const version = Number(found?.version);
  if (version >= oldestServer) return;
  throw new FederatedError('invalid-argument', `PostgreSQL ${Math.floor(version / 10_000)} is too old`, {
    detail: { rule: 'store.database', required: oldestServer, offered: version },
  });
}
