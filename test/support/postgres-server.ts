import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectPostgres, type PostgresLocation } from '@concordat/coordinator';
import { type CertifiedKey, systemClock } from '@concordat/node';

/** Where distributions put the programs of PostgreSQL, newest first; they are in nobody's PATH. */
const installed = '/usr/lib/postgresql';

/** @returns the directory with `initdb` and `postgres`; undefined where PostgreSQL is not installed. */
export function postgresPrograms(): string | undefined {
  const versions = existsSync(installed) ? readdirSync(installed).sort((a, b) => Number(b) - Number(a)) : [];
  const places = [
    ...versions.map((version) => join(installed, version, 'bin')),
    ...(process.env.PATH ?? '').split(':'),
  ];
  return places.find((place) => existsSync(join(place, 'initdb')) && existsSync(join(place, 'postgres')));
}

/** A PostgreSQL server of a test's own: in a temporary directory, on a local socket and a free port of the loopback. */
export class PostgresServer {
  readonly directory: string;
  readonly port: number;
  readonly #programs: string;
  #child: ChildProcess;
  #databases = 0;

  private constructor(directory: string, port: number, programs: string, child: ChildProcess) {
    this.directory = directory;
    this.port = port;
    this.#programs = programs;
    this.#child = child;
  }

  /** @throws when it is not installed. */
  static async start(): Promise<PostgresServer> {
    const programs = postgresPrograms();
    if (programs === undefined) throw new Error('PostgreSQL is not installed');
    const directory = mkdtempSync(join(tmpdir(), 'concordat-postgres-'));
    const { uid, gid } = unprivileged();
    if (uid !== undefined) chownSync(directory, uid, gid ?? uid);
    const data = join(directory, 'data');
    // Not the order of bytes: what depends on the order of the database shows.
    const order = ['--locale=C', '--locale-provider=icu', '--icu-locale=en'];
    const args = ['-D', data, '-U', 'postgres', '-E', 'UTF8', '-A', 'trust', '--no-sync', ...order];
    const made = spawnSync(join(programs, 'initdb'), args, { ...unprivileged(), cwd: directory, encoding: 'utf8' });
    if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
    writeFileSync(join(data, 'pg_hba.conf'), 'local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n');
    // No machine loses its power here.
    appendFileSync(join(data, 'postgresql.conf'), 'fsync = off\nfull_page_writes = off\n');
    const port = await freePort();
    const server = new PostgresServer(directory, port, programs, launch(programs, directory, port));
    await server.ready();
    return server;
  }

  /** Of a database, over the local socket. */
  location(database: string): PostgresLocation {
    return { host: this.directory, port: this.port, user: 'postgres', database, tls: 'off' };
  }

  url(database: string): string {
    return `postgres://postgres@:${this.port}/${database}?host=${this.directory}`;
  }

  /** @returns the name of a new, empty database. */
  async createDatabase(): Promise<string> {
    const name = `test${++this.#databases}`;
    await this.execute('postgres', `create database ${name}`);
    return name;
  }

  async execute<Row extends object>(database: string, statement: string): Promise<readonly Row[]> {
    const connection = await connectPostgres(this.location(database));
    try {
      return await connection.query<Row>(statement);
    } finally {
      await connection.close();
    }
  }

  /** From now on it also speaks TLS. */
  async secure(shown: CertifiedKey): Promise<void> {
    const { uid, gid } = unprivileged();
    for (const [name, text] of [
      ['server.crt', shown.certificatePem],
      ['server.key', shown.privateKeyPem],
    ] as const) {
      const path = join(this.directory, 'data', name);
      writeFileSync(path, text, { mode: 0o600 });
      if (uid !== undefined) chownSync(path, uid, gid ?? uid);
    }
    appendFileSync(join(this.directory, 'data', 'postgresql.conf'), 'ssl = on\n');
    await this.halt();
    await this.resume();
  }

  /** End it in an orderly way. */
  async halt(): Promise<void> {
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGINT');
    await closed;
  }

  async resume(): Promise<void> {
    this.#child = launch(this.#programs, this.directory, this.port);
    await this.ready();
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.halt();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** From now on it keeps no process from its end, and leaves nothing behind at it. */
  endWithProcess(): void {
    this.#child.unref();
    process.once('exit', () => {
      const args = ['-D', join(this.directory, 'data'), '-m', 'immediate', 'stop'];
      spawnSync(join(this.#programs, 'pg_ctl'), args, { ...unprivileged(), cwd: this.directory, stdio: 'ignore' });
      rmSync(this.directory, { recursive: true, force: true });
    });
  }

  async ready(): Promise<void> {
    for (;;) {
      if (this.#child.exitCode !== null) throw new Error('PostgreSQL does not start');
      const answered = await this.execute('postgres', 'select 1 as one').then(
        () => true,
        () => false,
      );
      if (answered) return;
      await systemClock.sleep(20);
    }
  }
}

function launch(programs: string, directory: string, port: number): ChildProcess {
  const args = ['-D', join(directory, 'data'), '-k', directory, '-p', String(port), '-h', '127.0.0.1'];
  const child = spawn(join(programs, 'postgres'), args, { ...unprivileged(), cwd: directory, stdio: 'ignore' });
  const reap = () => child.kill('SIGQUIT');
  process.once('exit', reap);
  child.once('close', () => process.off('exit', reap));
  return child;
}

/** PostgreSQL refuses to run as root: then it runs as its own user, else as nobody. */
function unprivileged(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const of = (option: string) => Number(spawnSync('id', [option, 'postgres'], { encoding: 'utf8' }).stdout);
  const [uid, gid] = [of('-u'), of('-g')];
  return uid > 0 ? { uid, gid } : { uid: 65_534, gid: 65_534 };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}
