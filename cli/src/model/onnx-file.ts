import protobuf from 'protobufjs';
import { notWeights, sizeOf } from './layer-weights.js';

/** float32 of any shape, row-major. */
export interface OnnxTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export interface OnnxNode {
  readonly type: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Whole numbers alone. */
  readonly attributes: Readonly<Record<string, number>>;
}

export interface OnnxGraph {
  /** In an order in which they can be computed. */
  readonly nodes: readonly OnnxNode[];
  /** By name: what is fixed in the file, of floating point numbers. */
  readonly tensors: ReadonlyMap<string, OnnxTensor>;
  /** What is not fixed: name → shape, 0 where a dimension is open. */
  readonly inputs: ReadonlyMap<string, readonly number[]>;
}

// The part of onnx.proto that is read here, by the numbers of its fields.
const messages = protobuf.Root.fromJSON({
  nested: {
    Model: { fields: { graph: { type: 'Graph', id: 7 } } },
    Graph: {
      fields: {
        node: { rule: 'repeated', type: 'Node', id: 1 },
        initializer: { rule: 'repeated', type: 'Tensor', id: 5 },
        input: { rule: 'repeated', type: 'ValueInfo', id: 11 },
      },
    },
    Node: {
      fields: {
        input: { rule: 'repeated', type: 'string', id: 1 },
        output: { rule: 'repeated', type: 'string', id: 2 },
        name: { type: 'string', id: 3 },
        opType: { type: 'string', id: 4 },
        attribute: { rule: 'repeated', type: 'Attribute', id: 5 },
      },
    },
    Attribute: {
      fields: { name: { type: 'string', id: 1 }, i: { type: 'int64', id: 3 }, t: { type: 'Tensor', id: 5 } },
    },
    Tensor: {
      fields: {
        dims: { rule: 'repeated', type: 'int64', id: 1 },
        dataType: { type: 'int32', id: 2 },
        floatData: { rule: 'repeated', type: 'float', id: 4 },
        name: { type: 'string', id: 8 },
        rawData: { type: 'bytes', id: 9 },
        dataLocation: { type: 'int32', id: 14 },
      },
    },
    ValueInfo: { fields: { name: { type: 'string', id: 1 }, type: { type: 'Type', id: 2 } } },
    Type: { fields: { tensorType: { type: 'TensorType', id: 1 } } },
    TensorType: { fields: { shape: { type: 'Shape', id: 2 } } },
    Shape: { fields: { dim: { rule: 'repeated', type: 'Dimension', id: 1 } } },
    Dimension: { fields: { dimValue: { type: 'int64', id: 1 } } },
  },
});

interface WireTensor {
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly floatData: readonly number[];
  readonly name: string;
  readonly rawData: Uint8Array;
  readonly dataLocation: number;
}

interface WireGraph {
  readonly node: readonly {
    readonly input: readonly string[];
    readonly output: readonly string[];
    readonly name: string;
    readonly opType: string;
    readonly attribute: readonly { readonly name: string; readonly i: number; readonly t?: WireTensor | null }[];
  }[];
  readonly initializer: readonly WireTensor[];
  readonly input: readonly {
    readonly name: string;
    readonly type?: {
      readonly tensorType?: { readonly shape?: { readonly dim: readonly { readonly dimValue: number }[] } };
    };
  }[];
}

const float32 = 1;
/** What the standard calls EXTERNAL: the values lie in another file. */
const elsewhere = 1;
const exportAgain =
  'Export the model again, as float32 and in one file: torch.onnx.export(model, example, "model.onnx", dynamo=False).';

/**
 * The graph of an ONNX file.
 *
 * @throws CommandFailure `malformed` for other bytes, and for values that lie in another file or do not fill their shape.
 */
export function readOnnxFile(bytes: Uint8Array): OnnxGraph {
  const graph = graphOf(bytes);
  const constants = graph.node.flatMap(({ opType, output, attribute }) =>
    opType === 'Constant' ? attribute.flatMap(({ t }) => (t ? [{ ...t, name: output[0] ?? '' }] : [])) : [],
  );
  const fixed = [...graph.initializer, ...constants];
  const names = new Set(fixed.map(({ name }) => name));
  return {
    nodes: graph.node
      .filter(({ opType }) => opType !== 'Constant')
      .map(({ opType, name, input, output, attribute }) => ({
        type: opType,
        name,
        inputs: input,
        outputs: output,
        attributes: Object.fromEntries(attribute.map((one) => [one.name, one.i])),
      })),
    tensors: new Map(fixed.filter(({ dataType }) => dataType === float32).map((one) => [one.name, tensorOf(one)])),
    inputs: new Map(
      graph.input
        .filter(({ name }) => !names.has(name))
        .map(({ name, type }) => [name, (type?.tensorType?.shape?.dim ?? []).map(({ dimValue }) => dimValue)]),
    ),
  };
}

function graphOf(bytes: Uint8Array): WireGraph {
  const Model = messages.lookupType('Model');
  try {
    const { graph } = Model.toObject(Model.decode(bytes), { longs: Number, arrays: true, defaults: true }) as {
      graph: WireGraph | null;
    };
    if (graph !== null && graph.node.length > 0) return graph;
  } catch (cause) {
    throw notWeights(
      `neither HDF5 nor ONNX: ${cause instanceof Error ? cause.message.slice(0, 160) : 'unreadable'}`,
      exportAgain,
    );
  }
  throw notWeights('neither HDF5 nor ONNX: it has no graph', exportAgain);
}

function tensorOf({ name, dims: shape, floatData, rawData, dataLocation }: WireTensor): OnnxTensor {
  if (dataLocation === elsewhere) throw notWeights(`the values of ${name} lie in another file`, exportAgain);
  const size = sizeOf(shape);
  const offered = floatData.length > 0 ? floatData.length : rawData.length / 4;
  if (offered !== size) throw notWeights(`${name} holds ${offered} values where its shape says ${size}`, exportAgain);
  if (floatData.length > 0) return { name, shape, values: Float32Array.from(floatData) };
  const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
  return { name, shape, values: Float32Array.from({ length: size }, (_, i) => view.getFloat32(4 * i, true)) };
}
