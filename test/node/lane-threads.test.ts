import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  addKeystreams,
  addVector,
  bounds,
  completePlan,
  decodeSum,
  encodeUpdate,
  FederatedError,
  layoutOf,
  type MaskKey,
  packLanes,
  type Rotation,
  type Segment,
  toBase64url,
  vectorRoot,
} from '@concordat/core';
import { chooseKernels, LaneThreads, nodeCrypto, systemRandom } from '@concordat/node';
import { expect } from 'chai';

const segments: readonly Segment[] = [
  { name: 'narrow', length: 40_000, bits: 16, quantBits: 8, bound: 1, kind: 'model' },
  { name: 'middle', length: 60_001, bits: 24, quantBits: 16, bound: 1, kind: 'model' },
  { name: 'wide', length: 30_003, bits: 32, quantBits: 16, bound: 1, kind: 'model' },
];
const layout = layoutOf(segments);
const maskKeys = Array.from(
  { length: 7 },
  (_, v): MaskKey => ({ key: nodeCrypto.sha256(Uint8Array.of(v)), sign: v % 3 === 0 ? -1 : 1 }),
);
const baseModelHash = new Uint8Array(32).fill(7);
const bytesOf = (seed: number) =>
  nodeCrypto.keystream(nodeCrypto.sha256(Uint8Array.of(seed, 1)), 0, layout.lengthBytes);
const sharedZeros = () => new Uint8Array(new SharedArrayBuffer(layout.lengthBytes));

async function failureOf(work: Promise<unknown>): Promise<FederatedError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof FederatedError) return error;
    throw error;
  }
  throw new Error('nothing failed');
}

