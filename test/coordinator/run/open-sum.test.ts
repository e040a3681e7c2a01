import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isLargeSum, openSpooledSum, Spool, type SpooledOrder } from '@concordat/coordinator';
import { addKeystreams, addVector, layoutOf, plainKernels } from '@concordat/core';
import { LaneThreads, nodeCrypto } from '@concordat/node';
import { expect } from 'chai';
import { spoolVector } from '../../support/spooled-vector.js';

const layout = layoutOf([{ name: 'model', length: 50_000, bits: 24, quantBits: 8, bound: 1, kind: 'model' }]);
const names = ['acme', 'bluebird', 'cobalt'];
const vectorOf = (name: string) => nodeCrypto.keystream(nodeCrypto.sha256(Buffer.from(name)), 0, layout.lengthBytes);
const place = { run: 'spring', round: 1 };

const order = (survivors: readonly string[] = names): SpooledOrder => ({
  layout,
  survivors: survivors.map((participant) => ({ participant })),
  maskKeys: survivors.map((name) => ({ key: nodeCrypto.sha256(Buffer.from(`mask ${name}`)), sign: -1 })),
});

describe('a spooled sum', function () {
  this.timeout(30_000);
  let directory: string;
  let spool: Spool;
  let threads: LaneThreads;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-sum-'));
    spool = new Spool(directory);
    threads = new LaneThreads({ threads: 2 });
    for (const participant of names) {
      await spoolVector(spool, { ...place, participant }, vectorOf(participant));
    }
  });

  after(async () => {
    await threads.close();
    rmSync(directory, { recursive: true });
  });

  const open = (one: SpooledOrder, inThreads: boolean) =>
    openSpooledSum({
      ...place,
      crypto: nodeCrypto,
      kernels: plainKernels,
      spool,
      order: one,
      threads: inThreads ? threads : undefined,
    });

  it('is the same opened here and in threads, and its keys are wiped', async () => {
    const expected = new Uint8Array(layout.lengthBytes);
    for (const name of names) addVector(layout, expected, vectorOf(name));
    addKeystreams(nodeCrypto, layout, expected, order().maskKeys);
    for (const inThreads of [false, true]) {
      const one = order();
      expect(Buffer.compare(await open(one, inThreads), expected)).to.equal(0);
      for (const { key } of one.maskKeys) expect(key.every((byte) => byte === 0)).to.equal(true);
    }
  });

  it('without one of its vectors is an error, and its keys are wiped', async () => {
    for (const inThreads of [false, true]) {
      const one = order([...names, 'delta']);
      let failed = false;
      await open(one, inThreads).catch(() => {
        failed = true;
      });
      expect(failed).to.equal(true);
      for (const { key } of one.maskKeys) expect(key.every((byte) => byte === 0)).to.equal(true);
    }
  });

  it('goes to threads when it is large', () => {
    expect(isLargeSum(order())).to.equal(false);
    const keys = Array.from({ length: 500 }, () => ({ key: new Uint8Array(32), sign: 1 }) as const);
    expect(isLargeSum({ ...order(), maskKeys: keys })).to.equal(true);
  });
});
