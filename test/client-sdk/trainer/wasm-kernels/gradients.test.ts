import { expect } from 'chai';
import fc from 'fast-check';
import { type Backends, loadBackends, type Tensor } from './backends.js';

type Tf = Backends['tf'];

/** A function of one tensor; everything else in it is fixed. */
interface Drawn {
  readonly shape: readonly number[];
  readonly apply: (tf: Tf, x: Tensor) => Tensor;
}

interface Kind {
  readonly drawn: fc.Arbitrary<Drawn>;
  /** Half the distance of two values whose difference is the slope: the functions are straight over so much. */
  readonly step: number;
  /** Most numbers here are whole and small, so float32 has them exactly. */
  readonly tolerance: number;
  /** Whole numbers without a pattern: all different, or of −3 … 3. */
  readonly different?: boolean;
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);
const small = (size: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => ((i * 5 + (i >> 2)) % 7) - 3);
/** 1,009 is prime and more than any size here. */
const different = (size: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => ((i * 389 + 600) % 1009) - 800);

const upTo = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max });
const pair = (max: number): fc.Arbitrary<[number, number]> => fc.tuple(upTo(max), upTo(max));
const side = fc.integer({ min: 5, max: 6 });
const planes = fc.tuple(upTo(3), side, side, upTo(2));
const volumes = fc.tuple(upTo(2), fc.constantFrom(3, 4), fc.constantFrom(3, 4), fc.constantFrom(3, 4), upTo(2));
/** In numbers less wide than the filter. */
const padOf = ([height, width]: readonly [number, number]): fc.Arbitrary<unknown> => {
  const [down, across] = [fc.nat(height - 1), fc.nat(width - 1)];
  const numbers = fc.tuple(fc.constant([0, 0]), fc.tuple(down, down), fc.tuple(across, across), fc.constant([0, 0]));
  return fc.oneof(fc.constantFrom('same', 'valid'), numbers);
};

const windows = pair(3).chain((filter) =>
  fc.record({ filter: fc.constant(filter), strides: pair(3), pad: padOf(filter) }),
);
const boxes = fc.record({
  filter: fc.tuple(upTo(2), upTo(2), upTo(2)),
  strides: fc.tuple(upTo(2), upTo(2), upTo(2)),
  pad: fc.constantFrom('same', 'valid'),
});
const fixed = (tf: Tf, shape: readonly number[]): Tensor => tf.tensor(small(sizeOf(shape)), shape);

function pooled(operation: string): fc.Arbitrary<Drawn> {
  return fc.tuple(planes, windows).map(([shape, { filter, strides, pad }]) => ({
    shape,
    apply: (tf, x) => tf[operation]!(x, filter, strides, pad),
  }));
}

function pooledVolume(operation: string): fc.Arbitrary<Drawn> {
  return fc.tuple(volumes, boxes).map(([shape, { filter, strides, pad }]) => ({
    shape,
    apply: (tf, x) => tf[operation]!(x, filter, strides, pad),
  }));
}

/** @param of 0: a function of the input, 1: of the filter. */
function convolved(of: 0 | 1): fc.Arbitrary<Drawn> {
  return fc.tuple(planes, windows, upTo(3)).map(([shape, { filter, strides, pad }, filters]) => {
    const shapes = [shape, [...filter, shape[3], filters]];
    const apply = (tf: Tf, x: Tensor) => {
      const other = fixed(tf, shapes[1 - of]!);
      return tf.conv2d!(of === 0 ? x : other, of === 0 ? other : x, strides, pad);
    };
    return { shape: shapes[of]!, apply };
  });
}

function convolvedDepthwise(of: 0 | 1): fc.Arbitrary<Drawn> {
  return fc.tuple(planes, windows, upTo(3), upTo(3)).map(([shape, { filter, pad }, stride, multiplier]) => {
    const shapes = [shape, [...filter, shape[3], multiplier]];
    const apply = (tf: Tf, x: Tensor) => {
      const other = fixed(tf, shapes[1 - of]!);
      return tf.depthwiseConv2d!(of === 0 ? x : other, of === 0 ? other : x, stride, pad);
    };
    return { shape: shapes[of]!, apply };
  });
}

function convolvedVolume(of: 0 | 1): fc.Arbitrary<Drawn> {
  return fc.tuple(volumes, boxes, upTo(3)).map(([shape, { filter, strides, pad }, filters]) => {
    const shapes = [shape, [...filter, shape[4], filters]];
    const apply = (tf: Tf, x: Tensor) => {
      const other = fixed(tf, shapes[1 - of]!);
      return tf.conv3d!(of === 0 ? x : other, of === 0 ? other : x, strides, pad);
    };
    return { shape: shapes[of]!, apply };
  });
}

