import { addKeystreams, bounds, type Kernels, type LaneBits, layoutOf, packLanes, plainKernels } from '@concordat/core';
import { chooseKernels } from '@concordat/node';
import { seededRandom } from '@concordat/sim';
import { expect } from 'chai';
import fc from 'fast-check';
import { crypto, randomUpdate } from '../support/session.js';

// Throws by name where kernels.wasm was not built: `npm run build` makes it, `tsc -b` alone does not.
const wasm = (): Kernels => chooseKernels('wasm');
const random = seededRandom(crypto, 7, 'kernels');
const widths = [16, 24, 32] as const;
const bitsOf = fc.constantFrom<LaneBits>(...widths);
const shift = fc.nat({ max: 5 });
/** The places where the loops end or begin again, and some between. */
const count = fc.oneof(fc.nat({ max: 70 }), fc.constantFrom(16_383, 16_384, 16_385, 16_401, 40_000));

/** The same bytes at an address that is a multiple of nothing. */
function shifted(bytes: Uint8Array, by: number): Uint8Array {
  const copy = new Uint8Array(bytes.length + 8).subarray(by, by + bytes.length);
  copy.set(bytes);
  return copy;
}

function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) bytes.set(random.bytes(Math.min(65_536, length - at)), at);
  return bytes;
}

const same = (a: ArrayBufferView, b: ArrayBufferView): boolean =>
  Buffer.compare(
    new Uint8Array(a.buffer, a.byteOffset, a.byteLength),
    new Uint8Array(b.buffer, b.byteOffset, b.byteLength),
  ) === 0;

