import {
  type CoordinatorMessage,
  encodeSafetensors,
  inputsHash,
  type ProposalFrame,
  type SessionConfig,
  type SessionFrame,
  signBody,
  toBitmap,
} from '@concordat/core';
import { identityFromSeed, nodeCrypto } from '@concordat/node';
import { sessionCodec as codec } from '@concordat/proto';
import type { Lie } from './lie.js';
import type { TestCoordinator } from './test-coordinator.js';

/** A lie, and what every client must make of it. */
export interface NamedLie {
  /** Completes "a coordinator that …". */
  readonly name: string;
  /** The rule that a client refuses it by. */
  readonly rule: string;
  /** Steps that the client must not have answered. */
  readonly never: readonly string[];
  readonly lie: Lie;
}

type FrameOf<Type extends SessionFrame['type']> = Extract<SessionFrame, { type: Type }>;
type MessageOf<Type extends CoordinatorMessage['type']> = Extract<CoordinatorMessage, { type: Type }>;

/** Whose key is in no roster. */
const stranger = identityFromSeed(new Uint8Array(32).fill(66));

/** Once a client has refused the cohort, nothing of its update may leave. */
const beforeCohort = ['share', 'confirm', 'upload', 'certify', 'reveal'];
const beforeSession = ['advertise', ...beforeCohort];

/** The lies of the conformance suite. Each is told once, to a client that was told the truth before. */
export const lies: readonly NamedLie[] = [
  {
    name: 'offers a plan that no operator signed',
    rule: 'plan.signature',
    never: ['approve', ...beforeSession],
    lie: inMessage('run', (offer, { plan, coordinator }) => ({
      ...offer,
      planHash: coordinator.offerPlan({ ...plan, purpose: `${plan.purpose}, unsigned` }, stranger),
    })),
  },
  {
    name: 'offers a plan that the policy does not allow',
    rule: 'purposes',
    never: ['approve', ...beforeSession],
    lie: inMessage('run', (offer, { plan, coordinator }) => ({
      ...offer,
      planHash: coordinator.offerPlan({ ...plan, purpose: 'what nobody has agreed to' }),
    })),
  },
  {
    name: 'opens a session under another plan than the approved one',
    rule: 'config.planHash',
    never: beforeSession,
    lie: inConfiguration({ planHash: new Uint8Array(32).fill(1) }),
  },
  {
    name: 'opens a session for another round than the assigned one',
    rule: 'config.round',
    never: beforeSession,
    lie: inConfiguration((config) => ({ round: config.round + 1 })),
  },
  {
    name: 'lowers the number of colluders to withstand',
    rule: 'config.maxColluders',
    never: beforeSession,
    lie: inConfiguration({ maxColluders: 0 }),
  },
  {
    name: 'has somebody else sign the configuration',
    rule: 'config.signature',
    never: beforeSession,
    lie: inFrame('open', ({ config }) => ({
      type: 'open',
      config: signBody(nodeCrypto, stranger, 'CSA1/config', config.body),
    })),
  },
  {
    name: 'serves other bytes than the model of the digest',
    rule: 'blob.digest',
    never: ['ready', ...beforeSession],
    lie: {
      blob: ({ digest, bytes, coordinator }) =>
        digest === coordinator.plan.task.model.weightsDigest ? changedByOne(bytes) : bytes,
    },
  },
  {
    name: 'assigns a model with other tensors than the plan lists',
    rule: 'model.tensors',
    never: ['ready', ...beforeSession],
    lie: inMessage('train', (assignment, { coordinator }) => ({
      ...assignment,
      baseModelHash: coordinator.offerBlob(encodeSafetensors([{ name: 'w', shape: [1], values: new Float32Array(1) }])),
    })),
  },
  {
    name: 'swaps the mask key of a member for its own',
    rule: 'cohort.signature',
    never: beforeCohort,
    lie: inFrame('cohort', (frame, { to }) => {
      const at = frame.adverts.findIndex(({ body }) => codec.advert.decode(body).participantId !== to);
      const maskKey = nodeCrypto.x25519PublicKey(new Uint8Array(32).fill(7));
      const adverts = frame.adverts.map((advert, i) =>
        i === at ? { ...advert, body: codec.advert.encode({ ...codec.advert.decode(advert.body), maskKey }) } : advert,
      );
      return { ...frame, adverts };
    }),
  },
  {
    name: 'shows a cohort that is too small to hide in',
    rule: 'cohort.min',
    never: beforeCohort,
    lie: inFrame('cohort', (frame, { to, plan }) => {
      let left = plan.cohort.min - 2;
      const adverts = frame.adverts.filter(({ body }) => codec.advert.decode(body).participantId === to || left-- > 0);
      return { ...frame, adverts };
    }),
  },
  {
    name: 'asks for a statement on a second set of survivors',
    rule: 'survivors.second',
    never: ['reveal'],
    lie: equivocation(),
  },
  {
    name: 'shows a certificate with too few signatures',
    rule: 'certificate.short',
    never: ['reveal'],
    lie: inFrame('certificate', (frame) => ({ ...frame, signatures: frame.signatures.slice(0, 2) })),
  },
  {
    name: 'assigns a round again that is over',
    rule: 'session.left',
    never: [],
    lie: replay(),
  },
];