function resized(operation: string): fc.Arbitrary<Drawn> {
  return fc.tuple(planes, pair(9), fc.boolean()).map(([shape, size, alignCorners]) => ({
    shape,
    apply: (tf, x) => tf.image[operation]!(x, size, alignCorners),
  }));
}

const embedded: fc.Arbitrary<Drawn> = fc
  .tuple(upTo(5), upTo(4), fc.array(fc.nat(4), { minLength: 1, maxLength: 8 }))
  .map(([rows, width, numbers]) => ({
    shape: [rows, width],
    apply: (tf, x) =>
      tf.gather!(
        x,
        tf.tensor1d!(
          numbers.map((n) => n % rows),
          'int32',
        ),
      ),
  }));

const linear = { step: 1, tolerance: 0 };
const kinds: Readonly<Record<string, Kind>> = {
  'the input of a convolution': { drawn: convolved(0), ...linear },
  'the filter of a convolution': { drawn: convolved(1), ...linear },
  'the input of a depthwise convolution': { drawn: convolvedDepthwise(0), ...linear },
  'the filter of a depthwise convolution': { drawn: convolvedDepthwise(1), ...linear },
  'the input of a convolution of volumes': { drawn: convolvedVolume(0), ...linear },
  'the filter of a convolution of volumes': { drawn: convolvedVolume(1), ...linear },
  'the largest of windows': { drawn: pooled('maxPool'), step: 0.25, tolerance: 0, different: true },
  'the largest of boxes': { drawn: pooledVolume('maxPool3d'), step: 0.25, tolerance: 0, different: true },
  'means of windows': { drawn: pooled('avgPool'), step: 1, tolerance: 1e-5 },
  'means of boxes': { drawn: pooledVolume('avgPool3d'), step: 1, tolerance: 1e-5 },
  'nearest pixels': { drawn: resized('resizeNearestNeighbor'), ...linear },
  'mixed pixels': { drawn: resized('resizeBilinear'), step: 1, tolerance: 2e-5 },
  'rows of an embedding': { drawn: embedded, ...linear },
};

describe('a gradient of tfjs as it trains here', function () {
  this.timeout(60_000);
  let backends: Backends;

  before(async () => {
    backends = await loadBackends();
  });

  for (const [title, kind] of Object.entries(kinds)) {
    it(`by ${title} is the difference of the outputs, on wasm and on cpu, and leaves nothing behind`, async () => {
      await fc.assert(
        fc.asyncProperty(kind.drawn, async ({ shape, apply }) => {
          const { tf, use } = backends;
          const x = (kind.different ? different : small)(sizeOf(shape));
          await use('cpu');
          const slopes = differences(tf, x, shape, apply, kind.step);
          for (const name of ['cpu', 'wasm'] as const) {
            await use(name);
            const before = tf.memory();
            const gradient = tf.tidy(() => gradientOf(tf, x, shape, apply));
            expect(tf.memory()).to.deep.equal(before);
            expect(gradient.length).to.equal(slopes.length);
            gradient.forEach((slope, i) => {
              expect(slope, `${name} at ${i} of ${shape}`).to.be.closeTo(slopes[i]!, kind.tolerance);
            });
          }
        }),
        { seed: 11, numRuns: 25 },
      );
    });
  }
});

/** Of the outputs' sum, each of them weighed by its own whole number. */
function gradientOf(tf: Tf, values: Float32Array, shape: readonly number[], apply: Drawn['apply']): Float32Array {
  const x = tf.tensor(values, shape);
  const weighed = (at: Tensor): Tensor => {
    const y = apply(tf, at);
    return y.mul(fixed(tf, y.shape)).sum();
  };
  return tf.grad(weighed)(x).dataSync().slice();
}

/** The same by what the function gives on both sides of each number, in float64. */
function differences(
  tf: Tf,
  values: Float32Array,
  shape: readonly number[],
  apply: Drawn['apply'],
  step: number,
): Float64Array {
  const weighed = (at: Float32Array): number =>
    tf.tidy(() => {
      const y = apply(tf, tf.tensor(at, shape)).dataSync();
      const weights = small(y.length);
      return y.reduce((sum, value, i) => sum + value * weights[i]!, 0);
    });
  return Float64Array.from(values, (value, i) => {
    const [below, above] = [values.slice(), values.slice()];
    below[i] = value - step;
    above[i] = value + step;
    return (weighed(above) - weighed(below)) / (2 * step);
  });
}
