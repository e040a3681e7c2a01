import { FederatedError } from '../errors.js';
import type { TensorShape } from '../round/plan.js';
import type { Rule } from '../rules.js';

/** Model parameters as one flat float32 vector [d], in the order of the plan's tensor list. */
export type Weights = Float32Array;

/** A tensor with its values, row-major float32. */
export interface NamedTensor extends TensorShape {
  readonly values: Float32Array;
}

/** Number of values in a tensor; 1 for a scalar. */
export function tensorSize(tensor: TensorShape): number {
  return tensor.shape.reduce((size, dimension) => size * dimension, 1);
}

/** d: values over all tensors. */
export function parameterCount(tensors: readonly TensorShape[]): number {
  return tensors.reduce((count, tensor) => count + tensorSize(tensor), 0);
}

/**
 * Lay named tensors, in any order, into one flat vector: a new one, or a view where they already lie so, one behind the other.
 *
 * @param tensors exactly the tensors of `shapes`, by name.
 * @param shapes the plan's list; fixes the order.
 * @throws `refused` `model.tensors` or `model.shape` when a tensor is missing, too many, or has another shape.
 */
export function flattenTensors(tensors: readonly NamedTensor[], shapes: readonly TensorShape[]): Weights {
  const ordered = orderTensors(tensors, shapes);
  const length = parameterCount(shapes);
  return viewOver(ordered, length) ?? joined(ordered, length);
}

/** The values of every tensor, in the order of `shapes`. @throws as {@link flattenTensors}. */
export function orderTensors(tensors: readonly NamedTensor[], shapes: readonly TensorShape[]): readonly Float32Array[] {
  if (tensors.length !== shapes.length) {
    throw wrongShape(
      'model.tensors',
      'the model has another number of tensors than the plan',
      shapes.length,
      tensors.length,
    );
  }
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  return shapes.map((shape) => requireTensor(byName, shape).values);
}

function joined(ordered: readonly Float32Array[], length: number): Weights {
  const flat = new Float32Array(length);
  let at = 0;
  for (const values of ordered) {
    flat.set(values, at);
    at += values.length;
  }
  return flat;
}

function viewOver([first, ...others]: readonly Float32Array[], length: number): Weights | undefined {
  if (first === undefined) return undefined;
  let end = first.byteOffset + first.byteLength;
  for (const { buffer, byteOffset, byteLength } of others) {
    if (buffer !== first.buffer || byteOffset !== end) return undefined;
    end += byteLength;
  }
  return new Float32Array(first.buffer, first.byteOffset, length);
}

function requireTensor(byName: ReadonlyMap<string, NamedTensor>, shape: TensorShape): NamedTensor {
  const tensor = byName.get(shape.name);
  if (tensor === undefined) {
    throw wrongShape(
      'model.tensors',
      `the model has no tensor ${shape.name}`,
      shape.name,
      [...byName.keys()].join(', '),
    );
  }
  if (tensor.shape.join() !== shape.shape.join() || tensor.values.length !== tensorSize(shape)) {
    throw wrongShape(
      'model.shape',
      `tensor ${shape.name} has another shape than the plan`,
      `[${shape.shape.join(', ')}]`,
      `[${tensor.shape.join(', ')}] with ${tensor.values.length} values`,
    );
  }
  return tensor;
}

/**
 * The tensors of a flat vector, as views into it.
 *
 * @throws `refused` `model.parameters` when the vector is not [d].
 */
export function splitTensors(flat: Weights, shapes: readonly TensorShape[]): NamedTensor[] {
  requireParameters(flat, shapes);
  let at = 0;
  return shapes.map(({ name, shape }) => {
    const values = flat.subarray(at, at + tensorSize({ name, shape }));
    at += values.length;
    return { name, shape, values };
  });
}

/** @throws `refused` `model.parameters` unless `flat` is [d]. */
export function requireParameters(flat: Weights, shapes: readonly TensorShape[]): void {
  const required = parameterCount(shapes);
  if (flat.length === required) return;
  throw wrongShape(
    'model.parameters',
    'the vector has another length than the plan has parameters',
    required,
    flat.length,
  );
}

/**
 * A model that can be trained from.
 *
 * @throws `refused` `model.finite`, naming tensor and index of the first value that is NaN or infinite.
 */
export function requireFiniteModel(tensors: readonly NamedTensor[]): void {
  for (const { name: tensor, values } of tensors) {
    const index = firstNotFinite(values);
    if (index < 0) continue;
    const offered = String(values[index]);
    throw new FederatedError('refused', `the model holds ${offered} at ${tensor}[${index}]`, {
      detail: { rule: 'model.finite', required: 'finite', offered, tensor, index },
    });
  }
}

function firstNotFinite(values: Float32Array): number {
  // A loop: `findIndex` takes ten times as long.
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return i;
  return -1;
}

/** Where value `index` of a flat vector lives: its tensor and its index there. */
export function locate(
  index: number,
  shapes: readonly TensorShape[],
): { readonly tensor: string; readonly index: number } {
  let first = 0;
  for (const shape of shapes) {
    const size = tensorSize(shape);
    if (index < first + size) return { tensor: shape.name, index: index - first };
    first += size;
  }
  throw new FederatedError('internal', 'index past the last tensor', { detail: { index } });
}

function wrongShape(
  rule: Rule<'refused'>,
  message: string,
  required: string | number,
  offered: string | number,
): FederatedError {
  return new FederatedError('refused', message, {
    detail: { rule, required, offered },
  });
}
