import {
  addKeystreams,
  layoutOf,
  type MaskKey,
  openParticipant,
  type ParticipantEffect,
  type ParticipantEvent,
  type ParticipantState,
  packLanes,
  type SessionFrame,
  type SessionReply,
  signBody,
  stepParticipant,
  vectorRoot,
  weightUnit,
} from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { sessionCodec } from '@concordat/proto';
import type { EnrolledConsortium } from './consortium.js';
import { unitsOf } from './exact-trainer.js';
import type { World } from './world.js';

/** Honest members of a world that need no socket: the production machines, in memory. What is at stake is somebody else. */
export class Companions {
  readonly #consortium: EnrolledConsortium;
  readonly #answered: () => void;
  /** They keep their statements to themselves: the session can only be aborted. */
  withholdStatements = false;
  readonly #states = new Map<string, ParticipantState>();

  /** @param answered called when answers were taken. */
  constructor(consortium: EnrolledConsortium, answered: () => void) {
    this.#consortium = consortium;
    this.#answered = answered;
  }

  /** A frame for one of them; its answer is taken behind everything that is being sent. */
  take(name: string, frame: SessionFrame, world: World): void {
    queueMicrotask(() => {
      if (frame.type === 'open') this.#open(name, world);
      this.#step(name, { type: 'frame', frame }, world);
      this.#answered();
    });
  }

  #open(name: string, world: World): void {
    const { config, roster, ports } = world.options;
    const { suite: _suite, sessionNonce: _nonce, ...terms } = config;
    const root = nodeCrypto.sha256(Buffer.from(`root of ${name}`), config.sessionNonce);
    const coordinatorKey = ports.signer.publicKey;
    this.#states.set(name, openParticipant({ participantId: name, roster, coordinatorKey, terms, root }));
  }

  #step(name: string, event: ParticipantEvent, world: World): void {
    const signer = this.#consortium.signers.get(name)!;
    const ports = { crypto: nodeCrypto, codec: sessionCodec, signer };
    const { state, effects } = stepParticipant(ports, this.#states.get(name)!, event);
    this.#states.set(name, state);
    for (const effect of effects) this.#run(name, effect, world);
  }

  #run(name: string, effect: ParticipantEffect, world: World): void {
    if (effect.type === 'mask') this.#mask(name, effect.maskKeys, world);
    else if (effect.type === 'refuse') world.leave(name, effect.error.message);
    else if (effect.type === 'send') this.#say(name, effect.frame, world);
  }

  #say(name: string, frame: SessionReply, world: World): void {
    if (frame.type === 'upload' || (frame.type === 'certify' && this.withholdStatements)) return;
    world.take(name, frame);
  }

  #mask(name: string, maskKeys: readonly MaskKey[], world: World): void {
    const { segments, round } = world.options.config;
    const layout = layoutOf(segments);
    const lanes = segments.map(({ kind, length }) =>
      kind === 'model' ? unitsOf(name, round) : new Int32Array(length).fill(kind === 'weight' ? weightUnit : 0),
    );
    const vector = packLanes(layout, lanes);
    addKeystreams(nodeCrypto, layout, vector, maskKeys);
    const masked = { type: 'masked', lengthBytes: vector.length, merkleRoot: vectorRoot(nodeCrypto, vector) } as const;
    const signer = this.#consortium.signers.get(name)!;
    const ports = { crypto: nodeCrypto, codec: sessionCodec, signer };
    const { state, effects } = stepParticipant(ports, this.#states.get(name)!, masked);
    this.#states.set(name, state);
    for (const effect of effects) {
      if (effect.type !== 'send' || effect.frame.type !== 'upload') continue;
      world.take(name, effect.frame);
      world.takeVector(name, vector);
      this.#receipt(name, effect.frame.upload.body, world);
    }
  }

  #receipt(participantId: string, header: Uint8Array, world: World): void {
    const { runId, round } = world.options.config;
    const contentDigest = nodeCrypto.sha256(header);
    const body = sessionCodec.receipt.encode({ runId, round, step: 'upload', participantId, contentDigest });
    const receipt = signBody(nodeCrypto, this.#consortium.coordinatorKey, 'CSA1/receipt', body);
    this.#step(participantId, { type: 'uploaded', receipt }, world);
  }
}
