import { Graph, type GraphParts, type GraphPort } from './graph.js';
import type { StepNoise, TrainingStep } from './training-step.js';

/**
 * Steps one after another as one graph. Beside the inputs named here it has those of the step whose weights stay, and those
 * of a local rule, under their own names.
 */
export interface TrainingRun {
  readonly graph: Graph;
  /** Inputs: [steps, batch, …] each. */
  readonly examples: string;
  readonly targets: string;
  /** Those of the step, by the names of their inputs: [steps, batch, …]. */
  readonly noise: readonly StepNoise[];
  readonly carried: readonly Carried[];
  /** Output: [steps], the mean loss of each batch before its step. */
  readonly losses: string;
}

/** A tensor that every step replaces: a weight, or what an optimizer remembers. */
export interface Carried {
  /** In the step. */
  readonly name: string;
  readonly shape: readonly number[];
  /** What fills it at first, where it is no weight. */
  readonly initial?: number;
  /** The input that takes it before the first step, and the output that gives it after the last one. */
  readonly input: string;
  readonly output: string;
}

type Replaced = Omit<Carried, 'input' | 'output'> & { readonly next: string };

/**
 * A `Scan` of the step. What is carried stays within the runtime from step to step: onnxruntime-node 1.30 copies every output of a run
 * into a new array, which cost 784-200-200-10 half of its time while each step was a run.
 */
export function repeatStep(step: TrainingStep): TrainingRun {
  const graph = new Graph();
  const replaced = replacedBy(step);
  const carried = replaced.map(({ next: _, ...one }): Carried => {
    return { ...one, input: graph.input(`run/${one.name}`, one.shape), output: `run/${one.name}/next` };
  });
  for (const { name, shape, next } of step.weights) if (next === undefined) graph.input(name, shape);
  for (const { name, shape } of step.ruleInputs) graph.input(name, shape);
  const fed = fedNames(step);
  for (const name of fed) graph.input(`run/${name}`, ['steps', ...portOf(step.graph.inputs, name).shape]);
  const losses = 'run/losses';
  // Named by what they are: names of the step's own nodes must not come again outside of it.
  graph.nodes.push({
    type: 'Scan',
    inputs: [...carried.map(({ input }) => input), ...fed.map((name) => `run/${name}`)],
    outputs: [...carried.map(({ output }) => output), losses],
    attributes: { body: { graph: bodyOf(step, replaced) }, num_scan_inputs: fed.length },
  });
  for (const { output, shape } of carried) graph.output(output, shape);
  graph.output(losses, ['steps']);
  const noise = step.noise.map((one) => ({ ...one, name: `run/${one.name}` }));
  return { graph, examples: 'run/examples', targets: 'run/targets', noise, carried, losses };
}

/** What every step is given anew. */
function fedNames({ noise }: TrainingStep): string[] {
  return ['examples', 'targets', ...noise.map(({ name }) => name)];
}

function replacedBy({ weights, states }: TrainingStep): Replaced[] {
  const moved = weights.flatMap(({ name, shape, next }) => (next === undefined ? [] : [{ name, shape, next }]));
  return [...moved, ...states];
}

/** The step with inputs and outputs as `Scan` orders them. */
function bodyOf(step: TrainingStep, replaced: readonly Replaced[]): GraphParts {
  const { graph, loss } = step;
  const names = [...replaced.map(({ name }) => name), ...fedNames(step)];
  const outputs = [...replaced.map(({ next, shape }) => ({ name: next, shape })), { name: loss, shape: [] }];
  return {
    nodes: graph.nodes,
    constants: graph.constants,
    inputs: names.map((name) => portOf(graph.inputs, name)),
    outputs,
  };
}

function portOf(ports: readonly GraphPort[], name: string): GraphPort {
  return ports.find((port) => port.name === name)!;
}
