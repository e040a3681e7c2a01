import { PostgresServer, postgresPrograms } from './postgres-server.js';

let server: Promise<PostgresServer> | undefined;

/** The one server of this process, started at the first call; it ends with the process. */
export function sharedPostgres(): Promise<PostgresServer> {
  server ??= PostgresServer.start().then((started) => {
    started.endWithProcess();
    return started;
  });
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