describe('The WebAssembly kernels', () => {
  it('are those that are chosen unless the plain ones are asked for', () => {
    expect(wasm().name).to.equal('wasm');
    expect(chooseKernels()).to.equal(wasm());
    expect(chooseKernels('plain')).to.equal(plainKernels);
  });

  it('add and take away lanes as the plain ones do, at any address, with any number of addends', () => {
    const length = fc.oneof(fc.nat({ max: 20 }), fc.constantFrom(1023, 1024)).map((blocks) => 48 * blocks);
    const signs = fc.array(fc.constantFrom<1 | -1>(1, -1), { maxLength: 5 });
    fc.assert(
      fc.property(bitsOf, length, signs, shift, shift, (bits, bytes, all, byTarget, byAddend) => {
        const target = randomBytes(bytes);
        const addends = all.map((sign) => ({ lanes: shifted(randomBytes(bytes), byAddend), sign }));
        const [expected, found] = [target.slice(), shifted(target, byTarget)];
        plainKernels.addAll(bits, expected, addends);
        wasm().addAll(bits, found, addends);
        return same(found, expected);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('add into shared memory, and refuse what is longer than a chunk or no whole block', () => {
    const [target, lanes] = [new Uint8Array(new SharedArrayBuffer(96)), randomBytes(96)];
    wasm().addAll(24, target, [{ lanes, sign: 1 }]);
    expect(same(target, lanes)).to.equal(true);
    for (const bytes of [47, bounds.chunkBytes + 48]) {
      expect(() => wasm().addAll(24, new Uint8Array(bytes), [])).to.throw('piece of a chunk');
    }
    expect(() => wasm().addAll(24, target, [{ lanes: new Uint8Array(48), sign: 1 }])).to.throw('piece of a chunk');
  });

  it('pack and unpack as the plain ones do, and name the same lane that does not fit', () => {
    fc.assert(
      fc.property(bitsOf, count, shift, fc.option(fc.nat()), (bits, lanes, by, strange) => {
        const values = new Int32Array(randomBytes(4 * lanes).buffer).map((value) => value >> (32 - bits));
        if (strange !== null && bits < 32 && lanes > 0) {
          values[strange % lanes] = strange % 2 === 0 ? 2 ** (bits - 1) : -(2 ** (bits - 1)) - 1;
        }
        const width = bits / 8;
        const [expected, found] = [new Uint8Array(lanes * width), shifted(new Uint8Array(lanes * width), by)];
        const index = plainKernels.packLanes(bits, values, expected);
        if (wasm().packLanes(bits, values, found) !== index) return false;
        if (index !== -1) return true;
        const [plain, quick] = [new Int32Array(lanes), new Int32Array(lanes)];
        plainKernels.unpackLanes(bits, expected, plain);
        wasm().unpackLanes(bits, found, quick);
        return same(found, expected) && same(plain, values) && same(quick, values);
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  it('round as the plain ones do, and name the same value that is not finite', () => {
    const strange = fc.option(fc.record({ at: fc.nat(), value: fc.constantFrom(NaN, Infinity, -Infinity) }));
    const scale = fc.oneof(fc.constantFrom(0, 1, 127, 2 ** 19, 2 ** 40), fc.double({ min: 0, max: 1e6, noNaN: true }));
    fc.assert(
      fc.property(count, scale, fc.constantFrom(1, 127, 32_767, 2 ** 31 - 1), strange, (m, s, magnitudeMax, odd) => {
        const values = new Float32Array(randomBytes(4 * m).buffer).map((x) => (Number.isFinite(x) ? x : 1));
        for (let i = 0; i < m; i += 2) values[i] = random.bytes(1)[0]! / 100 - 1.3;
        if (odd !== null && m > 0) values[odd.at % m] = odd.value;
        const drawn = randomBytes(4 * m);
        const [plain, quick] = [new Int32Array(m), new Int32Array(m)];
        const options = { scale: s, magnitudeMax };
        const index = plainKernels.round(values, drawn, options, plain);
        if (wasm().round(values, drawn, options, quick) !== index) return false;
        return index !== -1 || same(plain, quick);
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  it('scale as the plain ones do', () => {
    const unit = fc.double({ min: -1e3, max: 1e3, noNaN: true });
    fc.assert(
      fc.property(count, unit, (m, u) => {
        const lanes = new Int32Array(randomBytes(4 * m).buffer);
        const [plain, quick] = [new Float32Array(m), new Float32Array(m)];
        plainKernels.scale(lanes, u, plain);
        wasm().scale(lanes, u, quick);
        return same(plain, quick);
      }),
      { seed: 4, numRuns: 200 },
    );
  });

  it('rotate as the plain ones do, both ways, where a block, a strided part and a third pass begin', () => {
    const sizes = [...Array(20).keys()].map((power) => 2 ** power);
    for (const direction of ['forward', 'back'] as const) {
      for (const m of direction === 'back' ? [...sizes, 2 ** 24] : sizes) {
        const signs = shifted(randomBytes(Math.ceil(m / 8)), m % 7);
        // Neither ends where memory does, nor is it aligned to more than a value.
        const quick = new Float32Array(m + 5).subarray(3, 3 + m);
        const values = new Int16Array(randomBytes(2 * m).buffer);
        for (let i = 0; i < m; i++) quick[i] = values[i]! / 1000;
        const plain = quick.slice();
        plainKernels.rotate(plain, signs, direction);
        wasm().rotate(quick, signs, direction);
        expect(same(plain, quick), `${m} values, ${direction}`).to.equal(true);
      }
    }
  });

  for (const bits of widths) {
    for (const length of [1, 15, 16, 17, 49_151, 49_153]) {
      it(`mask ${length} lanes of ${bits} bits as the plain ones do, from every chunk`, () => {
        const quantBits = bits === 16 ? 8 : 16;
        const segment = { name: 'model', length, bits, quantBits, bound: 1, kind: 'model' } as const;
        const layout = layoutOf([{ ...segment, name: 'front', length: 17, bits: 24, quantBits: 16 }, segment]);
        const segments = layout.segments.map((placed) => placed.segment);
        const vector = packLanes(layout, randomUpdate(segments, random), wasm());
        const masks = ([1, -1, 1] as const).map((sign) => ({ key: random.bytes(32), sign }));
        for (let fromByte = 0; fromByte < vector.length; fromByte += bounds.chunkBytes) {
          const toByte = Math.min(vector.length, fromByte + bounds.chunkBytes);
          const [expected, found] = [vector.slice(), vector.slice()];
          addKeystreams(crypto, layout, expected, masks, { fromByte, toByte });
          addKeystreams(crypto, layout, found, masks, { fromByte, toByte, kernels: wasm() });
          expect(same(found, expected), `from byte ${fromByte}`).to.equal(true);
        }
      });
    }
  }
});
