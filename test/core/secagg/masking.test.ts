import {
  addKeystreams,
  addLanesBytewise,
  addToPart,
  addVector,
  bounds,
  type Layout,
  layoutOf,
  merkleLeaf,
  merkleRoot,
  packLanes,
  type Segment,
  vectorRoot,
} from '@concordat/core';
import { seededRandom } from '@concordat/sim';
import { expect } from 'chai';
import { detailThrownBy, ruleThrownBy } from '../../support/rules.js';
import { crypto, randomUpdate } from '../../support/session.js';
import { withKeystream } from '../../support/with-keystream.js';

const random = seededRandom(crypto, 3, 'masking');
const key = random.bytes(32);
const quantBits = { 16: 8, 24: 16, 32: 16 } as const;
const segmentOf = (length: number, bits: 16 | 24 | 32): Segment => ({
  name: `${bits}-${length}`,
  length,
  bits,
  quantBits: quantBits[bits],
  bound: 1,
  kind: 'model',
});

/** The definition, without chunks: the whole stream, segment by segment, one byte at a time. */
function maskedByDefinition(layout: Layout, vector: Uint8Array, sign: 1 | -1): Uint8Array {
  const out = vector.slice();
  const stream = crypto.keystream(key, 0, vector.length);
  for (const { segment, offset, paddedBytes } of layout.segments) {
    const end = offset + paddedBytes;
    addLanesBytewise(segment.bits, out.subarray(offset, end), stream.subarray(offset, end), sign);
  }
  return out;
}

function vectorOf(layout: Layout): Uint8Array {
  return packLanes(
    layout,
    randomUpdate(
      layout.segments.map(({ segment }) => segment),
      seededRandom(crypto, 4, 'update'),
    ),
  );
}

