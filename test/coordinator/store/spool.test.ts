import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AnnouncedVector, Spool, StoreWrites } from '@concordat/coordinator';
import { bounds, type FederatedError, vectorRoot } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { expect } from 'chai';
import { spoolVector } from '../../support/spooled-vector.js';

const { chunkBytes } = bounds;
const vector = nodeCrypto.keystream(new Uint8Array(32).fill(5), 0, 20 * chunkBytes + 960);
const key = { run: 'spring', round: 3, participant: 'acme' };
const announced: AnnouncedVector = {
  ...key,
  lengthBytes: vector.length,
  merkleRoot: vectorRoot(nodeCrypto, vector),
};

describe('the spool of masked vectors', () => {
  let directory: string;
  let spool: Spool;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-spool-'));
    spool = new Spool(directory);
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  /** As a coordinator that was killed and started again. */
  const another = () => new Spool(directory);
  const files = (round = 3) => readdirSync(join(directory, 'spring', String(round))).sort();
  const partialPath = () =>
    join(directory, 'spring/3', `acme.${Buffer.from(announced.merkleRoot).toString('hex')}.part`);

  async function partial(of = spool, what = announced) {
    const found = await of.resume(what);
    if (found === 'complete') throw new Error('nothing is missing');
    return found;
  }

  async function refusal(work: Promise<unknown>): Promise<FederatedError> {
    return work.then(
      () => expect.fail('nothing was refused'),
      (error: FederatedError) => error,
    );
  }

  it('shows a vector under its name only once all of it is there, its leaf hashes behind it', async () => {
    const writer = await partial();
    await writer.append(vector);
    expect(files()).to.deep.equal([partialPath().split('/').at(-1)]);
    expect(writer.root(nodeCrypto)).to.deep.equal(announced.merkleRoot);
    await writer.commit();
    expect(files()).to.deep.equal(['acme.masked']);
    const written = readFileSync(spool.path(key));
    expect(written.subarray(0, vector.length).equals(vector)).to.equal(true);
    expect(written.length).to.equal(vector.length + 21 * 32);
    expect(await spool.resume(announced)).to.equal('complete');
    expect(await another().resume(announced)).to.equal('complete');
  });

  it('goes on behind the last whole chunk, and gives the same vector and root', async () => {
    const first = await partial();
    await first.append(vector.subarray(0, 3 * chunkBytes + 5_000));
    await first.suspend();
    const second = await partial();
    expect(second.sizeBytes).to.equal(3 * chunkBytes);
    // Ends anywhere inside a chunk, and over several of them.
    await second.append(vector.subarray(3 * chunkBytes, 3 * chunkBytes + 7));
    await second.append(vector.subarray(3 * chunkBytes + 7, 9 * chunkBytes + 1));
    await second.append(vector.subarray(9 * chunkBytes + 1));
    expect(second.root(nodeCrypto)).to.deep.equal(announced.merkleRoot);
    await second.commit();
    expect(readFileSync(spool.path(key)).subarray(0, vector.length).equals(vector)).to.equal(true);
  });

  it('goes on in another process, from what was marked before it was killed', async () => {
    const killed = await partial();
    await killed.append(vector.subarray(0, 18 * chunkBytes));
    const next = await partial(another());
    expect(next.sizeBytes).to.equal(18 * chunkBytes);
    await next.append(vector.subarray(18 * chunkBytes));
    expect(next.root(nodeCrypto)).to.deep.equal(announced.merkleRoot);
    await next.discard();
    await killed.discard();
  });

  it('counts no chunk behind one that does not fit its hash, whatever is on the disk', async () => {
    const writer = await partial();
    await writer.append(vector.subarray(0, 12 * chunkBytes));
    await writer.suspend();
    const bytes = readFileSync(partialPath());
    bytes[7 * chunkBytes + 11]! ^= 1;
    writeFileSync(partialPath(), bytes);
    const next = await partial(another());
    expect(next.sizeBytes).to.equal(7 * chunkBytes);
    await next.append(vector.subarray(7 * chunkBytes));
    expect(next.root(nodeCrypto)).to.deep.equal(announced.merkleRoot);
    await next.discard();
  });

  it('takes a file that was cut, emptied or filled with noise for what it is', async () => {
    const writer = await partial();
    await writer.append(vector.subarray(0, 12 * chunkBytes));
    await writer.suspend();
    for (const [change, kept] of [
      // Without the hashes behind the vector no chunk counts.
      [() => truncateSync(partialPath(), 5 * chunkBytes + 100), 0],
      [() => truncateSync(partialPath(), 0), 0],
      [() => writeFileSync(partialPath(), new Uint8Array(vector.length + 21 * 32)), 0],
      [() => writeFileSync(partialPath(), nodeCrypto.keystream(new Uint8Array(32), 0, 3 * vector.length)), 0],
    ] as const) {
      change();
      const next = await partial(another());
      expect(next.sizeBytes).to.equal(kept);
      await next.discard();
      await (await partial(another())).suspend();
    }
  });

  it('is complete when only the last step was missing', async () => {
    const killed = await partial();
    await killed.append(vector);
    await killed.suspend();
    const next = await partial(another());
    expect(next.sizeBytes).to.equal(vector.length);
    await next.commit();
    expect(files()).to.deep.equal(['acme.masked']);
  });

  const goingOn: [string, (of: Spool) => Spool][] = [
    ['in this process', (of) => of],
    ['in another process', another],
  ];
  for (const [where, next] of goingOn) {
    it(`changes no byte of a vector whose last chunk is short when it is finished ${where}`, async () => {
      const killed = await partial();
      await killed.append(vector);
      await killed.suspend();
      await (await partial(next(spool))).commit();
      const written = readFileSync(spool.path(key));
      expect(written.subarray(0, vector.length).equals(vector)).to.equal(true);
      expect(written.length).to.equal(vector.length + 21 * 32);
      expect(await another().resume(announced)).to.equal('complete');
    });
  }

  it('starts over when it is sent from the first byte', async () => {
    const first = await partial();
    await first.append(vector.subarray(0, 17 * chunkBytes));
    await first.suspend();
    const second = await partial();
    second.rewind();
    await second.append(vector);
    expect(second.root(nodeCrypto)).to.deep.equal(announced.merkleRoot);
    await second.commit();
    expect(await spool.resume(announced)).to.equal('complete');
  });

  it('refuses another vector in the place of one that was begun, or that is there', async () => {
    const other = { ...announced, merkleRoot: new Uint8Array(32).fill(9) };
    await (await partial()).suspend();
    expect((await refusal(spool.resume(other))).code).to.equal('conflict');
    expect((await refusal(another().resume(other))).code).to.equal('conflict');
    await (await partial()).discard();
    await spoolVector(spool, key, vector);
    expect((await refusal(spool.resume(other))).code).to.equal('conflict');
    const longer = { ...announced, lengthBytes: vector.length + chunkBytes };
    expect((await refusal(spool.resume(longer))).code).to.equal('conflict');
    // Those of others are not in its way.
    await (await partial(spool, { ...other, participant: 'acme-2' })).discard();
  });

  it('lets one at a time write a vector: the next waits until it is let go', async () => {
    const first = await partial();
    const order: string[] = [];
    const second = partial().then((writer) => {
      order.push('second');
      return writer;
    });
    const third = partial().then((writer) => {
      order.push('third');
      return writer;
    });
    await first.append(vector.subarray(0, chunkBytes));
    order.push('first');
    await first.suspend();
    const next = await second;
    expect(next.sizeBytes).to.equal(chunkBytes);
    await next.suspend();
    await (await third).discard();
    expect(order).to.deep.equal(['first', 'second', 'third']);
  });

  it('refuses by name what the disk has no room for, and takes it when there is room again', async () => {
    let free = 1024 * 1024 + vector.length;
    spool = new Spool(directory, new StoreWrites(), async () => free);
    const first = await partial();
    // The first was promised all of the room that there is.
    const { code, detail } = await refusal(spool.resume({ ...announced, participant: 'bluebird' }));
    expect([code, detail.rule]).to.deep.equal(['unavailable', 'spool.space']);
    expect([detail.required, detail.offered]).to.deep.equal([free + vector.length, free]);
    await first.append(vector.subarray(0, 10 * chunkBytes));
    await first.suspend();
    free -= 10 * chunkBytes;
    await (await partial()).suspend();
    free -= 1;
    expect((await refusal(spool.resume(announced))).detail.rule).to.equal('spool.space');
    free += 1;
    // Being refused costs nothing of what is there.
    const last = await partial();
    expect(last.sizeBytes).to.equal(10 * chunkBytes);
    await last.discard();
  });

  it('does not count what could not be written', async () => {
    const writer = await partial();
    await writer.append(vector.subarray(0, 2 * chunkBytes));
    await writer.suspend();
    const { error } = await writer.append(vector.subarray(2 * chunkBytes, 10 * chunkBytes)).then(
      () => ({ error: undefined }),
      (error: NodeJS.ErrnoException) => ({ error }),
    );
    expect(error?.code).to.equal('EBADF');
    expect(writer.sizeBytes).to.equal(2 * chunkBytes);
    const next = await partial();
    expect(next.sizeBytes).to.equal(2 * chunkBytes);
    await next.discard();
  });

  it('writes some chunks at once, and at the latest those that it lets go', async () => {
    const writer = await partial();
    const file = () => statSync(partialPath()).size;
    for (let chunk = 0; chunk < 7; chunk++) {
      await writer.append(vector.subarray(chunk * chunkBytes, (chunk + 1) * chunkBytes));
    }
    expect([writer.sizeBytes, file()]).to.deep.equal([7 * chunkBytes, 0]);
    await writer.append(vector.subarray(7 * chunkBytes, 8 * chunkBytes));
    expect(file()).to.equal(8 * chunkBytes);
    await writer.append(vector.subarray(8 * chunkBytes, 9 * chunkBytes));
    await writer.suspend();
    const next = await partial();
    expect(next.sizeBytes).to.equal(9 * chunkBytes);
    await next.append(vector.subarray(9 * chunkBytes));
    await next.commit();
    expect(readFileSync(spool.path(key)).subarray(0, vector.length).equals(vector)).to.equal(true);
  });

  it('drops what is not whole when its round is over, and leaves the rest', async () => {
    await spoolVector(spool, { ...key, participant: 'bluebird' }, vector);
    const stalled = await partial();
    await stalled.append(vector.subarray(0, chunkBytes));
    const removed = spool.removePartials('spring', 3);
    await stalled.suspend();
    await removed;
    expect(files()).to.deep.equal(['bluebird.masked']);
    const again = await partial();
    expect(again.sizeBytes).to.equal(0);
    await again.discard();
    await spool.removePartials('spring', 99);
    expect(await spool.rounds('spring')).to.deep.equal([3]);
    expect(await spool.runs()).to.deep.equal(['spring']);
    await spool.removeRound('spring', 3);
    expect(readdirSync(join(directory, 'spring'))).to.deep.equal([]);
  });

  it('takes no more of the disk for a vector than it has, and its hashes', async () => {
    const writer = await partial();
    await writer.append(vector.subarray(0, 17 * chunkBytes));
    await writer.suspend();
    const { size, blocks } = statSync(partialPath());
    expect(size).to.be.at.most(vector.length + 21 * 32);
    expect(blocks * 512).to.be.at.most(18 * chunkBytes);
  });

  it('takes no path for an id', () => {
    expect(() => spool.path({ run: '..', round: 1, participant: 'acme' })).to.throw('is not an id');
    expect(() => spool.path({ run: 'spring', round: 1, participant: '../../x' })).to.throw('is not an id');
  });
});
