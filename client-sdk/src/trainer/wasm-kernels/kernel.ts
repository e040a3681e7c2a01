import type { Tensor } from '@tensorflow/tfjs';
import type { Tf } from '../tf.js';

export type Kernel = NonNullable<ReturnType<Tf['getKernel']>>;
export type KernelArgs = Parameters<Kernel['kernelFunc']>[0];
export type KernelInput = NonNullable<KernelArgs['inputs'][string]>;

/** A backend of tfjs whose kernels are added to or replaced here. */
export type BackendName = 'wasm' | 'cpu';

/** Of tfjs-backend-wasm: where its values lie. A view is of no use any more when something was made after it: its memory may have moved. */
export interface WasmBackend {
  makeOutput(shape: readonly number[], dtype: 'float32'): KernelInput;
  typedArrayFromHeap(tensor: KernelInput): Float32Array | Int32Array;
}

/** Of tfjs-backend-cpu. */
interface CpuBackend {
  readonly data: { get(dataId: object): { readonly values: Float32Array | Int32Array } };
  makeTensorInfo(shape: readonly number[], dtype: 'float32', values: Float32Array): KernelInput;
}

/**
 * A float32 output that begins as zeros and is computed by plain loops over the memory of its backend.
 *
 * @param compute fills the output from the inputs; makes nothing else.
 */
export function filled(
  backend: unknown,
  shape: readonly number[],
  inputs: readonly KernelInput[],
  compute: (output: Float32Array, inputs: readonly (Float32Array | Int32Array)[]) => void,
): KernelInput {
  const { typedArrayFromHeap } = backend as Partial<WasmBackend>;
  if (typedArrayFromHeap === undefined) {
    const cpu = backend as CpuBackend;
    const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
    compute(
      values,
      inputs.map(({ dataId }) => cpu.data.get(dataId).values),
    );
    return cpu.makeTensorInfo(shape, 'float32', values);
  }
  const wasm = backend as WasmBackend;
  const output = wasm.makeOutput(shape, 'float32');
  const values = (wasm.typedArrayFromHeap(output) as Float32Array).fill(0);
  compute(
    values,
    inputs.map((input) => wasm.typedArrayFromHeap(input)),
  );
  return output;
}

/** Geometry of a convolution, as tfjs reckons it. */
export type ConvolutionInfo = ReturnType<Tf['backend_util']['computeConv2DInfo']>;

interface ConvolutionAttributes {
  readonly strides: number | [number, number];
  readonly pad: Parameters<Tf['backend_util']['computeConv2DInfo']>[4];
  /** Of depthwise ones null where there are none. */
  readonly dilations?: number | [number, number] | null;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
  readonly dataFormat?: 'NHWC' | 'NCHW';
}

/**
 * @param input [batch, height, width, channels]. @param filter [height, width, channels, filters], for depthwise ones
 *   [height, width, channels, multiplier]. @throws for channels that come first: no layer of tfjs asks for them on this backend.
 */
export function convolutionInfo(
  tf: Tf,
  input: readonly number[],
  filter: readonly number[],
  attributes: object,
  depthwise: boolean,
): ConvolutionInfo {
  const { strides, pad, dilations, dimRoundingMode, dataFormat } = attributes as ConvolutionAttributes;
  if (dataFormat === 'NCHW') throw new Error(`tfjs-wasm has no gradient of a convolution in ${dataFormat}`);
  return tf.backend_util.computeConv2DInfo(
    input as [number, number, number, number],
    filter as [number, number, number, number],
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    depthwise,
  );
}

/** The tensors of a kernel's inputs, for work that is made of other kernels; use it within `tf.tidy`. */
export function asTensor(tf: Tf, input: KernelInput): Tensor {
  if (input instanceof tf.Tensor) return input;
  return tf.engine().makeTensorFromTensorInfo(input);
}
