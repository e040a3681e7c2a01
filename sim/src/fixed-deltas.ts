import { encodeEvaluation, encodeUpdate, type Plan, vectorRoot } from '@concordat/core';
import type { Scenario } from './scenario.js';
import { drawUnit, drawUnits, seededRandom } from './seeded-random.js';
import type { Engine, World } from './world.js';

/**
 * The engine `fixed-deltas`: no data, no model; what a participant contributes follows from (seed, round, participant).
 * Dense: practically no coordinate is zero. About a third of the deltas are longer than the clipping norm. What is published is
 * only a name for the next model.
 */
export function fixedDeltas(
  { crypto, kernels }: Pick<World, 'crypto' | 'kernels'>,
  scenario: Scenario,
  plan: Plan,
): Engine {
  return {
    root: ({ participantId }, round) => seededRandom(crypto, scenario.seed, `root/${round}/${participantId}`).bytes(32),
    update({ participantId, examples }, { round, kind, baseModelHash, metrics }) {
      const random = (purpose: string) => seededRandom(crypto, scenario.seed, `${purpose}/${round}/${participantId}`);
      const shape = random('shape');
      if (kind === 'evaluate') return encodeEvaluation(plan, metrics ? { accuracy: drawUnit(shape) } : undefined);
      const norm = scenario.clippingNorm * (0.3 + drawUnit(shape));
      const scale = norm * Math.sqrt(3 / scenario.parameters);
      const units = drawUnits(random('delta'), scenario.parameters);
      const delta = new Float32Array(units.length);
      for (let i = 0; i < delta.length; i++) delta[i] = (2 * units[i]! - 1) * scale;
      return encodeUpdate({
        crypto,
        plan,
        baseModelHash,
        delta,
        examples,
        ...(metrics ? { metrics: { accuracy: drawUnit(shape) } } : {}),
        random: random('rounding'),
        kernels,
      });
    },
    publish: ({ currentModelHash }) => vectorRoot(crypto, currentModelHash),
  };
}
