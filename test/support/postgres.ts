import { PostgresServer, postgresPrograms } from './postgres-server.js';

let server: Promise<PostgresServer> | undefined;

/** The one server of this run of the tests, started at the first call. */
export function sharedPostgres(): Promise<PostgresServer> {
  server ??= PostgresServer.start();
  return server;
}

/** A suite that needs PostgreSQL; where that is not installed it is skipped, and says so. */
export function describePostgres(title: string, body: (this: Mocha.Suite) => void): void {
  if (postgresPrograms() !== undefined) {
    describe(title, body);
    return;
  }
  process.stderr.write(`\n!! SKIPPED, since PostgreSQL is not installed: ${title}\n`);
  describe.skip(title, body);
}

after(async () => {
  await (await server)?.stop();
});
