import { join } from 'node:path';
import {
  connectPostgres,
  openPostgresStore,
  openStore,
  prepareLease,
  type Store,
  takeLease,
} from '@concordat/coordinator';
import { systemClock } from '@concordat/node';
import Libsql from 'libsql';
import { describePostgres, sharedPostgres } from './postgres.js';

/** One of the databases that hold a coordinator's records. */
export interface StoreKind {
  readonly name: 'a file' | 'PostgreSQL';
  /** Open, and create when absent, the store that belongs to a directory. */
  open(directory: string): Promise<Store>;
  /** Run a statement behind the store's back; it is closed. */
  execute(directory: string, statement: string): Promise<void>;
}

const file: StoreKind = {
  name: 'a file',
  open: (directory) => openStore(directory),
  async execute(directory, statement) {
    const database = new Libsql(join(directory, 'coordinator.db'));
    database.exec(statement);
    database.close();
  },
};

/** The database of each directory. */
const databases = new Map<string, Promise<string>>();

function databaseOf(directory: string): Promise<string> {
  const known = databases.get(directory) ?? sharedPostgres().then((server) => server.createDatabase());
  databases.set(directory, known);
  return known;
}

const postgres: StoreKind = {
  name: 'PostgreSQL',
  async open(directory) {
    const server = await sharedPostgres();
    const connection = await connectPostgres(server.location(await databaseOf(directory)));
    await prepareLease(connection);
    const lease = await takeLease(connection, '127.0.0.1:7443', systemClock);
    if (lease === undefined) {
      await connection.close();
      throw new Error('somebody else leads');
    }
    return openPostgresStore({ connection, lease, directory });
  },
  async execute(directory, statement) {
    await (await sharedPostgres()).execute(await databaseOf(directory), statement);
  },
};

/** A suite for each database: what it claims of records holds whichever keeps them. */
export function describeStores(title: string, body: (this: Mocha.Suite, kind: StoreKind) => void): void {
  describe(`${title}, in a file`, function () {
    body.call(this, file);
  });
  describePostgres(`${title}, in PostgreSQL`, function () {
    body.call(this, postgres);
  });
}
