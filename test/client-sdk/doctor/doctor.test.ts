import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createSecureServer } from 'node:http2';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import {
  examine,
  type Finding,
  pauseParticipation,
  resumeParticipation,
  runParticipantCommand,
} from '@concordat/client-sdk';
import { createTlsAuthority, issueServerCertificate } from '@concordat/node';
import { expect } from 'chai';
import { TestConsortium } from '../../coordinator/consortium.js';
import { ConnectProxy } from '../../support/connect-proxy.js';

const hour = 3_600_000;

describe('a doctor at a participant', function () {
  this.timeout(30_000);
  let consortium: TestConsortium;
  let directory: string;
  let address: string;
  const servers: { close(): unknown }[] = [];
  const sockets = new Set<Socket>();

  before(async () => {
    consortium = await TestConsortium.open();
    directory = mkdtempSync(join(tmpdir(), 'concordat-doctor-'));
    await consortium.enrol('acme', directory);
    address = enrolled().address;
  });
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    for (const server of servers.splice(0)) server.close();
    moveTo(address);
  });
  after(async () => {
    await consortium.close();
    rmSync(directory, { recursive: true });
  });

  const enrolled = () => JSON.parse(readFileSync(join(directory, 'enrolment.json'), 'utf8')) as { address: string };
  const moveTo = (to: string) =>
    writeFileSync(join(directory, 'enrolment.json'), JSON.stringify({ ...enrolled(), address: to }));

  async function listen(server: Server): Promise<string> {
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    servers.push(server);
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  type Options = Partial<Parameters<typeof examine>[0]>;
  async function found(check: string, options: Options = {}): Promise<Finding> {
    const findings = await examine({ directory, flags: { directory, data: directory }, environment: {}, ...options });
    return findings.find((finding) => finding.check === check && finding.status !== 'skipped')!;
  }

  it('finds nothing wrong from the disk to the coordinator where nothing is', async () => {
    const findings = await examine({ directory, flags: { directory, data: directory }, environment: {} });
    // A machine for tests may have its temporary files in memory.
    const wrong = findings.filter(
      ({ status, check }) => status === 'problem' && check !== 'volume' && check !== 'disk',
    );
    expect(wrong.map(({ check, found: what }) => `${check}: ${what}`)).to.deep.equal([]);
    const passed = findings.filter(({ status }) => status === 'passed').map(({ check }) => check);
    expect(passed).to.include.members([
      'node',
      'journal',
      'keys',
      'certificate',
      'dns',
      'tcp',
      'tls',
      'http2',
      'clock',
      'versions',
      'identity',
    ]);
  });

  it('names a port where nobody listens, and a name that nobody knows', async () => {
    const closed = createServer();
    const nowhere = await listen(closed);
    closed.close();
    moveTo(nowhere);
    expect(await found('tcp')).to.include({
      status: 'problem',
      fix: 'Ask the operator whether the coordinator runs, and on this port.',
    });
    moveTo('coordinator.invalid:7443');
    expect((await found('dns')).found).to.match(/^coordinator\.invalid is not found/);
  });

  it('names the issuer of a certificate that opens TLS on the way', async () => {
    const inspector = await createTlsAuthority({ consortium: 'inspecting-firewall', now: Date.now() });
    const { certificatePem, privateKeyPem } = await issueServerCertificate(inspector, {
      names: ['127.0.0.1'],
      now: Date.now(),
    });
    moveTo(await listen(createTlsServer({ cert: certificatePem, key: privateKeyPem, ALPNProtocols: ['h2'] })));
    const { status, found: what, fix } = await found('tls');
    expect(status).to.equal('problem');
    expect(what).to.include('issued by “inspecting-firewall TLS authority”').and.to.include('opens TLS');
    expect(fix).to.include('exception for 127.0.0.1:');
  });

  it('names a port that speaks no TLS, and a line that is cut in the handshake', async () => {
    moveTo(await listen(createHttpServer((_, reply) => reply.end())));
    expect((await found('tls')).found).to.include('speaks no TLS');
    moveTo(await listen(createServer((socket) => socket.once('data', () => socket.resetAndDestroy()))));
    expect((await found('tls')).found).to.include('handshake');
  });

  it('names what knows no HTTP/2, and what answers something else', async () => {
    const at = (name: string) => readFileSync(join(consortium.directory, 'coordinator', name));
    const [cert, key] = [at('tls-certificate.pem'), at('tls-key.pem')];
    moveTo(await listen(createTlsServer({ cert, key, ALPNProtocols: ['http/1.1'] })));
    expect((await found('http2')).found).to.include('knows no HTTP/2');
    moveTo(await listen(createTlsServer({ cert, key })));
    expect((await found('http2')).found).to.include('agreed on no protocol instead of HTTP/2');
    const web = createSecureServer({ cert, key }, (_, reply) => reply.end('hello'));
    moveTo(await listen(web as unknown as Server));
    expect((await found('http2')).found).to.include('answers HTTP 200 of type none instead of gRPC');
  });

  it('names a clock that is wrong', async () => {
    const { status, found: what } = await found('clock', { wallMillis: () => Date.now() + hour });
    expect(status).to.equal('problem');
    expect(what).to.match(/^this machine is 36\d\d s ahead of the coordinator$/);
  });

  it('goes through the proxy that gRPC goes through, and names one that refuses', async () => {
    const proxy = await ConnectProxy.listen({ [address]: Number(address.split(':').at(-1)) });
    servers.push(proxy);
    const through = { grpc_proxy: proxy.url };
    expect((await found('tls', { environment: through })).status).to.equal('passed');
    expect(proxy.asked.splice(0)).to.include(address);
    // As participant.yaml names it: for the look at the line, and for the questions that follow.
    const named = { flags: { directory, data: directory, proxy: proxy.url } };
    expect((await found('identity', named)).status).to.equal('passed');
    expect(proxy.asked.splice(0)).to.deep.equal([address, address]);
    proxy.user = 'acme:secret';
    const refused = await found('tcp', { environment: through });
    expect(refused.found).to.include('the proxy answers 407');
    expect((await found('proxy', { environment: { https_proxy: 'socks://x' } })).status).to.equal('problem');
  });

  it('names a journal that is damaged, and that the organization has paused', async () => {
    await pauseParticipation(directory, { reason: 'an audit', now: Date.now() });
    expect((await found('participation')).found).to.include('an audit');
    await resumeParticipation(directory);
    writeFileSync(join(directory, 'client-epoch'), 'x');
    expect((await found('journal')).fix).to.include('participant recover');
    rmSync(join(directory, 'client-epoch'));
  });

  it('is a command that lists what it found and fails when something is wrong', async () => {
    const typed = async () => {
      let said = '';
      const io = { write: (text: string) => (said += text) };
      const args = ['doctor', '--directory', directory, '--data', directory];
      const exitCode = await runParticipantCommand(args, {
        stdout: io,
        stderr: io,
        environment: {},
        signal: new AbortController().signal,
      });
      return { exitCode, said };
    };
    moveTo('127.0.0.1:1');
    const { exitCode, said } = await typed();
    expect(exitCode).to.equal(2);
    expect(said)
      .to.match(/PROBLEM {2}tcp/)
      .and.to.match(/skipped {2}tls/)
      .and.to.match(/the doctor found \d+ problem/);
  });
});
