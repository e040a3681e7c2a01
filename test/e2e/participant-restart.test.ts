import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { TestConsortium } from '../coordinator/consortium.js';
import { moveTo } from '../support/moved-participant.js';
import { resetSocket } from '../support/reset-socket.js';

const bin = resolve(import.meta.dirname, '../../../client-sdk/dist/bin/concordat-participant.js');

type Line = Readonly<Record<string, unknown>>;

/** A `serve` of its own process, and what it says. */
class Serving {
  readonly lines: Line[] = [];
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;
  #heard: () => void = () => undefined;

  constructor(...args: string[]) {
    this.#child = spawn(process.execPath, [bin, 'serve', ...args, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.ended = once(this.#child, 'close').then(([code]) => code as number | null);
    createInterface({ input: this.#child.stdout! }).on('line', (text) => {
      this.lines.push(JSON.parse(text) as Line);
      this.#heard();
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  signal(name: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(name);
    return this.ended;
  }

  count(type: string): number {
    return this.lines.filter((line) => line.type === type).length;
  }

  /** Resolves when it has said `type` that often. */
  async says(type: string, times = 1): Promise<Line> {
    while (this.count(type) < times) {
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    }
    return this.lines.filter((line) => line.type === type)[times - 1]!;
  }
}

describe('a participant served by processes', function () {
  this.timeout(60_000);
  let consortium: TestConsortium;
  let directory: string;
  let proxy: Server;
  const sockets: Socket[] = [];
  const serving: Serving[] = [];

  const serve = (...args: string[]) => {
    const one = new Serving('--directory', join(directory, 'acme'), '--data', join(directory, 'data'), ...args);
    serving.push(one);
    return one;
  };

  before(async () => {
    consortium = await TestConsortium.open();
    directory = mkdtempSync(join(tmpdir(), 'concordat-restart-'));
    proxy = createServer((client) => {
      const server = connect(consortium.coordinator.port, '127.0.0.1');
      client.pipe(server).pipe(client);
      // Half of a connection that is gone would be held open, and its client wait in a handshake with nobody.
      client.on('error', () => client.destroy()).on('close', () => server.destroy());
      server.on('error', () => server.destroy()).on('close', () => client.destroy());
      sockets.push(client, server);
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    await consortium.enrol('acme', join(directory, 'acme'));
    const { port } = proxy.address() as { port: number };
    moveTo(join(directory, 'acme'), `127.0.0.1:${port}`);
    writeIdx(join(directory, 'data'));
  });

  afterEach(async () => {
    await Promise.all(serving.splice(0).map((one) => one.signal('SIGKILL')));
  });

  after(async () => {
    proxy.close();
    for (const socket of sockets) socket.destroy();
    await consortium.close();
    rmSync(directory, { recursive: true });
  });

  it('comes back by itself when its connection is reset and when the coordinator starts again, and says when', async () => {
    const one = serve();
    const connected = await one.says('connected');
    expect(connected.at).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(connected.correlationId).to.match(/^[0-9a-f]{16}$/);
    for (const socket of sockets.splice(0)) resetSocket(socket);
    await one.says('connected', 2);
    expect(one.lines.find(({ type }) => type === 'disconnected'))
      .to.have.property('retryMillis')
      .that.is.within(0, 250);
    await consortium.restart();
    await one.says('connected', 3);
    expect(await one.signal('SIGTERM')).to.equal(0);
  });

  it('starts again after a kill, and a second one stands by until then', async () => {
    const first = serve();
    await first.says('connected');
    const second = serve('--standby');
    const { pid } = await second.says('standing-by');
    expect(pid).to.equal(first.pid);
    expect(second.count('connected') + second.count('engine')).to.equal(0);
    await first.signal('SIGKILL');
    await second.says('connected');
    const third = serve();
    expect(await third.ended).to.equal(1);
    expect((third.lines.at(-1)!.error as Line).code).to.equal('conflict');
    expect(await second.signal('SIGTERM')).to.equal(0);
  });

  it('that stands by ends with a signal, well', async () => {
    const first = serve();
    await first.says('connected');
    const second = serve('--standby');
    await second.says('standing-by');
    expect(await second.signal('SIGTERM')).to.equal(0);
    expect((second.lines.at(-1)!.data as Line).outcome).to.equal('stopped');
  });
});

/** Twenty images of 2 × 2 pixels in two classes. */
function writeIdx(place: string): void {
  const images = Buffer.alloc(16 + 20 * 4, 7);
  for (const [at, value] of [0x803, 20, 2, 2].entries()) images.writeUInt32BE(value, 4 * at);
  const labels = Buffer.alloc(8 + 20);
  for (const [at, value] of [0x801, 20].entries()) labels.writeUInt32BE(value, 4 * at);
  for (let i = 0; i < 20; i++) labels[8 + i] = i % 2;
  mkdirSync(place);
  writeFileSync(join(place, 'images.idx3-ubyte'), images);
  writeFileSync(join(place, 'labels.idx1-ubyte'), labels);
}
