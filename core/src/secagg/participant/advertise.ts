import { equalBytes, toHex } from '../../bytes.js';
import { type FederatedError, refusal } from '../../errors.js';
import type { ConfigField } from '../../rules.js';
import type { OpenFrame, Segment, SessionConfig } from '../../wire/messages.js';
import { configHash } from '../identifiers.js';
import { deriveAdvertSecrets } from '../keys.js';
import { layoutOf, requireRing } from '../layout.js';
import { contradiction, readSigned, signBody } from '../signing.js';
import type { ApprovedTerms, ParticipantPorts } from './contract.js';
import type { AdvertFacts, Opened, ParticipantStep } from './state.js';

/**
 * Step 1: compare C with what was approved, then advertise the session's two public keys.
 *
 * @throws `verification` `config.signature`; `refused` `config.<field>`, `segments.…`; `malformed`.
 */
export function advertise(ports: ParticipantPorts, state: Opened, frame: OpenFrame): ParticipantStep {
  const { crypto, codec } = ports;
  const { terms, coordinatorKey, participantId } = state.options;
  const expected = { label: 'CSA1/config', publicKey: coordinatorKey, rule: 'config.signature' } as const;
  const config = readSigned(crypto, codec.config, frame.config, expected);
  requireApproved(config, terms);
  const hash = configHash(crypto, frame.config.body);
  requireSameConfig(state, hash);
  const layout = layoutOf(config.segments);
  requireRing(config.segments, { maxCohort: config.maxCohort });
  const secrets = deriveAdvertSecrets(crypto, state.root, hash);
  const body = codec.advert.encode({
    participantId,
    configHash: hash,
    sealingKey: crypto.x25519PublicKey(secrets.sealing),
    maskKey: crypto.x25519PublicKey(secrets.mask),
  });
  const advert = signBody(crypto, ports.signer, 'CSA1/advert', body);
  const facts: AdvertFacts = {
    ...state,
    configBody: frame.config.body,
    configHash: hash,
    config,
    layout,
    secrets,
    advert,
  };
  return {
    state: { ...facts, phase: 'advertised' },
    effects: [
      { type: 'journal', record: { type: 'advertised', configHash: hash } },
      { type: 'send', frame: { type: 'advertise', advert } },
    ],
  };
}

/** One root, one configuration: another C in the place of the accepted one is refused. */
export function requireSameOpen(ports: ParticipantPorts, state: AdvertFacts, frame: OpenFrame): void {
  if (!equalBytes(state.configBody, frame.config.body)) {
    throw secondConfig(state.configHash, configHash(ports.crypto, frame.config.body));
  }
}

function requireSameConfig(state: Opened, hash: Uint8Array): void {
  const before = state.slots.advertised;
  if (before !== undefined && !equalBytes(before.configHash, hash)) throw secondConfig(before.configHash, hash);
}

function secondConfig(accepted: Uint8Array, offered: Uint8Array): FederatedError {
  return contradiction('config.second', 'a second configuration for one session', {
    required: toHex(accepted),
    offered: toHex(offered),
  });
}

const scalarTerms = [
  'runId',
  'round',
  'kind',
  'parameters',
  'clippingNorm',
  'maxWeight',
  'minCohort',
  'maxCohort',
  'minSurvivors',
  'maxColluders',
  'privacy',
  'stepMillis',
] as const satisfies readonly (keyof ApprovedTerms)[];
const hashTerms = ['planHash', 'rosterHash', 'baseModelHash'] as const satisfies readonly (keyof ApprovedTerms)[];

function requireApproved(config: SessionConfig, terms: ApprovedTerms): void {
  // The codec of today refuses another suite earlier; a later one may know more of them.
  if (config.suite !== 'CSA1') throw differs('suite', 'CSA1', String(config.suite));
  for (const name of scalarTerms) if (config[name] !== terms[name]) throw differs(name, terms[name], config[name]);
  for (const name of hashTerms) {
    if (!equalBytes(config[name], terms[name])) throw differs(name, 'the bytes in hand', 'another hash');
  }
  if (config.segments.length !== terms.segments.length) {
    throw differs('segments', terms.segments.length, config.segments.length);
  }
  config.segments.forEach((segment, index) => {
    const approved = terms.segments[index]!;
    const other = segmentFields.find((name) => segment[name] !== approved[name]);
    if (other !== undefined) throw differs(`segments.${other}`, approved[other], segment[other]);
  });
}

const segmentFields = [
  'name',
  'length',
  'bits',
  'quantBits',
  'bound',
  'kind',
] as const satisfies readonly (keyof Segment)[];

function differs(field: ConfigField, required: string | number, offered: string | number): FederatedError {
  return refusal(`config.${field}`, `the session's ${field} is not what was approved`, {
    required,
    offered,
  });
}
