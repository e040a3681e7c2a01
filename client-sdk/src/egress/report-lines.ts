import type { EgressReport, KindTotal, RoundTotal } from './egress-report.js';

/** The report as sentences for a terminal. */
export function reportLines(report: EgressReport): string[] {
  const { from, to, kinds, rounds } = report;
  if (from === undefined) return [`Nothing left ${scopeOf(report)}.`, ...chainLines(report)];
  return [
    `From ${from} to ${to}, ${scopeOf(report)}:`,
    ...kinds.map((total) => `  ${kindLine(total)}`),
    ...rounds.flatMap(roundLines),
    socketLine(report),
    ...chainLines(report),
  ];
}

/** What was added up. */
export function scopeOf({ run }: EgressReport): string {
  return run === undefined ? 'in all runs' : `in run ${run}`;
}

export function kindLine({ kind, count, bytes, masked }: KindTotal): string {
  return `${kind}: ${count}, ${bytes} bytes${masked ? ', masked: nobody can read one alone' : ''}`;
}

export function roundName({ runId, round }: RoundTotal): string {
  return round === 0 ? `${runId}, the plan` : `${runId}, round ${round}`;
}

export function socketLine({ socketBytes, unclosed }: EgressReport): string {
  const missing = `; ${unclosed} times a process ended without closing the log, and what it sent behind its last entry is missing here`;
  return `In all runs ${socketBytes} bytes left by the network: these messages, requests for plans and models, framing and encryption${unclosed === 0 ? '' : missing}.`;
}

export function chainLines({ log }: EgressReport): string[] {
  const { mark, unchained } = log;
  return [
    `The log has ${mark.entries} entries; its chain ends with ${mark.chain}. Note both: a later log has to contain them.`,
    ...(unchained === 0 ? [] : [`The first ${unchained} lines are of a version that did not chain them.`]),
  ];
}

function roundLines(total: RoundTotal): string[] {
  const { from, to, kinds, refusals } = total;
  const bytes = kinds.reduce((sum, kind) => sum + kind.bytes, 0);
  const masked = kinds.filter((kind) => kind.masked).reduce((sum, kind) => sum + kind.bytes, 0);
  return [
    `${roundName(total)} (${from} to ${to}): ${bytes} bytes, ${masked} of them masked update`,
    ...refusals.map((refusal) => `  refused: ${refusal}`),
  ];
}
