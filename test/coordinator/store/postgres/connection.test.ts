import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { connectPostgres, type PostgresLocation } from '@concordat/coordinator';
import { FederatedError } from '@concordat/core';
import { createTlsAuthority, issueServerCertificate } from '@concordat/node';
import { expect } from 'chai';
import { describePostgres } from '../../../support/postgres.js';
import { PostgresServer } from '../../../support/postgres-server.js';

const password = 'canary-of-a-password';

describePostgres('a connection to PostgreSQL', () => {
  let server: PostgresServer;
  let directory: string;
  let overTcp: PostgresLocation;

  before(async function () {
    this.timeout(60_000);
    directory = mkdtempSync(join(tmpdir(), 'concordat-connection-'));
    server = await PostgresServer.start();
    await server.execute('postgres', `create role keeper login password '${password}'`);
    const authority = await createTlsAuthority({ consortium: 'database', now: Date.now() });
    const shown = await issueServerCertificate(authority, { names: ['127.0.0.1'], now: Date.now() });
    writeFileSync(join(directory, 'authority.pem'), authority.certificatePem);
    await server.secure(shown);
    overTcp = {
      host: '127.0.0.1',
      port: server.port,
      user: 'keeper',
      database: 'postgres',
      tls: 'verify',
      authorityFile: join(directory, 'authority.pem'),
      password: 'env:KEEPER_PASSWORD',
    };
  });

  after(async () => {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Code and rule of the refusal; nothing of the password may be in it. */
  async function refused(location: PostgresLocation, secret = password): Promise<string> {
    try {
      await (await connectPostgres(location, { KEEPER_PASSWORD: secret })).close();
      return 'nothing';
    } catch (error) {
      if (!(error instanceof FederatedError)) return String(error);
      if (secret !== '') expect(inspect(error, { depth: 10, showHidden: true })).to.not.include(secret);
      return `${error.code} ${String(error.detail.rule ?? '')}`.trim();
    }
  }

  it('goes over TLS, to the certificate of the authority that is named', async () => {
    const connection = await connectPostgres(overTcp, { KEEPER_PASSWORD: password });
    expect(await connection.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()')).to.deep.equal([
      { ssl: true },
    ]);
    await connection.close();
    const { authorityFile: _, ...unnamed } = overTcp;
    expect(await refused(unnamed)).to.equal('verification store.certificate');
    expect(await refused({ ...overTcp, host: 'localhost' })).to.equal('verification store.certificate');
  });

  it('takes the password from a file that nobody else can read, anew for every connection', async () => {
    const path = join(directory, 'password');
    writeFileSync(path, 'an older one\n', { mode: 0o600 });
    const location = { ...overTcp, password: `file:${path}` };
    expect(await refused(location)).to.equal('permission store.login');
    writeFileSync(path, `${password}\n`);
    expect(await refused(location)).to.equal('nothing');
    writeFileSync(path, 'open', { mode: 0o644 });
    rmSync(path);
    writeFileSync(path, password, { mode: 0o644 });
    expect(await refused(location)).to.equal('permission');
  });

  it('names what is wrong: login, database, server', async () => {
    expect(await refused(overTcp, 'another-password')).to.equal('permission store.login');
    expect(await refused(overTcp, '')).to.equal('invalid-argument');
    const { password: _, ...without } = overTcp;
    expect(await refused(without)).to.equal('permission store.login');
    expect(await refused({ ...overTcp, database: 'nowhere' })).to.equal('invalid-argument store.database');
    expect(await refused({ ...overTcp, port: 1 })).to.equal('unavailable store.unreachable');
    expect(await refused({ ...overTcp, host: directory })).to.equal('unavailable store.unreachable');
  });

  it('gives whole numbers as numbers', async () => {
    const connection = await connectPostgres(server.location('postgres'));
    expect(await connection.query('select count(*) as n, 4000000000::bigint as big')).to.deep.equal([
      { n: 1, big: 4_000_000_000 },
    ]);
    await connection.close();
  });
});
