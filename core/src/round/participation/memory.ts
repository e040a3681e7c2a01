import { toHex } from '../../bytes.js';
import { type FederatedError, refusal } from '../../errors.js';
import type { ParticipationRecord } from './contract.js';

/** What may never happen twice, rebuilt from the journal. Only ever grows, except for sessions that were left. */
export interface Memory {
  /** runId → last round whose session was entered. */
  readonly entered: ReadonlyMap<string, number>;
  /** Base model (hex) → updates bound to a session on it. */
  readonly contributions: ReadonlyMap<string, number>;
  /** Base models (hex) for which survivors were signed. */
  readonly signed: ReadonlySet<string>;
  /** `runId/base model` whose metrics were sent. */
  readonly metricsSent: ReadonlySet<string>;
  /** Entered and not left: their secrets may still be on disk. */
  readonly open: readonly { readonly runId: string; readonly round: number }[];
}

export const noMemory: Memory = {
  entered: new Map(),
  contributions: new Map(),
  signed: new Set(),
  metricsSent: new Set(),
  open: [],
};

/** The memory after a record. */
export function remember(memory: Memory, record: ParticipationRecord): Memory {
  switch (record.type) {
    case 'session-entered': {
      const { runId, round } = record;
      const last = Math.max(memory.entered.get(runId) ?? 0, round);
      const entered = new Map(memory.entered).set(runId, last);
      return { ...memory, entered, open: [...memory.open, { runId, round }] };
    }
    case 'contributed': {
      const base = toHex(record.baseModelHash);
      const contributions = new Map(memory.contributions).set(base, (memory.contributions.get(base) ?? 0) + 1);
      if (!record.metrics) return { ...memory, contributions };
      const metricsSent = new Set(memory.metricsSent).add(metricsKey(record.runId, record.baseModelHash));
      return { ...memory, contributions, metricsSent };
    }
    case 'base-signed':
      return { ...memory, signed: new Set(memory.signed).add(toHex(record.baseModelHash)) };
    case 'session-left': {
      const { runId, round } = record;
      return { ...memory, open: memory.open.filter((one) => one.runId !== runId || one.round !== round) };
    }
    case 'recovered':
      return takeMaximum(memory, record);
    case 'approved':
    case 'refused':
    case 'session':
      return memory;
  }
}

/** Of a lost journal everything that may have happened counts as done. No session of these runs is gone on with. */
function takeMaximum(
  memory: Memory,
  { rounds, bases }: Extract<ParticipationRecord, { readonly type: 'recovered' }>,
): Memory {
  const entered = new Map(memory.entered);
  for (const { runId, round } of rounds) entered.set(runId, Math.max(entered.get(runId) ?? 0, round));
  const signed = new Set(memory.signed);
  const metricsSent = new Set(memory.metricsSent);
  for (const { runId, baseModelHash } of bases) {
    signed.add(toHex(baseModelHash));
    metricsSent.add(metricsKey(runId, baseModelHash));
  }
  return { ...memory, entered, signed, metricsSent, open: [] };
}

/** Whether metrics of this base model may be sent: at most once for each run and model, or two sums would differ by one participant. */
export function mayMeasure(memory: Memory, runId: string, baseModelHash: Uint8Array): boolean {
  return !memory.metricsSent.has(metricsKey(runId, baseModelHash));
}

/** Why no further update may be contributed on this base model; undefined when one may. */
export function barred(
  memory: Memory,
  baseModelHash: Uint8Array,
  contributionsPerBase: number,
): FederatedError | undefined {
  const base = toHex(baseModelHash);
  if (memory.signed.has(base)) {
    return refusal(
      'base.signed',
      'survivors were signed for this base model: a second sum on it could be compared with the first',
      {
        required: 'another base model',
        offered: base,
        fix: 'Approve a new plan, or let the run go on with the others.',
      },
    );
  }
  const contributions = memory.contributions.get(base) ?? 0;
  if (contributions < contributionsPerBase) return undefined;
  return refusal('base.contributions', 'this base model has been contributed to as often as the policy allows', {
    required: contributionsPerBase,
    offered: contributions + 1,
    fix: 'Raise contributionsPerBase in the policy, or wait for the next model.',
  });
}

function metricsKey(runId: string, baseModelHash: Uint8Array): string {
  return `${runId}/${toHex(baseModelHash)}`;
}
