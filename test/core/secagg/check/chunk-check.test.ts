import {
  ChunkCheck,
  laneAt,
  merkleLeaf,
  requireChunks,
  type Segment,
  type ServedChunk,
  toHex,
  vectorRoot,
} from '@concordat/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { OpenedSession } from '../../../support/opened-session.js';
import { detailThrownBy, ruleThrownBy } from '../../../support/rules.js';
import { crypto } from '../../../support/session.js';

const quantBits = { 16: 12, 24: 16, 32: 16 } as const;

function modelOf(length: number, bits: 16 | 24 | 32): Segment {
  return { name: 'model', length, bits, quantBits: quantBits[bits], bound: 1, kind: 'model' };
}

const weight: Segment = { name: 'weight', length: 1, bits: 32, quantBits: 0, bound: 32_768, kind: 'weight' };

/** Two chunks and some of every width. */
const wide: readonly Segment[] = [modelOf(20_000, 16), { ...modelOf(17_000, 24), name: 'more' }, weight];

describe('A sum that is computed anew', () => {
  for (const bits of [16, 24, 32] as const) {
    for (const length of [1, 15, 16, 17, 16_383, 16_385]) {
      it(`is the sum, chunk by chunk, of ${length} lanes of ${bits} bits`, () => {
        const opened = new OpenedSession({ segments: [modelOf(length, bits), weight] });
        for (let chunk = 0; chunk < opened.count; chunk++) {
          const [computed] = opened.check([chunk]);
          const at = chunk * 49_152;
          expect(toHex(computed!)).to.equal(toHex(opened.sum.slice(at, at + 49_152)));
        }
      });
    }
  }

  it('is the sum when nobody was lost, and when several were', () => {
    const everyone = new OpenedSession({ silentFrom: new Map(), segments: wide });
    expect(everyone.check([0, 1])).to.have.length(2);
    const lost = new Map([
      ['6', 'upload'],
      ['7', 'upload'],
    ] as const);
    const fewer = new OpenedSession({ participants: 7, silentFrom: lost, segments: wide });
    expect(fewer.order.recovered).to.deep.equal(['6', '7']);
    expect(fewer.check([0, 1])).to.have.length(2);
  });

  it('lets others run between two parts of the work, however many keystreams are in a sum', () => {
    const lost = new Map(['17', '18', '19', '20', '21', '22', '23'].map((id) => [id, 'upload'] as const));
    const opened = new OpenedSession({
      participants: 23,
      silentFrom: lost,
      maxColluders: 1,
      segments: [modelOf(9, 24)],
    });
    // As many as are added at once.
    expect(opened.order.maskKeys).to.have.length(16 + 16 * 7);
    expect(opened.check([0])).to.have.length(1);
    const many = new Map(
      ['15', '16', '17', '18', '19', '20', '21', '22', '23', '24'].map((id) => [id, 'upload'] as const),
    );
    const wider = new OpenedSession({
      participants: 24,
      silentFrom: many,
      maxColluders: 1,
      segments: [modelOf(9, 24)],
    });
    expect(wider.order.maskKeys).to.have.length(14 + 14 * 10);
    expect(wider.check([0]).map((computed) => computed === undefined)).to.deep.equal([true, false]);
  });

  it('shows a lane that was changed by one, in whichever chunk, when that chunk is checked', () => {
    const opened = new OpenedSession({ segments: wide });
    const bytes = { model: 2, more: 3, weight: 4 };
    const { layout } = opened.order;
    fc.assert(
      fc.property(fc.nat(layout.lengthBytes - 1), (byte) => {
        const placed = layout.segments.filter(({ offset }) => offset <= byte).at(-1)!;
        const width = bytes[placed.segment.name as keyof typeof bytes];
        const lane = Math.floor((byte - placed.offset) / width);
        const sum = opened.changedByOne(placed.offset + lane * width, width);
        const hit = Array.from({ length: opened.count }, (_, chunk) => chunk).filter((chunk) => {
          const at = chunk * 49_152;
          return toHex(sum.slice(at, at + 49_152)) !== toHex(opened.sum.slice(at, at + 49_152));
        });
        expect(hit).to.have.length.above(0);
        for (const chunk of hit) expect(ruleThrownBy(() => opened.check([chunk], { sum }))).to.equal('check.sum');
        const spared = [0, 1].filter((chunk) => !hit.includes(chunk));
        for (const chunk of spared) expect(ruleThrownBy(() => opened.check([chunk], { sum }))).to.equal(undefined);
      }),
      { seed: 11, numRuns: 20 },
    );
  });

  it('names session, chunk, segment and lane that differ first, and both digests', () => {
    const opened = new OpenedSession({ segments: wide });
    const { layout, sid2 } = opened.order;
    const more = layout.segments[1]!;
    // The guard in front is lane 0.
    const sum = opened.changedByOne(more.offset + 5_000 * 3, 3);
    const chunk = Math.floor((more.offset + 5_000 * 3) / 49_152);
    const part = (vector: Uint8Array) => merkleLeaf(crypto, vector.slice(chunk * 49_152, (chunk + 1) * 49_152));
    expect(detailThrownBy(() => opened.check([chunk], { sum }))).to.deep.equal({
      rule: 'check.sum',
      required: toHex(part(opened.sum)),
      offered: toHex(part(sum)),
      sid2: toHex(sid2),
      chunk,
      segment: 'more',
      lane: 5_000,
    });
  });

  it('names the group whose sum it is, in a round that has several', () => {
    const opened = new OpenedSession({ segments: wide });
    const options = { crypto, transcript: opened.read(), resultHash: opened.resultHash, chunks: [0], group: 2 };
    const sum = opened.changedByOne(48, 2);
    const differs = new ChunkCheck({ ...options, resultHash: vectorRoot(crypto, sum) });
    for (const served of opened.served([0], sum)) differs.take(served);
    expect(detailThrownBy(() => [...differs.compare()])).to.include({ rule: 'check.sum', group: 2, chunk: 0 });
    const forged = { ...opened.served([0])[0]!, data: sum.slice(0, 49_152) };
    const foreign = new ChunkCheck(options);
    expect(detailThrownBy(() => foreign.take(forged))).to.include({ rule: 'check.chunk', group: 2, chunk: 0 });
  });

  it('takes no chunk more than were asked for', () => {
    const opened = new OpenedSession({ segments: wide });
    const { resultHash } = opened;
    const check = new ChunkCheck({ crypto, transcript: opened.read(), resultHash, chunks: [1] });
    const served = opened.served([1]);
    for (const one of served) check.take(one);
    const { expected } = check;
    expect(expected).to.equal(4);
    // The first again would be the sum's next one; it has a good proof.
    for (const more of [served[0]!, served.at(-1)!]) {
      expect(ruleThrownBy(() => check.take(more))).to.equal('malformed');
      expect(detailThrownBy(() => check.take(more))).to.deep.equal({ required: expected, offered: 'one more' });
    }
    expect([...check.compare()]).to.have.length(1);
  });

  it('keeps nothing of the buffer in which a chunk came', () => {
    const opened = new OpenedSession({ segments: wide });
    const check = new ChunkCheck({ crypto, transcript: opened.read(), resultHash: opened.resultHash, chunks: [1] });
    for (const { data, ...served } of opened.served([1])) {
      const buffer = data.slice();
      check.take({ ...served, data: buffer });
      buffer.fill(0);
    }
    expect([...check.compare()].map((computed) => toHex(computed!))).to.deep.equal([toHex(opened.sum.slice(49_152))]);
  });

  it('does not believe a chunk that is not under the root its owner signed, nor one of another place', () => {
    const opened = new OpenedSession({ segments: wide });
    const honest = opened.served([0, 1]);
    const damaged = honest.map((served, at) =>
      at === 4 ? { ...served, data: served.data.map((b) => b ^ 1) } : served,
    );
    expect(detailThrownBy(() => opened.check([0, 1], { served: damaged }))).to.include({
      rule: 'check.chunk',
      chunk: 0,
      participant: '2',
      required: `a chunk under ${toHex(vectorRoot(crypto, opened.vectors.get(1)!))}`,
      offered: toHex(merkleLeaf(crypto, damaged[4]!.data)),
    });
    const elsewhere = honest.map((served, at) => (at === 1 ? { ...served, path: honest[0]!.path } : served));
    expect(detailThrownBy(() => opened.check([0, 1], { served: elsewhere }))).to.include({
      rule: 'check.chunk',
      chunk: 1,
    });
    const unsigned = new ChunkCheck({
      crypto,
      transcript: opened.read(),
      resultHash: vectorRoot(crypto, opened.changedByOne(0, 2)),
      chunks: [0],
    });
    const [{ data }] = honest as [ServedChunk];
    // It is of no participant, and of no group among several.
    expect(detailThrownBy(() => unsigned.take(honest[0]!))).to.deep.equal({
      rule: 'check.chunk',
      required: `a chunk under ${toHex(vectorRoot(crypto, opened.changedByOne(0, 2)))}`,
      offered: toHex(merkleLeaf(crypto, data)),
      chunk: 0,
    });
  });

  it('takes chunks in their one order only, all of them, and of their one length', () => {
    const opened = new OpenedSession({ segments: wide });
    const honest = opened.served([0, 1]);
    const swapped = [honest[0]!, honest[2]!, honest[1]!, ...honest.slice(3)];
    expect(ruleThrownBy(() => opened.check([0, 1], { served: swapped }))).to.equal('malformed');
    expect(ruleThrownBy(() => opened.check([0, 1], { served: honest.slice(0, -1) }))).to.equal('malformed');
    expect(ruleThrownBy(() => opened.check([0, 1], { served: [...honest, honest[0]!] }))).to.equal('malformed');
    const short = honest.map((served, at) => (at === 3 ? { ...served, data: served.data.slice(0, -48) } : served));
    expect(ruleThrownBy(() => opened.check([0, 1], { served: short }))).to.equal('malformed');
    // Good bytes with a good proof, under a wrong name or number.
    for (const renamed of [{ survivor: 1 }, { survivor: undefined }, { chunk: 1 }]) {
      const served = honest.map((one, at) => (at === 2 ? ({ ...one, ...renamed } as ServedChunk) : one));
      expect(ruleThrownBy(() => opened.check([0, 1], { served }))).to.equal('malformed');
    }
  });

  it('says which chunk had to come, and what came', () => {
    const opened = new OpenedSession({ segments: wide });
    const [first, second] = opened.served([0, 1]) as [ServedChunk, ServedChunk];
    const survivors = opened.served([0, 1]).slice(2);
    const checkOf = (group?: number) =>
      new ChunkCheck({ crypto, transcript: opened.read(), resultHash: opened.resultHash, chunks: [0, 1], group });
    const offered = `${second.data.length} bytes of chunk 1`;
    expect(detailThrownBy(() => checkOf().take(second))).to.deep.equal({
      required: '49152 bytes of chunk 0 of the sum of this round',
      offered,
    });
    expect(detailThrownBy(() => checkOf(3).take(second))).to.deep.equal({
      required: '49152 bytes of chunk 0 of the sum of group 3',
      offered,
    });
    const check = checkOf(3);
    for (const served of [first, second]) check.take(served);
    expect(detailThrownBy(() => check.take(survivors[1]!))).to.deep.equal({
      required: '49152 bytes of chunk 0 of 1',
      offered,
    });
    expect(detailThrownBy(() => [...check.compare()])).to.deep.equal({ required: 8, offered: 2 });
  });

  it('is asked for by chunks that there are, ascending, and at most 64 at a time', () => {
    const opened = new OpenedSession({ segments: wide });
    const ask = (chunks: readonly number[]) => () => {
      new ChunkCheck({ crypto, transcript: opened.read(), resultHash: opened.resultHash, chunks });
    };
    for (const chunks of [[], [1, 0], [0, 0], [-1], [0.5], [opened.count], Array.from({ length: 65 }, (_, i) => i)]) {
      expect(ruleThrownBy(ask(chunks)), String(chunks)).to.equal('check.chunks');
    }
    expect(ruleThrownBy(ask([0, opened.count - 1]))).to.equal(undefined);
  });

  it('is asked for by 64 chunks at most, however many there are', () => {
    const ask = (count: number, chunks: readonly number[]) => detailThrownBy(() => requireChunks(chunks, count));
    const first = (many: number) => Array.from({ length: many }, (_, chunk) => chunk);
    const refused = (count: number, offered: string) => ({
      rule: 'check.chunks',
      required: `1 to 64 chunks, ascending, below ${count}`,
      offered,
    });
    expect(ask(1_000, first(64))).to.equal(undefined);
    expect(ask(1_000, first(65))).to.deep.equal(refused(1_000, '65 chunks, the last 64'));
    expect(ask(1_000, [])).to.deep.equal(refused(1_000, '0 chunks, the last none'));
    expect(ask(2, [0, 1, 2])).to.deep.equal(refused(2, '3 chunks, the last 2'));
    expect(ask(1, [0])).to.equal(undefined);
  });
});

describe('A byte of a packed vector', () => {
  it('belongs to a lane of its segment, counted from the guard in front', () => {
    const { layout } = new OpenedSession({ segments: wide }).order;
    const [first, second] = layout.segments;
    expect(laneAt(layout, 0)).to.deep.equal({ segment: 'model', lane: 0 });
    expect(laneAt(layout, 3)).to.deep.equal({ segment: 'model', lane: 1 });
    expect(laneAt(layout, second!.offset - 1)).to.deep.equal({ segment: 'model', lane: first!.paddedBytes / 2 - 1 });
    expect(laneAt(layout, second!.offset + 3)).to.deep.equal({ segment: 'more', lane: 1 });
    expect(laneAt(layout, layout.segments[2]!.offset + 4)).to.deep.equal({ segment: 'weight', lane: 1 });
  });
});
