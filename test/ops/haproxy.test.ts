import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OperatorClient } from '@concordat/coordinator';
import { parseNetworks } from '@concordat/node';
import { expect } from 'chai';
import { TestConsortium } from '../coordinator/consortium.js';

const settings = readFileSync('ops/haproxy/haproxy.cfg', 'utf8');
const program = spawnSync('haproxy', ['-v'], { encoding: 'utf8' });

/** A suite that needs HAProxy; where that is not installed it is skipped, and says so. */
function describeHaproxy(title: string, body: (this: Mocha.Suite) => void): void {
  if (program.status === 0) {
    describe(title, body);
    return;
  }
  process.stderr.write(`\n!! SKIPPED, since HAProxy is not installed: ${title}\n`);
  describe.skip(title, body);
}

/** A port that nobody has now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, 'close');
  return port;
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

describeHaproxy('a coordinator behind HAProxy, with the settings of ops/haproxy', function () {
  this.timeout(60_000);
  let consortium: TestConsortium;
  let directory: string;
  let haproxy: ChildProcess | undefined;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-haproxy-'));
    const proxies = parseNetworks('127.0.0.1')!;
    const listen = { host: '127.0.0.1', port: 0, trustedProxies: proxies };
    consortium = await TestConsortium.open({
      configuration: { address: '127.0.0.1:0', listen, logLevel: 'info' },
    });
  });
  afterEach(async () => {
    haproxy?.kill('SIGKILL');
    if (haproxy !== undefined) await once(haproxy, 'close');
    haproxy = undefined;
  });
  after(async () => {
    await consortium.close();
    rmSync(directory, { recursive: true });
  });

  /** @returns an operator that dials HAProxy. */
  async function through(text: string): Promise<OperatorClient> {
    const port = await freePort();
    const own = text
      .replace('bind :7443', `bind 127.0.0.1:${port}`)
      .replace('10.0.0.5:7443', `127.0.0.1:${consortium.coordinator.port}`);
    const file = join(directory, 'haproxy.cfg');
    writeFileSync(file, own);
    haproxy = spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' });
    while (!(await isOpen(port))) await sleep(20);
    return new OperatorClient({ ...consortium.operatorKeys, address: `127.0.0.1:${port}` });
  }

  it('answers who comes through it', async () => {
    const operator = await through(settings);
    expect((await operator.status()).state).to.equal('serving');
    operator.close();
  });

  it('answers nobody when it does not say where a connection comes from', async () => {
    const operator = await through(settings.replace('send-proxy-v2 check-send-proxy', ''));
    const error = await operator.status().catch((failure: unknown) => failure);
    expect(error).to.have.property('code', 'unavailable');
    operator.close();
  });
});