describe('A keystream over a packed vector', () => {
  for (const bits of [16, 24, 32] as const) {
    for (const length of [1, 15, 16, 17, 49_151, 49_153]) {
      it(`masks ${length} lanes of ${bits} bits, chunk by chunk in any order`, () => {
        // A segment of another width in front moves the long one off the chunk borders.
        const layout = layoutOf([segmentOf(17, bits === 24 ? 16 : 24), segmentOf(length, bits)]);
        const vector = vectorOf(layout);
        const expected = maskedByDefinition(layout, vector, 1);
        const whole = vector.slice();
        addKeystreams(crypto, layout, whole, [{ key, sign: 1 }]);
        expect(Buffer.compare(whole, expected)).to.equal(0);
        const backwards = vector.slice();
        const starts = Array.from(
          { length: Math.ceil(vector.length / bounds.chunkBytes) },
          (_, j) => j * bounds.chunkBytes,
        );
        for (const fromByte of starts.reverse()) {
          const toByte = Math.min(vector.length, fromByte + bounds.chunkBytes);
          addKeystreams(crypto, layout, backwards, [{ key, sign: 1 }], { fromByte, toByte });
        }
        expect(Buffer.compare(backwards, expected)).to.equal(0);
        addKeystreams(crypto, layout, whole, [{ key, sign: -1 }]);
        expect(Buffer.compare(whole, vector)).to.equal(0);
      });
    }
  }

  it('begins chunk j at AES counter 3072·j', () => {
    const layout = layoutOf([segmentOf(40_000, 24)]);
    const vector = new Uint8Array(layout.lengthBytes);
    addKeystreams(crypto, layout, vector, [{ key, sign: 1 }], {
      fromByte: bounds.chunkBytes,
      toByte: bounds.chunkBytes + 48,
    });
    const stream = crypto.keystream(key, 3072 * 16, 48);
    expect([...vector.subarray(bounds.chunkBytes, bounds.chunkBytes + 48)]).to.deep.equal([...stream]);
  });

  it('cancels between two that add and take the same one', () => {
    const layout = layoutOf([segmentOf(100, 16), segmentOf(100, 24), segmentOf(100, 32)]);
    const [a, b] = [vectorOf(layout), vectorOf(layout)];
    const plain = a.slice();
    addVector(layout, plain, b);
    addKeystreams(crypto, layout, a, [{ key, sign: 1 }]);
    addKeystreams(crypto, layout, b, [{ key, sign: -1 }]);
    addVector(layout, a, b);
    expect([...a]).to.deep.equal([...plain]);
  });

  it('covers the given range and nothing else', () => {
    const layout = layoutOf([segmentOf(100, 16), segmentOf(40_000, 24)]);
    const range = { fromByte: 96, toByte: bounds.chunkBytes + 96 };
    const masks = [
      { key, sign: 1 },
      { key: random.bytes(32), sign: -1 },
    ] as const;
    const [whole, part] = [vectorOf(layout), vectorOf(layout)];
    const plain = part.slice();
    addKeystreams(crypto, layout, whole, masks);
    addKeystreams(crypto, layout, part, masks, range);
    expect(
      Buffer.compare(part.subarray(range.fromByte, range.toByte), whole.subarray(range.fromByte, range.toByte)),
    ).to.equal(0);
    expect(Buffer.compare(part.subarray(0, range.fromByte), plain.subarray(0, range.fromByte))).to.equal(0);
    expect(Buffer.compare(part.subarray(range.toByte), plain.subarray(range.toByte))).to.equal(0);
  });

  it('is asked for once per chunk and mask, chunk by chunk', () => {
    const layout = layoutOf([segmentOf(40_000, 24)]);
    const asked: [number, number][] = [];
    const watched = withKeystream((streamKey, at, length) => {
      asked.push([at, length]);
      return crypto.keystream(streamKey, at, length);
    });
    const mask = { key, sign: 1 } as const;
    const rest = layout.lengthBytes - 2 * bounds.chunkBytes;
    addKeystreams(watched, layout, new Uint8Array(layout.lengthBytes), [mask, mask]);
    const chunks = [0, 1, 2].map((chunk) => [chunk * bounds.chunkBytes, chunk < 2 ? bounds.chunkBytes : rest]);
    expect(asked).to.deep.equal(chunks.flatMap((chunk) => [chunk, chunk]));
  });

  it('is added piece by piece as it is at once', () => {
    const layout = layoutOf([segmentOf(100, 16), segmentOf(40_000, 24)]);
    const [sum, other] = [vectorOf(layout), vectorOf(layout)];
    const pieces = sum.slice();
    addVector(layout, sum, other);
    for (let at = 0; at < other.length; at += 960) addVector(layout, pieces, other.subarray(at, at + 960), at);
    expect(Buffer.compare(pieces, sum)).to.equal(0);
  });

  it('takes more masks than there are ciphers open at once', () => {
    const layout = layoutOf([segmentOf(14, 24)]);
    const masks = Array.from({ length: 1_025 }, (_, i) => ({
      key: random.bytes(32),
      sign: i % 2 === 0 ? (1 as const) : (-1 as const),
    }));
    const vector = vectorOf(layout);
    const expected = vector.slice();
    for (const { key: one, sign } of masks) addLanesBytewise(24, expected, crypto.keystream(one, 0, 48), sign);
    addKeystreams(crypto, layout, vector, masks);
    expect([...vector]).to.deep.equal([...expected]);
  });

  it('refuses a range that splits a lane, and a vector of another length', () => {
    const layout = layoutOf([segmentOf(100, 24)]);
    const vector = new Uint8Array(layout.lengthBytes);
    const masked = (fromByte: number, toByte: number) =>
      ruleThrownBy(() => addKeystreams(crypto, layout, vector, [{ key, sign: 1 }], { fromByte, toByte }));
    expect(masked(1, 48)).to.equal('invalid-argument');
    expect(masked(0, 47)).to.equal('invalid-argument');
    expect(masked(-48, 48)).to.equal('invalid-argument');
    // Whole AES blocks, but no whole lanes.
    expect(masked(16, 48)).to.equal('invalid-argument');
    expect(masked(96, 48)).to.equal('invalid-argument');
    expect(masked(48, 48)).to.equal(undefined);
    expect(
      detailThrownBy(() => addKeystreams(crypto, layout, vector, [{ key, sign: 1 }], { fromByte: 96, toByte: 145 })),
    ).to.deep.equal({ fromByte: 96, toByte: 145, lengthBytes: vector.length });
    expect(ruleThrownBy(() => addKeystreams(crypto, layout, new Uint8Array(48), [{ key, sign: 1 }]))).to.equal(
      'invalid-argument',
    );
    expect(masked(0, vector.length + 48)).to.equal('invalid-argument');
    expect(ruleThrownBy(() => addVector(layout, new Uint8Array(48), vector))).to.equal('invalid-argument');
  });

  it('is not added to a part of another length', () => {
    const layout = layoutOf([segmentOf(100, 24)]);
    const part = { bytes: new Uint8Array(96), atByte: 48 };
    const add = () => addToPart(layout, part, new Uint8Array(48));
    expect(ruleThrownBy(add)).to.equal('invalid-argument');
    expect(detailThrownBy(add)).to.deep.equal({ required: 96, offered: 48 });
    expect([...part.bytes]).to.deep.equal([...new Uint8Array(96)]);
  });

  it('differs in every part from one whose key differs in one bit', () => {
    const other = key.slice();
    other[31]! ^= 1;
    const [a, b] = [crypto.keystream(key, 0, 4096), crypto.keystream(other, 0, 4096)];
    expect(a.filter((byte, i) => byte === b[i]).length).to.be.lessThan(64);
  });
});

describe('The root of a vector', () => {
  it('is that of its chunks of 49,152 bytes', () => {
    const vector = seededRandom(crypto, 5, 'root').bytes(60_000);
    const leaves = [vector.subarray(0, 49_152), vector.subarray(49_152)].map((chunk) => merkleLeaf(crypto, chunk));
    expect(vectorRoot(crypto, vector)).to.deep.equal(merkleRoot(crypto, leaves));
  });

  it('has no chunk behind one that is full', () => {
    const vector = seededRandom(crypto, 6, 'root').bytes(2 * bounds.chunkBytes);
    const leaves = [vector.subarray(0, 49_152), vector.subarray(49_152)].map((chunk) => merkleLeaf(crypto, chunk));
    expect(vectorRoot(crypto, vector)).to.deep.equal(merkleRoot(crypto, leaves));
  });
});