interface Told {
  readonly to: string;
  readonly coordinator: TestCoordinator;
  readonly plan: TestCoordinator['plan'];
}

/** Lie in every message of a kind. */
function inMessage<Type extends CoordinatorMessage['type']>(
  type: Type,
  forge: (honest: MessageOf<Type>, told: Told) => CoordinatorMessage,
): Lie {
  return {
    down: ({ to, message, coordinator }) => {
      if (message.type !== type) return [message];
      return [forge(message as MessageOf<Type>, { to, coordinator, plan: coordinator.plan })];
    },
  };
}

/** Lie in every frame of a session of a kind. */
function inFrame<Type extends SessionFrame['type']>(
  type: Type,
  forge: (honest: FrameOf<Type>, told: Told) => SessionFrame,
): Lie {
  return inMessage('session', (message, told) =>
    message.frame.type === type ? { ...message, frame: forge(message.frame as FrameOf<Type>, told) } : message,
  );
}

/** The coordinator itself signs another configuration. */
function inConfiguration(change: Partial<SessionConfig> | ((honest: SessionConfig) => Partial<SessionConfig>)): Lie {
  return inFrame('open', (frame, { coordinator }) => {
    const honest = codec.config.decode(frame.config.body);
    const changes = typeof change === 'function' ? change(honest) : change;
    const body = codec.config.encode({ ...honest, ...changes });
    return { type: 'open', config: signBody(nodeCrypto, coordinator.consortium.coordinator, 'CSA1/config', body) };
  });
}

/** After the client signed that all survived, it is asked to sign that all but one did. */
function equivocation(): Lie {
  let proposed: ProposalFrame | undefined;
  return {
    down: ({ to, message, coordinator }) => {
      if (message.type !== 'session') return [message];
      const { frame } = message;
      if (frame.type === 'proposal') proposed = frame;
      if (frame.type !== 'certificate' || proposed === undefined) return [message];
      return [{ ...message, frame: withoutOne(proposed, to, coordinator) }];
    },
  };
}

/** The same proposal without the last survivor but `to`. */
function withoutOne({ proposal, uploads }: ProposalFrame, to: string, coordinator: TestCoordinator): ProposalFrame {
  const own = coordinator.consortium.members.indexOf(to);
  const last = uploads.filter(({ participant }) => participant !== own).at(-1);
  const rest = uploads.filter((upload) => upload !== last);
  const { sid2 } = codec.survivors.decode(proposal.body);
  const members = rest.map(({ participant, upload }) => ({
    index: participant,
    bodyHash: nodeCrypto.sha256(upload.body),
  }));
  const size = coordinator.consortium.members.length;
  const body = codec.survivors.encode({
    sid2,
    survivors: toBitmap(
      size,
      rest.map(({ participant }) => participant),
    ),
    inputsHash: inputsHash(nodeCrypto, sid2, size, members),
  });
  return {
    type: 'proposal',
    proposal: signBody(nodeCrypto, coordinator.consortium.coordinator, 'CSA1/proposal', body),
    uploads: rest,
  };
}

/** When the second round is assigned, the first one is assigned again before it, on a new model. */
function replay(): Lie {
  let first: MessageOf<'train'> | undefined;
  return {
    down: ({ message }) => {
      if (message.type !== 'train') return [message];
      if (first === undefined) first = message;
      if (message.round === first.round) return [message];
      return [{ ...message, round: first.round }, message];
    },
  };
}

function changedByOne(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte));
}
