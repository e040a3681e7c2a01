import protobuf from 'protobufjs';
import type { Attribute, GraphConstant, GraphParts, GraphPort } from './graph.js';

/** The format of the file, and the operators in it: what ONNX 1.12 names, so every onnxruntime since 1.12 reads it. */
export const irVersion = 8;
export const opsetVersion = 17;

// The part of onnx.proto that a graph of float32 tensors needs, by the numbers of its fields.
const messages = protobuf.Root.fromJSON({
  nested: {
    Model: {
      fields: {
        irVersion: { type: 'int64', id: 1 },
        producerName: { type: 'string', id: 2 },
        graph: { type: 'Graph', id: 7 },
        opsetImport: { rule: 'repeated', type: 'OperatorSet', id: 8 },
      },
    },
    OperatorSet: { fields: { domain: { type: 'string', id: 1 }, version: { type: 'int64', id: 2 } } },
    Graph: {
      fields: {
        node: { rule: 'repeated', type: 'Node', id: 1 },
        name: { type: 'string', id: 2 },
        initializer: { rule: 'repeated', type: 'Tensor', id: 5 },
        input: { rule: 'repeated', type: 'ValueInfo', id: 11 },
        output: { rule: 'repeated', type: 'ValueInfo', id: 12 },
      },
    },
    Node: {
      fields: {
        input: { rule: 'repeated', type: 'string', id: 1 },
        output: { rule: 'repeated', type: 'string', id: 2 },
        opType: { type: 'string', id: 4 },
        attribute: { rule: 'repeated', type: 'Attribute', id: 5 },
      },
    },
    Attribute: {
      fields: {
        name: { type: 'string', id: 1 },
        f: { type: 'float', id: 2 },
        i: { type: 'int64', id: 3 },
        s: { type: 'bytes', id: 4 },
        g: { type: 'Graph', id: 6 },
        ints: { rule: 'repeated', type: 'int64', id: 8 },
        type: { type: 'int32', id: 20 },
      },
    },
    Tensor: {
      fields: {
        dims: { rule: 'repeated', type: 'int64', id: 1 },
        dataType: { type: 'int32', id: 2 },
        name: { type: 'string', id: 8 },
        rawData: { type: 'bytes', id: 9 },
      },
    },
    ValueInfo: { fields: { name: { type: 'string', id: 1 }, type: { type: 'Type', id: 2 } } },
    Type: { fields: { tensorType: { type: 'TensorType', id: 1 } } },
    TensorType: { fields: { elemType: { type: 'int32', id: 1 }, shape: { type: 'Shape', id: 2 } } },
    Shape: { fields: { dim: { rule: 'repeated', type: 'Dimension', id: 1 } } },
    Dimension: { fields: { dimValue: { type: 'int64', id: 1 }, dimParam: { type: 'string', id: 2 } } },
  },
});

const elementTypes = { float32: 1, int64: 7 } as const;
const attributeTypes = { float: 1, int: 2, string: 3, graph: 5, ints: 7 } as const;

/** @returns the bytes of an ONNX model with this graph: little-endian, as everything ONNX. */
export function encodeOnnxModel(graph: GraphParts): Uint8Array {
  return messages
    .lookupType('Model')
    .encode({
      irVersion,
      producerName: 'concordat',
      opsetImport: [{ domain: '', version: opsetVersion }],
      graph: graphOf(graph, 'training'),
    })
    .finish();
}

function graphOf(graph: GraphParts, name: string): object {
  return {
    name,
    node: graph.nodes.map(({ type, inputs, outputs, attributes }) => ({
      opType: type,
      input: inputs,
      output: outputs,
      attribute: Object.entries(attributes).map(([own, value]) => ({ name: own, ...attributeOf(value) })),
    })),
    initializer: [...graph.constants.values()].map(tensorOf),
    input: graph.inputs.map(portOf),
    output: graph.outputs.map(portOf),
  };
}

function attributeOf(value: Attribute): object {
  if (typeof value === 'number') return { i: value, type: attributeTypes.int };
  if (typeof value === 'string') return { s: Buffer.from(value), type: attributeTypes.string };
  if ('graph' in value) return { g: graphOf(value.graph, 'body'), type: attributeTypes.graph };
  if ('float' in value) return { f: value.float, type: attributeTypes.float };
  return { ints: value, type: attributeTypes.ints };
}

function tensorOf({ name, shape, values }: GraphConstant): object {
  return {
    name,
    dims: shape,
    dataType: values instanceof Float32Array ? elementTypes.float32 : elementTypes.int64,
    rawData: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  };
}

function portOf({ name, shape }: GraphPort): object {
  const dim = shape.map((size) => (typeof size === 'string' ? { dimParam: size } : { dimValue: size }));
  return { name, type: { tensorType: { elemType: elementTypes.float32, shape: { dim } } } };
}
