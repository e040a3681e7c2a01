import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from '@concordat/client-sdk';
import { bounds, FederatedError, type Signed } from '@concordat/core';
import type { ReceiveWindows } from '@concordat/node';
import { chunkFromWire, chunkToWire, type wire } from '@concordat/proto';
import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { failure, failureOf, type Handlers, TestConsortium, virtualClock } from './test-coordinator.js';

const pattern = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
const header: Signed = { body: pattern(40), signature: pattern(64) };

describe('bulk bytes', () => {
  let consortium: TestConsortium;
  let running: { address: string; stop(): Promise<void> } | undefined;
  let directory: string;
  const open: Connection[] = [];

  before(async () => {
    consortium = await TestConsortium.make();
    directory = mkdtempSync(join(tmpdir(), 'bulk-'));
  });

  after(() => rmSync(directory, { recursive: true }));

  afterEach(async () => {
    for (const connection of open.splice(0)) connection.close();
    await running?.stop();
    running = undefined;
  });

  async function dial(handlers: Handlers, clock = virtualClock(), windows?: ReceiveWindows): Promise<Connection> {
    running = await consortium.serve(handlers, windows);
    const connection = await consortium.connection(running.address, { clock });
    open.push(connection);
    return connection;
  }

  const spooled = (bytes: Uint8Array): string => {
    const path = join(directory, 'masked');
    writeFileSync(path, bytes);
    return path;
  };
  const receiptOf = (content = header.body) => ({
    receipt: consortium.receipt({ runId: 'spring', round: 3, step: 'upload', content }),
  });

  describe('uploading a masked update', () => {
    interface Received {
      readonly headers: wire.UploadHeader__Output[];
      readonly pieces: number[];
      bytes: Buffer;
    }

    type Begin = wire.BlobsHandlers['BeginMaskedUpdate'];
    const holding =
      (bytes: () => number): Begin =>
      (_call, reply) =>
        reply(null, { committedOffset: bytes() });
    const fromTheFirst = holding(() => 0);

    /** Takes everything and checks what the coordinator checks. */
    const taking = (received: Received): wire.BlobsHandlers['UploadMaskedUpdate'] => {
      return (call, reply) => {
        call.on('data', (frame: wire.UploadFrame__Output) => {
          if (frame.header) received.headers.push(frame.header);
          if (!frame.chunk) return;
          const { offset, data } = chunkFromWire(frame.chunk);
          expect(offset).to.equal(received.bytes.length);
          received.pieces.push(data.length);
          received.bytes = Buffer.concat([received.bytes, data]);
        });
        call.on('error', () => undefined);
        call.on('end', () => reply(null, receiptOf()));
      };
    };

    it('sends the signed header, then every byte in order in frames with their CRC', async () => {
      const received: Received = { headers: [], pieces: [], bytes: Buffer.alloc(0) };
      const connection = await dial({
        Blobs: { BeginMaskedUpdate: fromTheFirst, UploadMaskedUpdate: taking(received) },
      });
      const vector = pattern(600_000);
      const told: number[][] = [];
      const upload = { runId: 'spring', round: 3, header, path: spooled(vector), lengthBytes: vector.length };
      await connection.uploadMaskedUpdate({ ...upload, onProgress: (...progress) => told.push(progress) });
      expect(received.bytes.equals(vector)).to.equal(true);
      expect(received.headers.map(({ key }) => key)).to.deep.equal([{ runId: 'spring', round: 3 }]);
      expect(Buffer.from(received.headers[0]!.upload!.body).equals(header.body)).to.equal(true);
      const last = vector.length % bounds.chunkBytes;
      const whole = Math.floor(vector.length / bounds.chunkBytes);
      expect(received.pieces).to.deep.equal([...Array.from({ length: whole }, () => bounds.chunkBytes), last]);
      const ends = [0, ...received.pieces.map((_, i) => Math.min(vector.length, (i + 1) * bounds.chunkBytes))];
      expect(told).to.deep.equal(ends.map((end) => [end, vector.length]));
      expect(connection.traffic.uploadBytes).to.be.within(600_000, 601_000);
    });

    it('paces a throttled upload in small even pieces', async () => {
      const received: Received = { headers: [], pieces: [], bytes: Buffer.alloc(0) };
      const clock = virtualClock();
      const connection = await dial(
        { Blobs: { BeginMaskedUpdate: fromTheFirst, UploadMaskedUpdate: taking(received) } },
        clock,
      );
      const vector = pattern(400_000);
      const upload = { runId: 'spring', round: 3, header, path: spooled(vector), lengthBytes: vector.length };
      await connection.uploadMaskedUpdate({ ...upload, uploadBytesPerSecond: 200_000 });
      expect(received.bytes.equals(vector)).to.equal(true);
      expect(new Set(received.pieces)).to.deep.equal(new Set([10_000]));
      // The last of forty pieces goes out after 39 pauses of 50 ms.
      expect(clock.monotonicMillis()).to.be.closeTo(1_950, 1);
    });

    it('counts as sent only what the socket took', async () => {
      let resume: () => void = () => undefined;
      const connection = await dial(
        {
          Health: { Check: (_call, reply) => reply(null, { state: 'serving', wireVersions: [1], software: 'test/1' }) },
          Blobs: {
            BeginMaskedUpdate: fromTheFirst,
            UploadMaskedUpdate(call, reply) {
              call.on('error', () => undefined);
              call.on('end', () => reply(null, receiptOf()));
              resume = () => call.resume();
            },
          },
        },
        virtualClock(),
        { streamBytes: 65_535, connectionBytes: 65_535, waitingBytes: 65_535, wideMax: 1 },
      );
      const vector = new Uint8Array(4_000_000);
      let sent = 0;
      const upload = { runId: 'spring', round: 3, header, path: spooled(vector), lengthBytes: vector.length };
      const receipt = connection.uploadMaskedUpdate({ ...upload, onProgress: (bytes) => (sent = bytes) });
      for (let roundTrips = 0; roundTrips < 20; roundTrips++) await connection.health();
      // Nobody reads: one window is full, and what is behind it was not sent.
      expect(sent).to.be.below(500_000);
      resume();
      await receipt;
      expect(sent).to.equal(4_000_000);
    });

    it('ends at once with the refusal of a coordinator that does not read on', async () => {
      const connection = await dial({
        Blobs: {
          BeginMaskedUpdate: fromTheFirst,
          UploadMaskedUpdate(call, reply) {
            call.once('data', () => reply(failure(new FederatedError('protocol', 'the upload step is over'))));
          },
        },
      });
      const vector = new Uint8Array(3_000_000);
      const upload = { runId: 'spring', round: 3, header, path: spooled(vector), lengthBytes: vector.length };
      const { code, error } = await failureOf(connection.uploadMaskedUpdate(upload));
      expect([code, error.message]).to.deep.equal(['protocol', 'the upload step is over']);
    });

    it('asks before the first byte, and goes on from what the coordinator holds when the stream broke', async () => {
      const vector = pattern(300_000);
      const kept: Received = { headers: [], pieces: [], bytes: Buffer.alloc(0) };
      const asked: (number | undefined)[] = [];
      let calls = 0;
      const whole = () => kept.bytes.length - (kept.bytes.length % bounds.chunkBytes);
      const connection = await dial({
        Blobs: {
          BeginMaskedUpdate(call, reply) {
            asked.push(call.request.key?.round);
            expect(Buffer.from(call.request.upload!.body).equals(header.body)).to.equal(true);
            kept.bytes = kept.bytes.subarray(0, whole());
            reply(null, { committedOffset: kept.bytes.length });
          },
          UploadMaskedUpdate(call, reply) {
            const breaks = calls++ < 2;
            let chunks = 0;
            call.on('data', () => {
              if (breaks && ++chunks > 2) reply({ code: status.UNAVAILABLE, details: 'going down' });
            });
            taking(kept)(call, breaks ? () => undefined : reply);
          },
        },
      });
      const told: number[] = [];
      const upload = { runId: 'spring', round: 3, header, path: spooled(vector), lengthBytes: vector.length };
      await connection.uploadMaskedUpdate({ ...upload, onProgress: (bytes) => told.push(bytes) });
      expect([calls, asked]).to.deep.equal([3, [3, 3, 3]]);
      expect(kept.bytes.equals(vector)).to.equal(true);
      // What the coordinator had before is not counted again.
      expect(told.filter((bytes) => bytes === 0)).to.have.length(1);
      expect(connection.traffic.uploadBytes).to.be.below(2 * vector.length);
    });

    it('goes on over the new line when the certificate is replaced between the question and the first byte', async () => {
      const vector = pattern(300_000);
      const received: Received = { headers: [], pieces: [], bytes: Buffer.alloc(0) };
      let asked = 0;
      const renewed = await consortium.clientKey();
      const connection = await dial({
        Blobs: {
          BeginMaskedUpdate(_call, reply) {
            asked += 1;
            reply(null, { committedOffset: 0 });
          },
          UploadMaskedUpdate: (call, reply) => taking(received)(call, reply),
        },
      });
      const upload = { runId: 'spring', round: 3, header, path: spooled(vector), lengthBytes: vector.length };
      const uploaded = connection.uploadMaskedUpdate(upload);
      while (asked === 0) await new Promise((resolve) => setImmediate(resolve));
      connection.showCertificate(renewed);
      expect(await uploaded).to.deep.equal(receiptOf().receipt);
      expect(received.bytes.equals(vector)).to.equal(true);
    });

    it('sends no byte of what the coordinator holds whole: its receipt comes at once', async () => {
      const connection = await dial({
        Blobs: { BeginMaskedUpdate: (_call, reply) => reply(null, { receipt: receiptOf() }) },
      });
      const vector = pattern(300_000);
      const upload = { runId: 'spring', round: 3, header, path: spooled(vector), lengthBytes: vector.length };
      expect(await connection.uploadMaskedUpdate(upload)).to.deep.equal(receiptOf().receipt);
      expect(connection.traffic.uploadBytes).to.be.below(400);
    });

    for (const [chunks, lengthBytes, asked] of [
      ['one chunk', bounds.chunkBytes, 0],
      ['a byte more than one chunk', bounds.chunkBytes + 1, 1],
    ] as const) {
      it(`asks ${asked === 0 ? 'nothing' : 'first'} about a vector of ${chunks}, also when its first stream broke`, async () => {
        const received: Received = { headers: [], pieces: [], bytes: Buffer.alloc(0) };
        let [questions, calls] = [0, 0];
        const connection = await dial({
          Blobs: {
            BeginMaskedUpdate(call, reply) {
              questions++;
              fromTheFirst(call, reply);
            },
            UploadMaskedUpdate(call, reply) {
              if (calls++ > 0) return taking(received)(call, reply);
              // It was taken whole, and its receipt was lost.
              call.resume();
              call.on('end', () => reply({ code: status.UNAVAILABLE, details: 'going down' }));
            },
          },
        });
        const vector = pattern(lengthBytes);
        const upload = { runId: 'spring', round: 3, header, path: spooled(vector), lengthBytes };
        expect(await connection.uploadMaskedUpdate(upload)).to.deep.equal(receiptOf().receipt);
        expect([questions, calls]).to.deep.equal([2 * asked, 2]);
        expect(received.bytes.equals(vector)).to.equal(true);
      });
    }

    const lies: [string, wire.UploadBegun, string, string | undefined][] = [
      ['more than the vector has', { committedOffset: 344_064 }, 'malformed', undefined],
      ['all of it, without a receipt', { committedOffset: 294_912 }, 'malformed', undefined],
      ['something that ends inside a chunk', { committedOffset: 1_000 }, 'malformed', undefined],
      ['exabytes', { committedOffset: 2 ** 60 }, 'malformed', undefined],
      ['nothing', {}, 'malformed', undefined],
      ['it whole, with a receipt that is none', { receipt: {} }, 'malformed', undefined],
    ];
    for (const [what, begun, code, rule] of lies) {
      it(`refuses a coordinator that says it holds ${what}`, async () => {
        const connection = await dial({ Blobs: { BeginMaskedUpdate: (_call, reply) => reply(null, begun) } });
        const path = spooled(new Uint8Array(294_912));
        const upload = { runId: 'spring', round: 3, header, path, lengthBytes: 294_912 };
        const found = await failureOf(connection.uploadMaskedUpdate(upload));
        expect([found.code, found.rule]).to.deep.equal([code, rule]);
        expect(connection.traffic.uploadBytes).to.be.below(400);
      });
    }

    it('refuses a receipt for other content, a vector shorter than its header, and stops with the signal', async () => {
      const connection = await dial({
        Blobs: {
          BeginMaskedUpdate: fromTheFirst,
          UploadMaskedUpdate(call, reply) {
            call.resume();
            call.on('error', () => undefined);
            call.on('end', () => reply(null, receiptOf(new Uint8Array(3))));
          },
        },
      });
      const path = spooled(new Uint8Array(1_000));
      const upload = { runId: 'spring', round: 3, header, path, lengthBytes: 1_000 };
      expect((await failureOf(connection.uploadMaskedUpdate(upload))).rule).to.equal('receipt');
      const short = { ...upload, lengthBytes: 2_000 };
      expect((await failureOf(connection.uploadMaskedUpdate(short))).code).to.equal('state-lost');
      const stop = new AbortController();
      const stopped = { ...upload, signal: stop.signal, onProgress: () => stop.abort() };
      expect((await failureOf(connection.uploadMaskedUpdate(stopped))).error.message).to.equal('stopped by the caller');
    });
  });

  describe('fetching a blob', () => {
    const blob = pattern(500_000);
    const sha256 = new Uint8Array(createHash('sha256').update(blob).digest());
    const piece = (at: number, length = 200_000) => chunkToWire(at, blob.subarray(at, at + length));
    const sends = (...messages: wire.BlobChunk[]): Handlers => ({
      Blobs: {
        Get(call) {
          for (const message of messages) call.write(message);
          call.end();
        },
      },
    });
    const whole = [{ sizeBytes: blob.length, chunk: piece(0) }, { chunk: piece(200_000) }, { chunk: piece(400_000) }];

    it('puts the pieces together and checks the digest', async () => {
      const connection = await dial(sends(...whole));
      const found = await connection.getBlob(sha256, { maxBytes: 500_000 });
      expect(Buffer.from(found).equals(blob)).to.equal(true);
    });

    it('goes on where a broken stream ended', async () => {
      const offsets: number[] = [];
      const connection = await dial({
        Blobs: {
          Get(call) {
            const { offset } = call.request;
            offsets.push(offset);
            call.write({ sizeBytes: blob.length, chunk: piece(offset) });
            if (offset + 200_000 < blob.length) call.emit('error', { code: status.UNAVAILABLE, details: 'going down' });
            else call.end();
          },
        },
      });
      const found = await connection.getBlob(sha256, { maxBytes: 500_000 });
      expect(Buffer.from(found).equals(blob)).to.equal(true);
      expect(offsets).to.deep.equal([0, 200_000, 400_000]);
    });

    const refusals: [string, Handlers, string, string | undefined][] = [
      [
        'a larger one than allowed, before allocating',
        sends({ sizeBytes: 500_001, chunk: piece(0) }),
        'refused',
        'blob.size',
      ],
      ['a claim of terabytes', sends({ sizeBytes: 2 ** 50 }), 'refused', 'blob.size'],
      ['a wrong CRC', sends({ sizeBytes: 500_000, chunk: { ...piece(0), crc32: 1 } }), 'verification', undefined],
      ['other bytes', sends({ sizeBytes: 200_000, chunk: piece(0) }), 'verification', 'blob.digest'],
      ['a gap', sends(whole[0]!, whole[2]!), 'malformed', undefined],
      ['a repeated piece', sends(whole[0]!, whole[0]!), 'malformed', undefined],
      ['more than announced', sends({ sizeBytes: 100_000, chunk: piece(0) }), 'malformed', undefined],
      ['less than announced', sends(whole[0]!), 'malformed', undefined],
      ['nothing', sends(), 'malformed', undefined],
    ];
    for (const [what, handlers, code, rule] of refusals) {
      it(`refuses ${what}`, async () => {
        const connection = await dial(handlers);
        const found = await failureOf(connection.getBlob(sha256, { maxBytes: 500_000 }));
        expect([found.code, found.rule]).to.deep.equal([code, rule]);
      });
    }
  });
});
