import {
  type CryptoPort,
  decodePlan,
  decodeSafetensors,
  encodeSafetensors,
  equalBytes,
  FederatedError,
  flattenTensors,
  fromBase64url,
  type Plan,
  placeSafetensors,
  type Signed,
  type TensorShape,
  toHex,
  verifyBody,
} from '@concordat/core';
import type { RosterKeeper } from './roster-keeper.js';
import type { BlobStore } from './store/blobs.js';
import type { Store } from './store/store.js';

/** A plan in force, with the bytes an operator signed. */
export interface ProposedPlan {
  readonly plan: Plan;
  readonly signed: Signed;
  readonly operator: string;
}

/** Plans: taken from operators, checked, kept by digest. */
export class PlanDesk {
  readonly #store: Store;
  readonly #roster: RosterKeeper;
  readonly #crypto: CryptoPort;

  constructor(options: { readonly store: Store; readonly roster: RosterKeeper; readonly crypto: CryptoPort }) {
    this.#store = options.store;
    this.#roster = options.roster;
    this.#crypto = options.crypto;
  }

  /**
   * Take a signed plan. The model it names must be here already.
   *
   * @returns the plan's hash; the same for the same plan again.
   * @throws `verification` for another key than the operator's; `malformed`, `invalid-argument` or `refused` for the plan
   *   itself; `invalid-argument` when its blobs are absent or are not the model it describes.
   */
  async propose(signed: Signed, operator: string): Promise<Uint8Array> {
    const key = this.#roster.operator(operator);
    if (key === undefined || !verifyBody(this.#crypto, key, 'concordat/plan', signed)) {
      throw new FederatedError('verification', 'the plan is not signed by this operator', {
        detail: { operator },
        fix: 'Sign the plan with the key in the operator directory.',
      });
    }
    const plan = decodePlan(signed.body);
    if (plan.consortium !== this.#roster.consortium) {
      throw new FederatedError('invalid-argument', `this plan is for consortium ${plan.consortium}`, {
        detail: { required: this.#roster.consortium, offered: plan.consortium },
        fix: `Set "consortium" to "${this.#roster.consortium}".`,
      });
    }
    await this.#requireModel(plan);
    const hash = this.#crypto.sha256(signed.body);
    const body = Buffer.from(JSON.stringify({ planHash: toHex(hash), operator }));
    await this.#store.journal.append([{ run: '', round: 0, kind: 'plan-proposed', body }], {
      write: (transaction) => this.#store.plans.put(transaction, { hash, ...signed, operator }),
    });
    return hash;
  }

  /** @throws `invalid-argument` for an unknown digest. */
  async require(hash: Uint8Array): Promise<ProposedPlan> {
    const stored = hash.byteLength === 32 ? await this.#store.plans.get(hash) : undefined;
    if (stored === undefined) {
      throw new FederatedError('invalid-argument', `no plan ${toHex(hash.subarray(0, 32))} was proposed here`, {
        fix: 'Propose it first: concordat coordinator plan propose.',
      });
    }
    const { body, signature, operator } = stored;
    return { plan: decodePlan(body), signed: { body, signature }, operator };
  }

  async #requireModel(plan: Plan): Promise<void> {
    const { topologyDigest, weightsDigest, tensors } = plan.task.model;
    const { blobs } = this.#store;
    for (const [what, digest] of [
      ['topology', topologyDigest],
      ['weights', weightsDigest],
    ] as const) {
      if (await blobs.has(fromBase64url(digest))) continue;
      throw new FederatedError('invalid-argument', `the model's ${what} is not here`, {
        detail: { required: digest },
        fix: 'Upload the model with the plan: concordat coordinator plan propose --model DIRECTORY.',
      });
    }
    if (await isCanonical(blobs, fromBase64url(weightsDigest), tensors)) return;
    const weights = await blobs.readAll(fromBase64url(weightsDigest));
    const named = decodeSafetensors(weights);
    flattenTensors(named, tensors);
    if (equalBytes(encodeSafetensors(named), weights)) return;
    throw new FederatedError(
      'invalid-argument',
      'the weights are not canonical safetensors, so they have more than one digest',
      {
        fix: 'Let plan propose write them from the model directory.',
      },
    );
  }
}

/** By head and size alone: the blob was checked when it came, and float32 values have one encoding. */
async function isCanonical(blobs: BlobStore, digest: Uint8Array, shapes: readonly TensorShape[]): Promise<boolean> {
  const { head, sizeBytes } = placeSafetensors(shapes);
  return (await blobs.sizeBytes(digest)) === sizeBytes && equalBytes(await blobs.readAt(digest, 0, head.length), head);
}
