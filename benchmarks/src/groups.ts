import { diffieHellman, generateKeyPairSync } from 'node:crypto';
import { layoutOf, roundSegments } from '@concordat/core';
import {
  checkScenario,
  foundConsortium,
  portsOfOwnProcess,
  type Scenario,
  type SimulatedRound,
  simulateWorld,
} from '@concordat/sim';
import { maskingLimit } from './machine-limit.js';
import type { Measurement, Question } from './measurement.js';

/** Of those who drop out, how many leave where: most before their vector is there. */
const departures = { train: 3, advertise: 2, share: 3, confirm: 2, upload: 14, certify: 3, reveal: 3 } as const;

const agreementTurns = 25;
const agreementsInTurn = 100;

/** What the masks of one round are made of, over all groups. */
export interface MaskCounts {
  /** Expanded by dealers: its self mask and one with every other dealer of its group. */
  readonly dealt: number;
  /** Expanded by the coordinator: every survivor's self mask, and its masks with the dealers whose vector is missing. */
  readonly unmasked: number;
  /** Vectors the coordinator adds. */
  readonly survivors: number;
  /** X25519 agreements: a box key with everybody else of the cohort, a mask key with every other dealer, and those of the unmasking. */
  readonly agreements: number;
}

/**
 * What all parties of one round in secure groups spend in virtual time: everybody's boxes, masks and signatures, the coordinator's sums,
 * and the check that these are the integer sums of the survivors' updates. Training is a draw of seeded numbers. The answers of signature
 * checks are shared for the same bytes, and agreements and derived keys by the two of a pair, which is said; nothing else is.
 *
 * @param groups how many, when nobody leaves before they are drawn.
 * @throws `Error` when a sum was not exact, or none was opened.
 */
export function measureGroups(question: Question, groups: number): Measurement {
  const ports = portsOfOwnProcess(question.kernels);
  const world = foundConsortium(scenarioOf(question, groups), ports);
  const cpuBefore = process.cpuUsage();
  const wallBefore = performance.now();
  const { rounds, exact, reason, ...shared } = simulateWorld(world);
  const wallMillis = performance.now() - wallBefore;
  const cpu = process.cpuUsage(cpuBefore);
  const [round] = rounds;
  if (round?.outcome.type !== 'published' || !exact) throw new Error(`no exact sum was opened: ${reason}`);
  const value = (cpu.user + cpu.system) / 1000;
  const { dealt, unmasked, survivors } = maskCounts(round);
  const { lengthBytes } = layoutOf(roundSegments(world.plan, 'train'));
  const keystreamBytes = (dealt + unmasked) * lengthBytes;
  const added = keystreamBytes + survivors * lengthBytes;
  const { limit, terms } = maskingLimit(question.bits, { keystream: keystreamBytes, added });
  const { verifications, agreements, derivations } = shared;
  const agreementMillis = agreements.computed * millisOfAgreement();
  return {
    value,
    unit: 'ms',
    limit,
    detail: {
      ...terms,
      wallMillis,
      agreementsAsked: agreements.asked,
      agreementsComputed: agreements.computed,
      agreementMillis,
      ratioWithAgreements: value / (limit + agreementMillis),
      participants: round.cohort.length,
      groups: round.groups?.length ?? 1,
      survivors,
      keystreams: dealt + unmasked,
      keystreamBytes,
      verificationsAsked: verifications.asked,
      verificationsComputed: verifications.computed,
      derivationsAsked: derivations.asked,
      derivationsComputed: derivations.computed,
      kernels: ports.kernels.name,
    },
  };
}

function scenarioOf({ participants, parameters, bits, drop }: Question, groups: number): Scenario {
  const max = Math.ceil(participants / groups);
  const all = Object.values(departures).reduce<number>((sum, part) => sum + part, 0);
  return checkScenario({
    name: 'groups',
    participants,
    rounds: 1,
    cohort: { min: Math.max(3, Math.floor(0.75 * max)), size: participants, max },
    reportingGoal: Math.floor(0.9 * participants),
    maxColluders: Math.max(1, Math.floor(0.2 * max)),
    parameters,
    bits,
    rotation: 'none',
    metrics: false,
    deadlines: { stepMillis: 60_000 },
    drops: Object.entries(departures)
      .map(([step, part]) => ({ round: 1, step: step as keyof typeof departures, share: (drop * part) / all }))
      .filter(({ share }) => share > 0),
  });
}

/** What the record of a round says of its masks. */
export function maskCounts({ cohort, groups, dropped, survivors }: SimulatedRound): MaskCounts {
  const lostAt = new Map(dropped.map(({ participant, step }) => [participant, step]));
  const trained = cohort.filter((participant) => lostAt.get(participant) !== 'train');
  const counts = (groups ?? [{ members: trained, survivors }]).map((group) => {
    const others = group.members.filter((participant) => lostAt.get(participant) !== 'advertise');
    const dealers = others.filter((participant) => !isBeforeMasking(lostAt.get(participant))).length;
    const open = group.survivors.length;
    const missing = open * (dealers - open);
    return {
      dealt: dealers * dealers,
      unmasked: open + missing,
      survivors: open,
      agreements: others.length * (others.length - 1) + dealers * (dealers - 1) + missing,
    };
  });
  const total = (pick: (one: MaskCounts) => number) => counts.reduce((sum, one) => sum + pick(one), 0);
  return {
    dealt: total(({ dealt }) => dealt),
    unmasked: total(({ unmasked }) => unmasked),
    survivors: total((one) => one.survivors),
    agreements: total(({ agreements }) => agreements),
  };
}

function isBeforeMasking(step: string | undefined): boolean {
  return step === 'share' || step === 'confirm';
}

/** The least that OpenSSL needs for one X25519 with both keys in its own form: the best of many short turns. */
function millisOfAgreement(): number {
  const { privateKey } = generateKeyPairSync('x25519');
  const { publicKey } = generateKeyPairSync('x25519');
  let least = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < agreementTurns; turn++) {
    const before = performance.now();
    for (let i = 0; i < agreementsInTurn; i++) diffieHellman({ privateKey, publicKey });
    least = Math.min(least, performance.now() - before);
  }
  return least / agreementsInTurn;
}
