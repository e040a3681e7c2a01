import { BlobPieces } from '@concordat/coordinator';
import { bounds, FederatedError } from '@concordat/core';
import type { wire } from '@concordat/proto';
import { expect } from 'chai';

const { chunkBytes } = bounds;
const [first, second] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];

/** The message itself, as a text. */
const encode = ({ sizeBytes, chunk }: wire.BlobChunk): Buffer =>
  Buffer.from(JSON.stringify({ sizeBytes, offset: chunk?.offset, length: chunk?.data?.length }));

describe('the messages that blobs are sent in', () => {
  let reads: string[];
  let pieces: BlobPieces;
  let failing: boolean;

  beforeEach(() => {
    reads = [];
    failing = false;
    const readAt = async (digest: Uint8Array, offset: number, length: number) => {
      reads.push(`${digest[0]} ${offset} ${length}`);
      if (failing) throw new FederatedError('internal', 'the disk is gone');
      return new Uint8Array(length);
    };
    pieces = new BlobPieces({ readAt }, encode);
  });

  async function fetch(digest: Uint8Array, offset: number, sizeBytes: number) {
    const messages: unknown[] = [];
    for await (const { encoded, payloadBytes } of pieces.from(digest, offset, sizeBytes)) {
      messages.push({ ...JSON.parse(encoded.toString()), payloadBytes });
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

  it('are read again when reading failed', async () => {
    failing = true;
    const failure = await fetch(first, 0, 100).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(FederatedError);
    failing = false;
    expect(await fetch(first, 0, 100)).to.have.length(1);
  });
});
