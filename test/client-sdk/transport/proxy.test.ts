import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import {
  type ClientEvent,
  enroll,
  FederatedClient,
  parseProxy,
  proxyOfEnvironment,
  readEgress,
} from '@concordat/client-sdk';
import { steppingTrainer, testPolicy } from '@concordat/client-sdk/testing';
import { decodeInvitation, encodeInvitation } from '@concordat/core';
import { expect } from 'chai';
import { refusalOf, TestConsortium } from '../../coordinator/consortium.js';
import { TcpProxy } from '../../fault/tcp-proxy.js';
import { ConnectProxy } from '../../support/connect-proxy.js';

const bin = resolve(import.meta.dirname, '../../../../client-sdk/dist/bin/concordat-participant.js');
/** Nobody but the proxy knows where this is. */
const host = 'fl.example.test';
const address = `${host}:7443`;

describe('a participant behind an HTTP proxy', function () {
  this.timeout(60_000);
  let consortium: TestConsortium;
  let proxy: ConnectProxy;
  let root: string;
  let directory: string;

  const invitationFor = async (name: string) => {
    const invitation = decodeInvitation(await consortium.operator.invite(name, name, 0));
    return encodeInvitation({ ...invitation, address });
  };

  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'concordat-proxy-'));
    directory = join(root, 'acme');
    consortium = await TestConsortium.open({}, ['127.0.0.1', host]);
    proxy = await ConnectProxy.listen({ [address]: consortium.coordinator.port });
    const onPending = (fingerprint: string) => void consortium.operator.admit('acme', fingerprint);
    await enroll({ invitation: await invitationFor('acme'), directory, pollMillis: 1, onPending, proxy: proxy.url });
  });

  afterEach(() => {
    proxy.refusal = undefined;
    proxy.user = undefined;
    proxy.asked.length = 0;
  });

  after(async () => {
    await proxy.close();
    await consortium.close();
    rmSync(root, { recursive: true, force: true });
  });

  /** Take part until one of these events has come. */
  const until = async (url: string, ...types: readonly ClientEvent['type'][]): Promise<ClientEvent> => {
    const stop = new AbortController();
    let found: ClientEvent | undefined;
    const client = await FederatedClient.open({
      directory,
      policy: testPolicy,
      trainer: steppingTrainer(),
      proxy: url,
      onEvent: (event) => {
        if (!types.includes(event.type)) return;
        found ??= event;
        stop.abort();
      },
    });
    try {
      await client.run({ signal: stop.signal });
    } finally {
      await client.close();
    }
    return found!;
  };

  it('reaches its coordinator by a name that the proxy alone knows', async () => {
    const event = await until(proxy.url, 'connected', 'disconnected');
    expect(event).to.include({ type: 'connected', address });
    expect(new Set(proxy.asked)).to.deep.equal(new Set([address]));
  });

  it('tells the proxy its user, and nobody else', async () => {
    proxy.user = 'acme:s3cr et';
    const event = await until(proxy.url.replace('//', '//acme:s3cr%20et@'), 'connected', 'disconnected');
    expect(event.type).to.equal('connected');
    expect(JSON.stringify(event)).to.not.match(/s3cr/);
  });

  it('is told what the proxy answers instead, and goes on trying', async () => {
    proxy.user = 'acme:secret';
    const event = await until(proxy.url, 'connected', 'disconnected');
    expect(event.type === 'disconnected' && event.reason).to.equal('the proxy answers 407');
    proxy.refusal = '403 Forbidden';
    const other = await until(proxy.url, 'connected', 'disconnected');
    expect(other.type === 'disconnected' && other.reason).to.equal('the proxy answers 403');
  });

  it('has all that it wrote to the proxy in its egress log, also where the proxy refused', async () => {
    const sum = (of: readonly number[]) => of.reduce((all, bytes) => all + bytes, 0);
    const logged = async () => sum((await readEgress(directory)).entries.map(({ socketBytes }) => socketBytes));
    for (const refusal of [undefined, '403 Forbidden']) {
      proxy.refusal = refusal;
      const counting = await TcpProxy.listen(Number(new URL(proxy.url).port));
      const before = await logged();
      await until(`http://127.0.0.1:${counting.port}`, 'connected', 'disconnected');
      const passed = sum(counting.passed.map(({ up }) => up));
      expect((await logged()) - before, refusal)
        .to.equal(passed)
        .and.to.be.greaterThan(50);
      await counting.close();
    }
  });

  it('enrols nowhere when the proxy refuses, and says by which rule', async () => {
    const invitation = await invitationFor('delta');
    proxy.refusal = '403 Forbidden';
    const stop = new AbortController();
    const enrolling = enroll({
      invitation,
      directory: join(root, 'delta'),
      proxy: proxy.url,
      signal: stop.signal,
      clock: {
        monotonicMillis: () => proxy.asked.length * 20_000,
        after: () => () => undefined,
        sleep: async () => undefined,
      },
    });
    expect(await refusalOf(enrolling)).to.equal('unavailable proxy.refused');
  });

  it('takes the proxy of participant.yaml, and its user from a file', async () => {
    proxy.user = 'acme:secret';
    writeFileSync(join(directory, 'proxy-user'), 'acme:secret\n', { mode: 0o600 });
    mkdirSync(join(root, 'data'));
    writeFileSync(
      join(root, 'data/points.csv'),
      `x,y\n${Array.from({ length: 20 }, (_, i) => `${i / 20},${i % 2 ? 'b' : 'a'}`).join('\n')}\n`,
    );
    writeFileSync(
      join(root, 'data/data.yaml'),
      `schema: concordat/data/1
columns:
  - { name: x, type: number }
  - { name: y, type: category, categories: [a, b], target: true }
source: { kind: csv, files: [points.csv] }
`,
    );
    const settings = `data: ../data\nproxy: ${proxy.url}\nproxyUser: file:proxy-user\n`;
    writeFileSync(join(directory, 'participant.yaml'), settings);
    const said = await firstOf(['serve', '--directory', directory, '--json'], 'connected', 'disconnected');
    expect(said).to.include({ type: 'connected', address });
    expect(proxy.asked).to.include(address);
    const shown = await outputOf(['config', 'show', '--directory', directory, '--json']);
    expect(shown).to.include('file:').and.not.include('acme:secret');
  });

  it('never quotes a proxy that has its user in the file', async () => {
    writeFileSync(join(directory, 'participant.yaml'), 'data: ../data\nproxy: http://acme:hunter2@proxy:3128\n');
    const shown = await outputOf(['config', 'check', '--directory', directory, '--json']);
    expect(shown).to.include('without a user').and.not.include('hunter2');
    chmodSync(join(directory, 'participant.yaml'), 0o600);
  });

  it('takes the proxy of the environment as other programs do', () => {
    const of = (environment: Record<string, string>) => proxyOfEnvironment(host, environment)?.host;
    expect(of({})).to.equal(undefined);
    expect(of({ http_proxy: 'http://a:1', https_proxy: 'http://b:2', grpc_proxy: 'http://c:3' })).to.equal('c:3');
    expect(of({ http_proxy: 'http://a:1', https_proxy: 'http://b:2' })).to.equal('b:2');
    expect(of({ http_proxy: 'http://a:1', no_proxy: 'localhost, example.test' })).to.equal(undefined);
    expect(of({ http_proxy: 'http://a:1', no_proxy: 'example.org' })).to.equal('a:1');
    expect(proxyOfEnvironment('10.1.2.3', { http_proxy: 'http://a:1', no_proxy: '10.1.0.0/16' })).to.equal(undefined);
    for (const wrong of ['https://a:1', 'socks5://a:1', 'a:1', 'http://%zz@a:1']) {
      expect(() => parseProxy(wrong), wrong).to.throw('the proxy is no http:// URL');
    }
  });

  it('reaches its coordinator as the environment says', async () => {
    writeFileSync(join(directory, 'participant.yaml'), 'data: ../data\n');
    const said = await firstOf(['serve', '--directory', directory, '--json'], 'connected', 'disconnected');
    expect(said.type, 'nobody knows the name').to.equal('disconnected');
    const environment = { https_proxy: proxy.url };
    const through = await firstOf(
      ['serve', '--directory', directory, '--json'],
      'connected',
      'disconnected',
      environment,
    );
    expect(through).to.include({ type: 'connected', address });
  });
});

type Line = Readonly<Record<string, unknown>> & { readonly type: string };

/** The first event of one of these types that a command says; the command is ended then. */
async function firstOf(
  args: readonly string[],
  one: string,
  other: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<Line> {
  const child = spawn(process.execPath, [bin, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  });
  const closed = once(child, 'close');
  try {
    for await (const text of createInterface({ input: child.stdout })) {
      const line = JSON.parse(text) as Line;
      if (line.type === one || line.type === other) return line;
    }
    throw new Error('it ended without either');
  } finally {
    child.kill('SIGTERM');
    await closed;
  }
}

async function outputOf(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk));
  await once(child, 'close');
  return text;
}
