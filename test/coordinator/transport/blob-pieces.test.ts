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
interface Message {
  readonly sizeBytes?: number;
  readonly offset?: number;
  readonly length?: number;
  readonly payloadBytes: number;
}

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
    const messages: Message[] = [];
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

  const model = 33 * chunkBytes + 100;

  it('say the size first, and then no more', async () => {
    expect(await fetch(first, 0, 17 * chunkBytes)).to.deep.equal([
      { sizeBytes: 17 * chunkBytes, offset: 0, length: 16 * chunkBytes, payloadBytes: 16 * chunkBytes },
      { offset: 16 * chunkBytes, length: chunkBytes, payloadBytes: chunkBytes },
    ]);
  });

  it('are long for a few readers, and short for many', async () => {
    for (const [readers, chunks] of [
      [1, 16],
      [4, 16],
      [5, 8],
      [8, 8],
      [16, 4],
      [33, 1],
      [100, 1],
    ] as const) {
      const all = await Promise.all(Array.from({ length: readers }, () => fetch(first, 0, model)));
      // The first to come does not know of the others yet.
      expect(all.at(-1)![1]!.length, `${readers} readers`).to.equal(chunks * chunkBytes);
    }
  });

  it('are read once for all who want them, but for those whose length changed when others came', async () => {
    await Promise.all(Array.from({ length: 100 }, () => fetch(first, 0, model)));
    const readBytes = reads.map((read) => Number(read.split(' ')[2])).reduce((sum, bytes) => sum + bytes, 0);
    expect(readBytes).to.be.lessThan(3 * model);
  });

  it('are the same for a download that goes on in between, from the next border on', async () => {
    const [whole, rest] = await Promise.all([fetch(first, 0, model), fetch(first, 10, model)]);
    expect(rest[0]).to.deep.include({ offset: 10, length: 16 * chunkBytes - 10 });
    expect(rest.slice(1)).to.deep.equal(whole.slice(1));
    expect(reads).to.have.length(4);
  });

  it('are not those of another blob', async () => {
    await Promise.all([fetch(first, 0, 100), fetch(second, 0, 100)]);
    expect(reads).to.deep.equal(['1 0 100', '2 0 100']);
  });

  it('are not kept for one reader alone, and 3 MB of them for several', async () => {
    await fetch(first, 0, 100);
    await fetch(first, 0, 100);
    expect(reads.splice(0)).to.have.length(2);
    const beside = pieces.from(second, 0, 100);
    await beside.next();
    const readTimes = async (chunks: number) => {
      reads = [];
      await fetch(first, 0, chunks * chunkBytes);
      return reads.length;
    };
    const times = [await readTimes(48), await readTimes(48), await readTimes(96), await readTimes(48)];
    await beside.return(undefined);
    // The first message of a longer blob says another size.
    expect(times).to.deep.equal([3, 0, 1 + 3, 3]);
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
      expect(payloadBytes).to.equal(16 * chunkBytes);
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
