import { FederatedError } from '@concordat/core';
import { seededOrder } from './seeded-order.js';

/** Which examples are trained on and which are kept for evaluation; together every example once. */
export interface HoldoutSplit {
  readonly training: Uint32Array;
  readonly holdout: Uint32Array;
}

/**
 * Divide a participant's examples the same way in every round and after every restart.
 *
 * @param examples count ≥ 1.
 * @param options.fraction share kept as holdout, 0 to 1; at least one example when above 0, and 1 keeps all of them.
 * @param options.seed e.g. the participant id.
 * @throws `invalid-argument` for a fraction outside 0 … 1, or when nothing would be left to train on.
 */
export function splitHoldout(
  examples: number,
  options: { readonly fraction: number; readonly seed: string },
): HoldoutSplit {
  const { fraction, seed } = options;
  if (!(fraction >= 0 && fraction <= 1)) {
    throw new FederatedError('invalid-argument', 'the holdout is a share of the examples', {
      detail: { required: '0 to 1', offered: fraction },
    });
  }
  const kept = fraction === 0 ? 0 : Math.max(1, Math.round(examples * fraction));
  if (fraction < 1 && kept >= examples) {
    throw new FederatedError('invalid-argument', 'the holdout leaves nothing to train on', {
      detail: { required: kept + 1, offered: examples },
      fix: 'Bring more examples, or keep no holdout.',
    });
  }
  const order = seededOrder(examples, `holdout/${seed}`);
  return { training: order.slice(kept), holdout: order.slice(0, kept) };
}
