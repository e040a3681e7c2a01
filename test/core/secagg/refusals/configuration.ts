import { type Segment, type SessionConfig, type SessionFrame, signBody } from '@concordat/core';
import { flip, forged, n, victim } from '../../../support/forged-frames.js';
import { replaced } from '../../../support/mutations.js';
import { badSignature, digest, type RefusalCase, type Said } from '../../../support/refusal-case.js';
import { codec, crypto, InMemorySession } from '../../../support/session.js';

function resigned(session: InMemorySession, change: Partial<SessionConfig>): SessionFrame {
  const body = codec.config.encode({ ...session.config, ...change });
  return { type: 'open', config: signBody(crypto, session.coordinator, 'CSA1/config', body) };
}

/** Victim and coordinator agree on these terms, so only what follows from the terms themselves can be refused. */
function agreed(change: (session: SessionConfig) => Partial<SessionConfig>): InMemorySession {
  return new InMemorySession({
    participants: n,
    maxColluders: 1,
    onOpen: (options) =>
      options.participantId === victim
        ? { ...options, terms: { ...options.terms, ...change(options.terms as SessionConfig) } }
        : options,
    onFrame: (to, frame, session) =>
      to === victim && frame.type === 'open' ? resigned(session, change(session.config)) : frame,
  }).run();
}

const refused = (field: string, required: Said, offered: Said, change: Partial<SessionConfig>): RefusalCase => ({
  what: `whose ${field} is not the approved one`,
  rule: `config.${field}`,
  code: 'refused',
  required,
  offered,
  refuses: 'session',
  play: () => forged('open', (_, session) => resigned(session, change)),
});

const bytes = (field: 'planHash' | 'rosterHash' | 'baseModelHash'): RefusalCase =>
  refused(field, 'the bytes in hand', 'another hash', { [field]: new Uint8Array(32) });

const segment = (field: string, required: Said, offered: Said, change: Partial<Segment>): RefusalCase => ({
  ...refused(`segments.${field}`, required, offered, {}),
  play: () =>
    forged('open', (_, session) => {
      const [first] = session.config.segments;
      return resigned(session, { segments: replaced(session.config.segments, 0, { ...first!, ...change }) });
    }),
});

/** A suite of the same length: the codec writes no other, so the bytes are changed and signed again. */
function foreignSuite(): InMemorySession {
  return forged('open', (frame, session) => {
    const text = Buffer.from(frame.config.body).toString('latin1').replace('CSA1', 'CSA9');
    const body = Uint8Array.from(Buffer.from(text, 'latin1'));
    return { type: 'open', config: signBody(crypto, session.coordinator, 'CSA1/config', body) };
  });
}

/** The same with a codec that knows a suite this machine does not. */
function laterSuite(): InMemorySession {
  return forged('open', (frame) => frame, {
    onPorts: (participant, ports) =>
      participant !== victim
        ? ports
        : {
            ...ports,
            codec: {
              ...codec,
              config: {
                ...codec.config,
                decode: (body) => ({ ...codec.config.decode(body), suite: 'CSA2' }) as unknown as SessionConfig,
              },
            },
          },
  });
}

export const configurationRefusals: readonly RefusalCase[] = [
  {
    what: 'of a suite that the codec does not know',
    rule: 'malformed',
    code: 'malformed',
    required: 'one of CSA1',
    offered: 'CSA9',
    refuses: 'session',
    play: foreignSuite,
  },
  { ...refused('suite', 'CSA1', 'CSA2', {}), what: 'of a suite that is not CSA1', play: laterSuite },
  refused('runId', 'run-1', 'run-2', { runId: 'run-2' }),
  refused('round', 1, 2, { round: 2 }),
  refused('parameters', 48, 49, { parameters: 49 }),
  refused('clippingNorm', 1, 2, { clippingNorm: 2 }),
  refused('maxWeight', 100, 200, { maxWeight: 200 }),
  refused('minCohort', 3, 4, { minCohort: 4 }),
  refused('maxCohort', 5, 6, { maxCohort: 6 }),
  refused('minSurvivors', 3, 4, { minSurvivors: 4 }),
  refused('maxColluders', 1, 0, { maxColluders: 0 }),
  refused('privacy', 'none', 'gaussian', { privacy: 'gaussian' }),
  refused('stepMillis', 10_000, 1, { stepMillis: 1 }),
  refused('kind', 'train', 'evaluate', { kind: 'evaluate' }),
  bytes('planHash'),
  bytes('rosterHash'),
  bytes('baseModelHash'),
  {
    ...refused('segments', 4, 3, {}),
    play: () => forged('open', (_, session) => resigned(session, { segments: session.config.segments.slice(0, 3) })),
  },
  segment('name', 'narrow', 'wide', { name: 'wide' }),
  segment('length', 17, 18, { length: 18 }),
  segment('bits', 16, 24, { bits: 24 }),
  segment('quantBits', 11, 10, { quantBits: 10 }),
  segment('bound', 1, 2, { bound: 2 }),
  segment('kind', 'model', 'metrics', { kind: 'metrics' }),
  {
    what: 'that the coordinator did not sign',
    rule: 'config.signature',
    code: 'verification',
    required: 'a signature under CSA1/config',
    offered: badSignature,
    refuses: 'session',
    play: () =>
      forged('open', ({ config }) => ({ type: 'open', config: { ...config, signature: flip(config.signature) } })),
  },
  {
    what: 'that overflows its ring, although it was approved',
    rule: 'segments.ring',
    code: 'refused',
    required: 2 ** 16 - 1,
    offered: 2 * 250 * 1023,
    refuses: 'session',
    play: () => agreed(() => ({ maxCohort: 250 })),
  },
  {
    what: 'whose model lanes have fewer than two bits, although it was approved',
    rule: 'segments.quantBits',
    code: 'refused',
    required: 16,
    offered: 1,
    refuses: 'session',
    play: () => agreed(({ segments }) => ({ segments: replaced(segments, 0, { ...segments[0]!, quantBits: 1 }) })),
  },
  {
    what: 'whose masked vector would be too long, although it was approved',
    rule: 'segments.bytes',
    code: 'refused',
    required: 2 ** 30,
    offered: /^\d{10}$/,
    refuses: 'session',
    play: () =>
      agreed(({ segments }) => ({
        segments: replaced(segments, 3, { ...segments[3]!, length: 2 ** 28 }),
      })),
  },
  {
    what: 'that comes second',
    rule: 'config.second',
    code: 'verification',
    required: digest,
    offered: digest,
    refuses: 'session',
    play: () => forged('cohort', (_, session) => resigned(session, { sessionNonce: new Uint8Array(32) })),
  },
];
