/** A tensor in the graph. Shapes of activations leave the batch out, which is the first dimension of each. */
export interface Value {
  readonly name: string;
  readonly shape: readonly number[];
  /** A ReLU gave it: its slope counts only where it is above 0. */
  readonly rectified?: true;
}

export type Attribute =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly graph: GraphParts };

export interface GraphNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** float32 numbers, or int64 ones where an operator takes shapes and axes. */
export interface GraphConstant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array | BigInt64Array;
}

/** `'batch'` stands for the number of examples, `'steps'` for that of steps: every run may choose them anew. */
export interface GraphPort {
  readonly name: string;
  readonly shape: readonly (number | 'batch' | 'steps')[];
}

/** What a graph is made of. */
export interface GraphParts {
  /** In the order in which they are computed. */
  readonly nodes: readonly GraphNode[];
  readonly constants: ReadonlyMap<string, GraphConstant>;
  readonly inputs: readonly GraphPort[];
  readonly outputs: readonly GraphPort[];
}

/** ONNX nodes under construction. */
export class Graph implements GraphParts {
  readonly nodes: GraphNode[] = [];
  readonly constants = new Map<string, GraphConstant>();
  readonly inputs: GraphPort[] = [];
  readonly outputs: GraphPort[] = [];
  readonly #turned = new Map<string, string>();

  /** One node with one output. @returns the output's name. */
  op(type: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    return this.ops(type, inputs, 1, attributes)[0]!;
  }

  /** One node with several outputs. */
  ops(
    type: string,
    inputs: readonly string[],
    count: number,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string[] {
    const outputs = Array.from({ length: count }, (_, i) => `${type}_${this.nodes.length}_${i}`);
    this.nodes.push({ type, inputs, outputs, attributes });
    return outputs;
  }

  /** Axis i of the result is axis `perm[i]` of `x`. Turned back, it is `x` itself. */
  transpose(x: string, perm: readonly number[]): string {
    const known = this.#turned.get(`${x} ${perm}`);
    if (known !== undefined) return known;
    const result = this.op('Transpose', [x], { perm });
    const back = perm.map((_, axis) => perm.indexOf(axis));
    this.#turned.set(`${x} ${perm}`, result);
    this.#turned.set(`${result} ${back}`, x);
    return result;
  }

  /** Leaves out nodes whose outputs nobody reads: a tensor turned to the caller's order, and back at once. */
  prune(): void {
    const read = new Set(this.outputs.map(({ name }) => name));
    const kept = this.nodes.reverse().filter(({ inputs, outputs }) => {
      const needed = outputs.some((name) => read.has(name));
      if (needed) for (const name of inputs) read.add(name);
      return needed;
    });
    this.nodes.splice(0, Infinity, ...kept.reverse());
  }

  /** A float32 scalar. */
  scalar(value: number): string {
    return this.#constant(`float ${value}`, [], Float32Array.of(value));
  }

  /** An int64 scalar: an index. */
  integer(value: number): string {
    return this.#constant(`int ${value}`, [], BigInt64Array.of(BigInt(value)));
  }

  /** An int64 vector: a shape, axes. */
  integers(...values: readonly number[]): string {
    return this.#constant(`ints ${values.join(' ')}`, [values.length], BigInt64Array.from(values, BigInt));
  }

  /** float32 values of any shape. */
  floats(shape: readonly number[], values: readonly number[]): string {
    return this.#constant(`floats ${shape.join(' ')}: ${values.join(' ')}`, shape, Float32Array.from(values));
  }

  input(name: string, shape: GraphPort['shape']): string {
    this.inputs.push({ name, shape });
    return name;
  }

  /** Let callers read what a node gives. */
  output(name: string, shape: GraphPort['shape']): void {
    this.outputs.push({ name, shape });
  }

  #constant(name: string, shape: readonly number[], values: Float32Array | BigInt64Array): string {
    if (!this.constants.has(name)) this.constants.set(name, { name, shape, values });
    return name;
  }
}
