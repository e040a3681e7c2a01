import { encodeUpdate } from '@concordat/core';
import { drawUnit, seededRandom } from './seeded-random.js';
import type { Seat, World } from './world.js';

/**
 * The engine `fixed-deltas`: no data, no model; what a participant contributes follows from (seed, round, participant).
 * Dense: practically no coordinate is zero. About a third of the deltas are longer than the clipping norm.
 *
 * @param metrics whether the metric lanes are filled; else they are zero.
 * @returns payload lanes of each segment of the plan, secret until masked.
 */
export function fixedUpdate(world: World, seat: Seat, round: number, metrics: boolean): Int32Array[] {
  const { crypto, scenario, plan } = world;
  const random = (purpose: string) => seededRandom(crypto, scenario.seed, `${purpose}/${round}/${seat.participantId}`);
  const shape = random('shape');
  const norm = scenario.clippingNorm * (0.3 + drawUnit(shape));
  const scale = norm * Math.sqrt(3 / scenario.parameters);
  const draws = random('delta');
  const delta = Float32Array.from({ length: scenario.parameters }, () => (2 * drawUnit(draws) - 1) * scale);
  return encodeUpdate({
    plan,
    delta,
    examples: seat.examples,
    ...(metrics ? { metrics: { accuracy: drawUnit(shape) } } : {}),
    random: random('rounding'),
  });
}
