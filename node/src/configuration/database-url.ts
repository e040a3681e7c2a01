/** Where a PostgreSQL database is, and as whom it is entered. Never the password. */
export interface DatabaseUrl {
  /** Name or address; a directory where a local socket is meant. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

const portUnlessSaid = 5432;
const namePattern = /^[a-z0-9_][a-z0-9_.-]{0,62}$/i;
const hostPattern = /^[a-z0-9:][a-z0-9.:_-]{0,252}$/i;
const directoryPattern = /^\/[a-z0-9/._-]{0,100}$/i;

/**
 * Read `postgres://USER@HOST:PORT/DATABASE`, or `postgres://USER@/DATABASE?host=/DIRECTORY` for a local socket.
 *
 * @returns undefined for anything else, a URL with a password in it included: it would be shown with the configuration.
 */
export function parseDatabaseUrl(text: string): DatabaseUrl | undefined {
  const found = /^postgres(?:ql)?:\/\/([^:@/?#]+)@([^@/?#]*)\/([^/?#]+)(?:\?host=([^&#]+))?$/.exec(text);
  if (found === null || text.length > 500) return undefined;
  const [, user = '', authority = '', database = '', directory] = found;
  const place = /^(\[[0-9a-f:.]+\]|[^:[\]]*)(?::([0-9]{1,5}))?$/i.exec(authority);
  if (place === null) return undefined;
  const port = place[2] === undefined ? portUnlessSaid : Number(place[2]);
  const named = (place[1] ?? '').replace(/^\[|\]$/g, '');
  if (directory !== undefined && named !== '') return undefined;
  const host = directory ?? named;
  const known = namePattern.test(user) && namePattern.test(database) && port >= 1 && port <= 65_535;
  return known && (directory === undefined ? hostPattern : directoryPattern).test(host)
    ? { host, port, user, database }
    : undefined;
}