describe('threads for the loops over lanes', function () {
  this.timeout(60_000);
  let directory: string;
  const two = new LaneThreads({ threads: 2 });
  const file = (owner: string, bytes: Uint8Array) => {
    const path = join(directory, owner);
    writeFileSync(path, bytes);
    return { path, owner };
  };

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-lanes-'));
  });

  after(async () => {
    await two.close();
    rmSync(directory, { recursive: true });
  });

  it('are started as they are needed: one more for every so many bytes to add', async () => {
    const bytes = layout.lengthBytes * maskKeys.length;
    for (const [bytesPerThread, running] of [
      [bytes + 1, 1],
      [bytes, 2],
      [1, 2],
    ] as const) {
      const threads = new LaneThreads({ threads: 2, bytesPerThread });
      await threads.add(layout, sharedZeros(), { maskKeys });
      expect(threads.running).to.equal(running);
      await threads.close();
    }
  });

  it('add vectors and keystreams to the same bits, however many they are and whatever their kernels', async () => {
    const vectors = [bytesOf(1), bytesOf(2), bytesOf(3)];
    const expected = new Uint8Array(layout.lengthBytes);
    for (const vector of vectors) addVector(layout, expected, vector);
    addKeystreams(nodeCrypto, layout, expected, maskKeys);
    const files = vectors.map((bytes, i) => file(`vector-${i}`, bytes));
    const one = new LaneThreads({ threads: 1, kernels: 'plain' });
    for (const threads of [one, two]) {
      const sum = sharedZeros();
      await threads.add(layout, sum, { files, maskKeys });
      expect(Buffer.compare(sum, expected)).to.equal(0);
    }
    await one.close();
    expect(
      maskKeys[0]!.key.some((byte) => byte !== 0),
      'the caller still has its keys',
    ).to.equal(true);
  });

  it('say by name whose vector is short, and go on with the next sum', async () => {
    const threads = two;
    const files = [file('whole', bytesOf(1)), file('short', bytesOf(2).subarray(0, bounds.chunkBytes))];
    const error = await failureOf(threads.add(layout, sharedZeros(), { files, maskKeys: [] }));
    expect(error.code).to.equal('internal');
    expect(error.message).to.include('short is short');
    expect(error.detail).to.include({ participant: 'short', required: layout.lengthBytes });
    const missing = [{ path: join(directory, 'nowhere'), owner: 'nobody' }];
    expect((await failureOf(threads.add(layout, sharedZeros(), { files: missing, maskKeys }))).code).to.equal(
      'internal',
    );
    const sum = sharedZeros();
    await threads.add(layout, sum, { files: [files[0]!], maskKeys: [] });
    expect(Buffer.compare(sum, bytesOf(1))).to.equal(0);
  });

  it('hand on what the core refuses', async () => {
    const short = new Uint8Array(new SharedArrayBuffer(96));
    const error = await failureOf(two.add(layout, short, { maskKeys }));
    expect([error.code, error.detail.required]).to.deep.equal(['invalid-argument', layout.lengthBytes]);
  });

  it('encode a delta, which moves there, pack it and hash it as the core does', async () => {
    const plan = planOf(1000);
    // Whole units of the ring, which no rounding changes.
    const unit = 4 / (2 ** 15 - 1);
    const delta = () => Float32Array.from({ length: 1000 }, (_, i) => (i % 5) * unit);
    const threads = two;
    const moved = delta();
    const lanes = await threads.encode({ plan, baseModelHash, delta: moved, examples: 1 });
    expect(moved.length, 'nothing is left here').to.equal(0);
    const expected = encodeUpdate({
      crypto: nodeCrypto,
      plan,
      baseModelHash,
      delta: delta(),
      examples: 1,
      random: systemRandom,
      kernels: chooseKernels(),
    });
    expect(lanes.map((one) => [...one])).to.deep.equal(expected.map((one) => [...one]));
    const placed = layoutOf(plan.secureAggregation.segments);
    const vector = await threads.pack(placed, lanes);
    const packed = packLanes(placed, expected);
    expect(Buffer.compare(vector, packed)).to.equal(0);
    expect(Buffer.compare(await threads.root(vector), vectorRoot(nodeCrypto, packed))).to.equal(0);
  });

  it('rotate as the plan and the model say', async () => {
    const plan = planOf(1000, 'hadamard');
    const delta = Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i) / 10);
    const lanes = await two.encode({ plan, baseModelHash, delta: delta.slice(), examples: 1 });
    const { mean } = decodeSum({ crypto: nodeCrypto, plan, baseModelHash, lanes, survivors: 1 });
    // A quarter of a per mille of the clipping norm is four steps; other signs would leave nothing of the delta.
    for (const [i, value] of mean.entries()) expect(value).to.be.closeTo(delta[i]!, 1e-3);
  });

  it('refuse a delta that is not finite as the core does', async () => {
    const delta = new Float32Array(1000).fill(Number.NaN);
    const error = await failureOf(two.encode({ plan: planOf(1000), baseModelHash, delta, examples: 1 }));
    expect([error.code, error.detail.rule]).to.deep.equal(['refused', 'update.finite']);
  });

  it('answer what is asked of them once closed with unavailable, also what was under way', async () => {
    const threads = new LaneThreads({ threads: 1 });
    const underWay = failureOf(threads.add(layout, sharedZeros(), { maskKeys }));
    await threads.close();
    await threads.close();
    expect((await underWay).code).to.equal('unavailable');
    expect((await failureOf(threads.root(sharedZeros()))).code).to.equal('unavailable');
  });

  it('are at least one and not too many', () => {
    for (const threads of [0, 1.5, 65]) {
      expect(() => new LaneThreads({ threads })).to.throw('not a number of threads');
    }
  });
});

function planOf(parameters: number, rotation: Rotation = 'none') {
  const digest = toBase64url(new Uint8Array(32));
  return completePlan({
    consortium: 'demo',
    run: 'spring',
    purpose: 'test',
    task: {
      model: { topologyDigest: digest, weightsDigest: digest, tensors: [{ name: 'w', shape: [parameters] }] },
      loss: 'meanSquaredError',
      optimizer: { name: 'sgd', learningRate: 0.1 },
      batchSize: 1,
      epochs: 1,
      dataSchemaDigest: digest,
    },
    rounds: 1,
    cohort: { min: 4, size: 4 },
    expires: '2099-01-01T00:00:00Z',
    clippingNorm: 4,
    weighting: 'equal',
    rotation,
  });
}
