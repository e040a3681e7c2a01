import { BlobPieces } from '@concordat/coordinator';
import { bounds, FederatedError } from '@concordat/core';
import { blobMessage, chunkFromWire, chunkToWire, type wire } from '@concordat/proto';
import { expect } from 'chai';
import { methodOf } from '../../proto/services.js';

const { chunkBytes } = bounds;
const [first, second] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];

const get = methodOf<object, wire.BlobChunk>('Blobs', 'Get');
const decode = get.responseDeserialize as unknown as (bytes: Buffer) => wire.BlobChunk__Output;
const encode = get.responseSerialize as unknown as (message: wire.BlobChunk) => Buffer;
/** What lies in the blob. */
const byteAt = (at: number) => (at * 7 + (at >> 8)) & 0xff;

describe('the messages that blobs are sent in', () => {
  let reads: string[];
  let pieces: BlobPieces;
  let failing: boolean;
  /** Blobs that nobody has closed. */
  let opened: number;

  afterEach(() => expect(opened).to.equal(0));

  beforeEach(() => {
    reads = [];
    failing = false;
    opened = 0;
    const openBlob = async (digest: Uint8Array) => {
      opened += 1;
      return {
        async fill(data: Uint8Array, offset: number) {
          reads.push(`${digest[0]} ${offset} ${data.length}`);
          if (failing) throw new FederatedError('internal', 'the disk is gone');
          for (let i = 0; i < data.length; i++) data[i] = byteAt(offset + i);
        },
        async close() {
          opened -= 1;
        },
      };
    };
    pieces = new BlobPieces({ open: openBlob }, encode);
  });

  async function fetch(digest: Uint8Array, offset: number, sizeBytes: number) {
    const messages: unknown[] = [];
    for await (const { encoded, payloadBytes } of pieces.from(digest, offset, sizeBytes)) {
      const message = decode(encoded);
      const said = message.sizeBytes === 0 && payloadBytes > 0 ? {} : { sizeBytes: message.sizeBytes };
      if (message.chunk) {
        const { offset: at, data } = chunkFromWire(message.chunk);
        expect(data.every((byte, i) => byte === byteAt(at + i))).to.equal(true);
        messages.push({ ...said, offset: at, length: data.length, payloadBytes });
      } else messages.push({ ...said, payloadBytes });
    }
    return messages;
  }

  const model = 2 * chunkBytes + 100;
  const middle = { offset: chunkBytes, length: chunkBytes, payloadBytes: chunkBytes };
  const last = { offset: 2 * chunkBytes, length: 100, payloadBytes: 100 };

  it('say the size first, and then no more', async () => {
    expect(await fetch(first, 0, model)).to.deep.equal([
      { sizeBytes: model, offset: 0, length: chunkBytes, payloadBytes: chunkBytes },
      middle,
      last,
    ]);
  });

  it('are read once for all who want them', async () => {
    const all = await Promise.all(Array.from({ length: 100 }, () => fetch(first, 0, model)));
    for (const messages of all) expect(messages).to.deep.equal(all[0]);
    expect(reads).to.deep.equal([`1 0 ${chunkBytes}`, `1 ${chunkBytes} ${chunkBytes}`, `1 ${2 * chunkBytes} 100`]);
  });

  it('are the same for a download that goes on in between, from the next border on', async () => {
    await fetch(first, 0, model);
    reads = [];
    expect(await fetch(first, 10, model)).to.deep.equal([
      { sizeBytes: model, offset: 10, length: chunkBytes - 10, payloadBytes: chunkBytes - 10 },
      middle,
      last,
    ]);
    expect(reads).to.deep.equal([`1 10 ${chunkBytes - 10}`]);
  });

  it('are not those of another blob', async () => {
    await fetch(first, 0, 100);
    await fetch(second, 0, 100);
    expect(reads).to.deep.equal(['1 0 100', '2 0 100']);
  });

  it('are forgotten when nobody wanted them lately', async () => {
    const large = 64 * chunkBytes;
    await fetch(first, 0, large);
    await fetch(first, 0, large);
    expect(reads).to.have.length(64);
    await fetch(second, 0, 100);
    await fetch(first, 0, large);
    expect(reads).to.have.length(64 + 1 + 64);
  });

  it('are one without a piece for an empty blob, and for one that has arrived already', async () => {
    expect(await fetch(first, 0, 0)).to.deep.equal([{ sizeBytes: 0, payloadBytes: 0 }]);
    expect(await fetch(first, 100, 100)).to.deep.equal([{ sizeBytes: 100, payloadBytes: 0 }]);
    expect(reads).to.deep.equal([]);
  });

  it('are those that a codec makes of the same', () => {
    for (const [offset, length, sizeBytes] of [
      [0, 1, undefined],
      [0, 127, 0],
      [128, 128, 2 ** 31],
      [2 ** 31 - 1, chunkBytes, 2 ** 31],
    ] as const) {
      const { encoded, data, seal } = blobMessage(offset, length, sizeBytes);
      for (let i = 0; i < length; i++) data[i] = byteAt(i);
      seal();
      const size = sizeBytes === undefined ? {} : { sizeBytes };
      expect(encoded.equals(encode({ ...size, chunk: chunkToWire(offset, data) }))).to.equal(true);
    }
  });

  it('leave nothing open when a reader leaves in between', async () => {
    for await (const { payloadBytes } of pieces.from(first, 0, model)) {
      expect(payloadBytes).to.equal(chunkBytes);
      break;
    }
    expect(opened).to.equal(0);
  });

  it('are read again when reading failed', async () => {
    failing = true;
    const failure = await fetch(first, 0, 100).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(FederatedError);
    failing = false;
    expect(await fetch(first, 0, 100)).to.have.length(1);
  });
});
