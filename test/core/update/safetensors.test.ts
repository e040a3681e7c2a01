import {
  bounds,
  decodeSafetensors,
  deltaSteps,
  encodeSafetensors,
  FederatedError,
  flattenTensors,
  modelHash,
  type NamedTensor,
  placeSafetensors,
  splitTensors,
  toHex,
} from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { expect } from 'chai';
import fc from 'fast-check';
import { deltaOf } from '../../support/delta-of.js';

const kernel: NamedTensor = { name: 'dense/kernel', shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6) };
const bias: NamedTensor = { name: 'dense/bias', shape: [3], values: Float32Array.of(-1, 0.5, 1e-9) };
const shapes = [kernel, bias].map(({ name, shape }) => ({ name, shape }));

/** A file with this header and so many bytes of data. */
function file(header: unknown, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const out = new Uint8Array(8 + json.length + dataBytes);
  new DataView(out.buffer).setUint32(0, json.length, true);
  out.set(json, 8);
  return out;
}

describe('safetensors', () => {
  it('give back what was written', () => {
    const tensor = fc.record({
      name: fc.stringMatching(/^[a-z][a-z0-9/._]{0,20}$/),
      values: fc.float32Array({ maxLength: 20, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.uniqueArray(tensor, { maxLength: 8, selector: (one) => one.name }), (list) => {
        const tensors = list.map(({ name, values }) => ({ name, shape: [values.length], values }));
        const found = decodeSafetensors(encodeSafetensors(tensors));
        const byName = (a: NamedTensor, b: NamedTensor) => (a.name < b.name ? -1 : 1);
        expect([...found].sort(byName)).to.deep.equal([...tensors].sort(byName));
      }),
      { seed: 4, numRuns: 100 },
    );
  });

  it('are the same bytes in whatever order the tensors come, so a model has one hash', () => {
    expect(encodeSafetensors([kernel, bias])).to.deep.equal(encodeSafetensors([bias, kernel]));
    expect(toHex(modelHash(nodeCrypto, [kernel, bias]))).to.equal(
      toHex(nodeCrypto.sha256(encodeSafetensors([bias, kernel]))),
    );
  });

  it('begin with the length of a header of JSON, filled to eight bytes, and hold little-endian float32', () => {
    const bytes = encodeSafetensors([bias]);
    const view = new DataView(bytes.buffer);
    const length = view.getUint32(0, true);
    expect(length % 8).to.equal(0);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
    expect(header).to.deep.equal({ 'dense/bias': { dtype: 'F32', shape: [3], data_offsets: [0, 12] } });
    expect(view.getFloat32(8 + length + 4, true)).to.equal(0.5);
  });

  it('have places that follow from the shapes alone', () => {
    const bytes = encodeSafetensors([kernel, bias]);
    const { head, tensors, sizeBytes } = placeSafetensors(shapes);
    expect(sizeBytes).to.equal(bytes.length);
    expect(bytes.subarray(0, head.length)).to.deep.equal(head);
    expect(tensors.map(({ name }) => name)).to.deep.equal(['dense/bias', 'dense/kernel']);
    const view = new DataView(bytes.buffer);
    expect(tensors.map(({ offset }) => view.getFloat32(offset, true))).to.deep.equal([-1, 1]);
    expect(() => placeSafetensors([shapes[0]!, shapes[0]!])).to.throw(FederatedError, 'cannot be written');
  });

  it('are read at any address, as views where that is possible', () => {
    const bytes = encodeSafetensors([kernel, bias]);
    const shifted = new Uint8Array(bytes.length + 1).subarray(1);
    shifted.set(bytes);
    expect(decodeSafetensors(shifted)).to.deep.equal(decodeSafetensors(bytes));
    expect(decodeSafetensors(bytes)[0]!.values.buffer).to.equal(bytes.buffer);
  });

  it('of others may carry text metadata and any order of names', () => {
    const entry = (begin: number) => ({ dtype: 'F32', shape: [1], data_offsets: [begin, begin + 4] });
    const found = decodeSafetensors(file({ __metadata__: { format: 'pt' }, b: entry(0), a: entry(4) }, 8));
    expect(found.map(({ name }) => name)).to.deep.equal(['b', 'a']);
  });

  it('are refused when anything does not add up', () => {
    const entry = { dtype: 'F32', shape: [1], data_offsets: [0, 4] };
    const empty = { dtype: 'F32', shape: [0], data_offsets: [0, 0] };
    const many = Array.from({ length: bounds.tensorsMax + 1 }, (_, i) => i);
    const dimensions = Array.from({ length: bounds.tensorRankMax + 1 }, () => 1);
    const long = file('{}', 0);
    new DataView(long.buffer).setUint32(0, bounds.safetensorsHeaderBytesMax + 1, true);
    const hostile: readonly [string, Uint8Array][] = [
      ['empty', new Uint8Array(0)],
      ['header longer than 4 MiB', long],
      ['header that is no JSON', file('{', 0)],
      ['header that is a list', file('[]', 0)],
      ['another dtype', file({ a: { ...entry, dtype: 'F16' } }, 4)],
      ['entry null', file({ a: null }, 4)],
      ['shape that is negative', file({ a: { ...entry, shape: [-1] } }, 4)],
      ['shape beyond the file', file({ a: { ...entry, shape: [2 ** 31, 2 ** 31], data_offsets: [0, 2 ** 52] } }, 4)],
      ['offsets that overlap', file({ a: entry, b: entry }, 8)],
      ['a gap', file({ a: entry, b: { ...entry, data_offsets: [8, 12] } }, 12)],
      ['bytes left over', file({ a: entry }, 5)],
      ['too few bytes', file({ a: entry }, 3)],
      ['more tensors than the bound', file(Object.fromEntries(many.map((i) => [`t${i}`, empty])), 0)],
      ['more dimensions than the bound', file({ a: { ...entry, shape: dimensions } }, 4)],
      ['a shape that is no list', file({ a: { ...entry, shape: 1 } }, 4)],
      ['a length that is no whole number', file({ a: { ...entry, shape: [0.5] } }, 4)],
      ['offsets beyond whole numbers', file({ a: { ...entry, data_offsets: [0, 2 ** 60] } }, 4)],
      ['one offset', file({ a: { ...entry, data_offsets: [0] } }, 4)],
      ['header of other bytes than UTF-8', Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe)],
      ['header longer than the file', Uint8Array.of(200, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d)],
    ];
    for (const [what, bytes] of hostile) {
      expect(() => decodeSafetensors(bytes), what)
        .to.throw(FederatedError)
        .with.property('code', 'malformed');
    }
  });

  it('cannot be written with a name twice or values that do not fill the shape', () => {
    expect(() => encodeSafetensors([bias, bias])).to.throw(FederatedError);
    expect(() => encodeSafetensors([{ ...bias, shape: [4] }])).to.throw(FederatedError);
  });
});

describe('a flat vector', () => {
  it('follows the order of the plan', () => {
    const flat = flattenTensors([bias, kernel], shapes);
    expect([...flat.subarray(0, 7)]).to.deep.equal([1, 2, 3, 4, 5, 6, -1]);
    expect(splitTensors(flat, shapes)).to.deep.equal([kernel, bias]);
  });

  it('is a view where the tensors lie one behind the other already, and a copy elsewhere', () => {
    const flat = flattenTensors([bias, kernel], shapes);
    expect(flattenTensors(splitTensors(flat, shapes), shapes).buffer).to.equal(flat.buffer);
    const swapped = [shapes[1]!, shapes[0]!];
    const copy = flattenTensors(splitTensors(flat, shapes), swapped);
    expect(copy.buffer).to.not.equal(flat.buffer);
    expect([...copy.subarray(0, 4)]).to.deep.equal([...bias.values, 1]);
  });

  it('is refused in another shape than the plan, by tensor', () => {
    expect(() => flattenTensors([kernel], shapes)).to.throw(FederatedError, 'another number of tensors');
    expect(() => flattenTensors([kernel, { ...bias, name: 'other' }], shapes)).to.throw(
      FederatedError,
      'no tensor dense/bias',
    );
    expect(() => flattenTensors([{ ...kernel, shape: [3, 2] }, bias], shapes)).to.throw(
      FederatedError,
      'dense/kernel has another shape',
    );
    expect(() => splitTensors(new Float32Array(8), shapes)).to.throw(FederatedError, 'another length');
  });

  it('less the initial one is the delta, and a diverged one is refused by tensor and index', () => {
    const initial = flattenTensors([kernel, bias], shapes);
    const trained = initial.map((value) => value + 0.25);
    expect([...deltaOf(initial, trained, shapes)].every((value) => Math.abs(value - 0.25) < 1e-6)).to.equal(true);
    trained[7] = Number.NaN;
    expect(() => deltaOf(initial, trained, shapes)).to.throw(FederatedError, 'NaN at dense/bias[1]');
  });

  it('becomes the delta in its own memory, a step at a time, and not from what shares that memory', () => {
    const initial = new Float32Array(flattenTensors([kernel, bias], shapes));
    const trained = splitTensors(
      initial.map((value) => value + 1),
      shapes,
    );
    const steps = deltaSteps(initial, trained, shapes, 4);
    let stops = 0;
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) stops += 1;
    // Six values of the kernel in two steps, three of the bias in one.
    expect([stops, step.value === initial, [...initial]]).to.deep.equal([3, true, Array(9).fill(1)]);
    expect(() => deltaSteps(initial, splitTensors(initial, shapes), shapes, 4).next())
      .to.throw(FederatedError, 'gave back the memory')
      .with.nested.property('detail.rule', 'model.in-place');
  });
});
