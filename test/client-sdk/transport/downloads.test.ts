import { type ChildProcess, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { type Connection, Downloads, type DownloadsOptions, systemClock } from '@concordat/client-sdk';
import { chunkToWire, type wire } from '@concordat/proto';
import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { failureOf, type Handlers, TestConsortium, virtualClock } from './test-coordinator.js';

type Get = NonNullable<Handlers['Blobs']>['Get'] & object;
type GetCall = Parameters<Get>[0];

const blob = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
const sha256 = new Uint8Array(createHash('sha256').update(blob).digest());
/** What is kept on the disk may be larger than this. */
const maxBytes = 5_000_000;
const pieceBytes = 200_000;
const piece = (at: number, of = blob) => chunkToWire(at, of.subarray(at, at + pieceBytes));
const wrong = blob.map((byte) => byte ^ 1);

describe('downloads on the disk', () => {
  let consortium: TestConsortium;
  let directory: string;
  let running: { address: string; stop(): Promise<void> } | undefined;
  const open: Connection[] = [];
  const children: ChildProcess[] = [];

  before(async () => {
    consortium = await TestConsortium.make();
  });

  beforeEach(() => {
    directory = join(mkdtempSync(join(tmpdir(), 'downloads-')), 'downloads');
  });

  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    for (const connection of open.splice(0)) connection.close();
    await running?.stop();
    running = undefined;
    rmSync(join(directory, '..'), { recursive: true });
  });

  const partPath = () => join(directory, `${Buffer.from(sha256).toString('hex')}.part`);
  const left = () => (existsSync(directory) ? readdirSync(directory) : []);

  /** Offsets that were asked for. */
  const offsets: number[] = [];

  async function serve(get: (call: GetCall, offset: number) => void): Promise<void> {
    offsets.length = 0;
    running = await consortium.serve({
      Blobs: {
        Get(call) {
          offsets.push(call.request.offset);
          get(call, call.request.offset);
        },
      },
    });
  }

  /** As a client of another process: nothing but the directory is the same. */
  async function another(options?: DownloadsOptions): Promise<Connection> {
    const downloads = new Downloads(directory, options);
    const connection = await consortium.connection(running!.address, { downloads });
    open.push(connection);
    return connection;
  }

  function send(call: GetCall, from: number, to = blob.length, of = blob): void {
    const first = { sizeBytes: blob.length, ...(from < to ? { chunk: piece(from, of) } : {}) };
    call.write(first);
    for (let at = from + pieceBytes; at < to; at += pieceBytes) call.write({ chunk: piece(at, of) });
  }

  function only(call: GetCall, message: wire.BlobChunk): void {
    call.write(message);
    call.end();
  }

  function sendPart(call: GetCall, from: number, to: number): void {
    send(call, from, to);
    call.end();
  }

  function sendAll(call: GetCall, from: number, of = blob): void {
    send(call, from, blob.length, of);
    call.end();
  }

  /** So many bytes of the blob came, and were taken. */
  async function arrived(connection: Connection, bytes: number): Promise<void> {
    while (connection.traffic.downloadBytes < bytes) await setImmediate();
    await setImmediate();
  }

  /** The first bytes of `of` are on the disk. */
  function leftBehind(bytes: number, of = blob): void {
    mkdirSync(directory, { recursive: true });
    writeFileSync(partPath(), of.subarray(0, bytes));
  }

  it('go on where a line broke, and leave nothing when they are whole', async () => {
    await serve((call, offset) => {
      if (offset === 2_800_000) return sendAll(call, offset);
      send(call, offset, offset + 1_300_000);
      call.emit('error', { code: status.UNAVAILABLE, details: 'going down' });
    });
    const found = await (await another()).getBlob(sha256, { maxBytes });
    expect(Buffer.from(found).equals(blob)).to.equal(true);
    expect([offsets, left()]).to.deep.equal([[0, 1_400_000, 2_800_000], []]);
  });

  it('have what they came in collected, in a process that says how', async () => {
    await serve(sendAll);
    let collections = 0;
    await (await another({ collectGarbage: () => collections++ })).getBlob(sha256, { maxBytes });
    // Three copies of three million bytes are once 8 MiB.
    expect(collections).to.equal(1);
  });

  it('go on in another process where one was stopped', async () => {
    const stop = new AbortController();
    await serve((call, offset) => {
      if (offset > 0) return sendAll(call, offset);
      send(call, 0, 1_000_000);
      call.on('cancelled', () => call.end());
    });
    const connection = await another();
    const stopped = failureOf(connection.getBlob(sha256, { maxBytes, signal: stop.signal }));
    await arrived(connection, 1_000_000);
    stop.abort();
    expect((await stopped).error.message).to.equal('stopped by the caller');
    const kept = readFileSync(partPath()).length;
    expect(readFileSync(partPath()).equals(blob.subarray(0, kept))).to.equal(true);
    const found = await (await another()).getBlob(sha256, { maxBytes });
    expect(Buffer.from(found).equals(blob)).to.equal(true);
    expect(offsets).to.deep.equal([0, kept]);
    expect(kept).to.be.greaterThan(500_000);
  });

  it('are on the disk a second after they arrived, and what arrives later a second later', async () => {
    const clock = virtualClock();
    let held: GetCall | undefined;
    await serve((call) => {
      held = call;
      send(call, 0, 1_000_000);
    });
    const connection = await another({ clock });
    const found = connection.getBlob(sha256, { maxBytes });
    for (const [from, to] of [
      [0, 1_000_000],
      [1_000_000, blob.length],
    ] as const) {
      await arrived(connection, to);
      clock.fire(999);
      expect(readFileSync(partPath()).length).to.equal(from);
      while (readFileSync(partPath()).length < to) {
        clock.fire(1_000);
        await setImmediate();
      }
      expect(readFileSync(partPath()).equals(blob.subarray(0, to))).to.equal(true);
      if (to < blob.length) for (let at = to; at < blob.length; at += pieceBytes) held!.write({ chunk: piece(at) });
    }
    held!.end();
    expect(Buffer.from(await found).equals(blob)).to.equal(true);
    expect(left()).to.deep.equal([]);
  });

  it('are never written when they are over before', async () => {
    let held: GetCall | undefined;
    await serve((call) => {
      held = call;
      send(call, 0);
    });
    const connection = await another({ clock: virtualClock() });
    const found = connection.getBlob(sha256, { maxBytes });
    await arrived(connection, blob.length);
    const file = openSync(partPath(), 'r');
    held!.end();
    expect(Buffer.from(await found).equals(blob)).to.equal(true);
    expect([fstatSync(file).size, left()]).to.deep.equal([0, []]);
    closeSync(file);
  });

  it('go on after a process was killed', async function () {
    this.timeout(30_000);
    const program = resolve(import.meta.dirname, 'downloading-program.js');
    await serve((call, offset) => {
      if (offset > 0) sendAll(call, offset);
      else send(call, 0, 2_000_000);
    });
    const key = await consortium.clientKey();
    const child = fork(program, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    children.push(child);
    child.send({
      directory,
      address: running!.address,
      sha256: Buffer.from(sha256).toString('hex'),
      maxBytes,
      consortium: consortium.id,
      authorityPem: consortium.authority.certificatePem,
      tlsAuthoritySha256: consortium.tlsAuthoritySha256,
      ...key,
    });
    while (!existsSync(partPath()) || readFileSync(partPath()).length === 0) await systemClock.sleep(5);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const kept = readFileSync(partPath()).length;
    const found = await (await another()).getBlob(sha256, { maxBytes });
    expect(Buffer.from(found).equals(blob)).to.equal(true);
    expect(offsets).to.deep.equal([0, kept]);
  });

  it('ask for nothing twice that is there whole', async () => {
    leftBehind(blob.length);
    await serve((call, offset) => sendAll(call, offset));
    const found = await (await another()).getBlob(sha256, { maxBytes });
    expect(Buffer.from(found).equals(blob)).to.equal(true);
    expect([offsets, left()]).to.deep.equal([[blob.length], []]);
  });

  const spoiled: [string, () => void, number[]][] = [
    ['bytes of another blob', () => leftBehind(600_000, wrong), [600_000, 0]],
    ['more bytes than may be', () => writeFileSync(partPath(), new Uint8Array(maxBytes + 1)), [0]],
    ['more bytes than the blob has', () => writeFileSync(partPath(), new Uint8Array(blob.length + 1)), [3_000_001, 0]],
  ];
  for (const [what, spoil, asked] of spoiled) {
    it(`throw away ${what}, and fetch all of it`, async () => {
      mkdirSync(directory, { recursive: true });
      spoil();
      await serve((call, offset) => {
        if (offset <= blob.length) sendAll(call, offset);
        else call.emit('error', { code: status.INVALID_ARGUMENT, details: 'the offset is behind the end' });
      });
      const found = await (await another()).getBlob(sha256, { maxBytes });
      expect(Buffer.from(found).equals(blob)).to.equal(true);
      expect([offsets, left()]).to.deep.equal([asked, []]);
    });
  }

  describe('from a coordinator that lies about the rest', () => {
    const lies: [string, (call: GetCall, offset: number) => void, string, string | undefined][] = [
      ['sends other bytes', (call, offset) => sendAll(call, offset, wrong), 'verification', 'blob.digest'],
      [
        'sends more bytes than it announced',
        (call, offset) => {
          send(call, offset);
          call.write({ chunk: chunkToWire(blob.length, blob.subarray(0, 10)) });
          call.end();
        },
        'malformed',
        undefined,
      ],
      ['sends fewer', (call, offset) => sendPart(call, offset, offset + pieceBytes), 'malformed', undefined],
      ['goes on before where it was asked', (call) => sendAll(call, 400_000), 'malformed', undefined],
      ['goes on behind where it was asked', (call) => sendAll(call, 800_000), 'malformed', undefined],
      ['announces less than is there', (call) => only(call, { sizeBytes: 1_000 }), 'malformed', undefined],
      ['announces terabytes', (call) => only(call, { sizeBytes: 2 ** 42 }), 'refused', 'blob.size'],
    ];
    for (const [what, lie, code, rule] of lies) {
      it(`and ${what}: it is refused by name, and leaves nothing on the disk`, async () => {
        leftBehind(600_000);
        await serve(lie);
        const found = await failureOf((await another()).getBlob(sha256, { maxBytes }));
        expect([found.code, found.rule, left()]).to.deep.equal([code, rule, []]);
        expect(offsets).to.deep.equal(rule === 'blob.size' ? [600_000] : [600_000, 0]);
      });

      if (rule !== 'blob.size') {
        it(`and ${what}, but tells the truth from the first byte on: the blob is the right one`, async () => {
          leftBehind(600_000);
          await serve((call, offset) => (offset === 0 ? sendAll(call, 0) : lie(call, offset)));
          const found = await (await another()).getBlob(sha256, { maxBytes });
          expect(Buffer.from(found).equals(blob)).to.equal(true);
          expect([offsets, left()]).to.deep.equal([[600_000, 0], []]);
        });
      }
    }
  });

  it('of one blob take turns', async () => {
    await serve((call, offset) => sendAll(call, offset));
    const connection = await another();
    const found = await Promise.all([1, 2, 3].map(() => connection.getBlob(sha256, { maxBytes })));
    for (const one of found) expect(Buffer.from(one).equals(blob)).to.equal(true);
    expect([offsets, left()]).to.deep.equal([[0, 0, 0], []]);
  });

  it('leave three at most that nobody goes on with', async () => {
    leftBehind(1_000);
    for (let day = 1; day <= 5; day++) {
      const path = join(directory, `${'0'.repeat(63)}${day}.part`);
      writeFileSync(path, new Uint8Array(10));
      utimesSync(path, day * 86_400, day * 86_400);
    }
    await serve((call, offset) => sendAll(call, offset));
    await (await another()).getBlob(sha256, { maxBytes });
    expect(left().map((name) => name[63])).to.have.members(['3', '4', '5']);
  });

  it('say by name that the disk does not take them', async () => {
    writeFileSync(directory, '');
    await serve((call, offset) => sendAll(call, offset));
    const { code, rule } = await failureOf((await another()).getBlob(sha256, { maxBytes }));
    expect([code, rule]).to.deep.equal(['unavailable', 'download.disk']);
  });

  it('keep what is small in memory', async () => {
    const small: wire.BlobChunk = { sizeBytes: 10, chunk: chunkToWire(0, blob.subarray(0, 10)) };
    await serve((call) => only(call, small));
    const digest = new Uint8Array(createHash('sha256').update(blob.subarray(0, 10)).digest());
    await (await another()).getBlob(digest, { maxBytes: 4_000_000 });
    expect(existsSync(directory)).to.equal(false);
  });
});
