import { beside, type Cell, type CellParts, cut, recurrent, sumOf, under } from './recurrent.js';

/** h' = activation(x + h · R). */
export const lowerSimpleRnn = recurrent({ gates: 1, states: 1, begin: simpleCell });

/** Hochreiter and Schmidhuber 1997 with a forget gate, as tfjs has it: gates i, f, c, o, and the states h and c. */
export const lowerLstm = recurrent({ gates: 4, states: 2, begin: lstmCell });

/** Cho et al. 2014: gates z, r, h. The reset gate is applied before the product; tfjs has no other. */
export const lowerGru = recurrent({ gates: 3, states: 1, begin: gruCell });

function simpleCell({ graph: g, recurrentKernel, activation }: CellParts): Cell {
  const before: string[] = [];
  return {
    step(x, [h]) {
      before.push(h!);
      const z = g.op('Gemm', [h!, recurrentKernel, x]);
      const y = activation.forward(g, z);
      return {
        states: [y],
        backward([dy]) {
          const dz = activation.backward(g, { x: z, y, dy: dy! });
          return { dx: dz, states: [g.op('Gemm', [dz, recurrentKernel], { transB: 1 })] };
        },
      };
    },
    recurrentSlope: (dz) => ({ kind: 'product', left: under(g, before), right: dz }),
  };
}

function lstmCell({ graph: g, units, recurrentKernel, activation, recurrentActivation }: CellParts): Cell {
  const before: string[] = [];
  return {
    step(x, [h, c]) {
      before.push(h!);
      const [zGates, zCandidate, zOut] = cut(g, g.op('Gemm', [h!, recurrentKernel, x]), 2 * units, units, units);
      const gates = recurrentActivation.forward(g, zGates!);
      const candidate = activation.forward(g, zCandidate!);
      const out = recurrentActivation.forward(g, zOut!);
      const [input, forget] = cut(g, gates, units, units);
      const carry = g.op('Add', [g.op('Mul', [forget!, c!]), g.op('Mul', [input!, candidate])]);
      const bent = activation.forward(g, carry);
      return {
        states: [g.op('Mul', [out, bent]), carry],
        backward([dh, later]) {
          const dOut = recurrentActivation.backward(g, { x: zOut!, y: out, dy: g.op('Mul', [dh!, bent]) });
          const fromOutput = activation.backward(g, { x: carry, y: bent, dy: g.op('Mul', [dh!, out]) });
          const dCarry = sumOf(g, fromOutput, later)!;
          const dy = beside(g, g.op('Mul', [dCarry, candidate]), g.op('Mul', [dCarry, c!]));
          const dGates = recurrentActivation.backward(g, { x: zGates!, y: gates, dy });
          const dCandidate = activation.backward(g, {
            x: zCandidate!,
            y: candidate,
            dy: g.op('Mul', [dCarry, input!]),
          });
          const dz = beside(g, dGates, dCandidate, dOut);
          const states = [g.op('Gemm', [dz, recurrentKernel], { transB: 1 }), g.op('Mul', [dCarry, forget!])];
          return { dx: dz, states };
        },
      };
    },
    recurrentSlope: (dz) => ({ kind: 'product', left: under(g, before), right: dz }),
  };
}

function gruCell({ graph: g, units, recurrentKernel, activation, recurrentActivation }: CellParts): Cell {
  const [ofGates, ofCandidate] = cut(g, recurrentKernel, 2 * units, units);
  const before: string[] = [];
  const resets: string[] = [];
  return {
    step(x, [h]) {
      const [xGates, xCandidate] = cut(g, x, 2 * units, units);
      const zGates = g.op('Gemm', [h!, ofGates!, xGates!]);
      const gates = recurrentActivation.forward(g, zGates);
      const [update, reset] = cut(g, gates, units, units);
      const kept = g.op('Mul', [reset!, h!]);
      before.push(h!);
      resets.push(kept);
      const zCandidate = g.op('Gemm', [kept, ofCandidate!, xCandidate!]);
      const candidate = activation.forward(g, zCandidate);
      const apart = g.op('Sub', [h!, candidate]);
      return {
        states: [g.op('Add', [candidate, g.op('Mul', [update!, apart])])],
        backward([dh]) {
          const dKeep = g.op('Mul', [dh!, update!]);
          const dCandidate = activation.backward(g, { x: zCandidate, y: candidate, dy: g.op('Sub', [dh!, dKeep]) });
          const dKept = g.op('Gemm', [dCandidate, ofCandidate!], { transB: 1 });
          const dy = beside(g, g.op('Mul', [dh!, apart]), g.op('Mul', [dKept, h!]));
          const dGates = recurrentActivation.backward(g, { x: zGates, y: gates, dy });
          const direct = g.op('Add', [dKeep, g.op('Mul', [dKept, reset!])]);
          const state = g.op('Gemm', [dGates, ofGates!, direct], { transB: 1 });
          return { dx: beside(g, dGates, dCandidate), states: [state] };
        },
      };
    },
    recurrentSlope(dz) {
      const [dGates, dCandidate] = cut(g, dz, 2 * units, units);
      const product = (left: readonly string[], right: string): string =>
        g.op('Gemm', [under(g, left), right], { transA: 1 });
      return { kind: 'tensor', name: beside(g, product(before, dGates!), product(resets, dCandidate!)) };
    },
  };
}
