import type { Verifications } from '../shared-verifications.js';
import type { SimulatedRound, SimulationResult } from '../simulate.js';
import { bytesOf } from './rounds-csv.js';

/** How a round went, as a line for a person. */
export function roundSentence(round: SimulatedRound): string {
  const lost = lostWords(round);
  const groups = round.groups === undefined ? '' : ` in ${round.groups.length} groups`;
  const verdict =
    round.outcome.type === 'abandoned'
      ? `abandoned in ${round.outcome.phase}: ${round.outcome.reason}; nothing was opened`
      : `${round.survivors.length} of ${round.cohort.length} in the sum${groups}, ${round.lanes} lanes ${round.exact === true ? 'exact' : 'NOT EXACT'}`;
  const measured = Object.entries(round.measured ?? {}).map(([name, value]) => ` · ${name} ${value.toFixed(4)}`);
  const megabytes = (bytesOf(round) / 1e6).toFixed(2);
  return `round ${round.round}: ${verdict}${measured.join('')}${lost === '' ? '' : ` · ${lost}`} · ${megabytes} MB`;
}

/** How a run ended, in lines for a person. */
export function endSentences(result: SimulationResult): string[] {
  const { outcome, reason, virtualMillis, verifications, agreements, derivations } = result;
  const of = ({ asked, computed }: Verifications) => `${computed} of ${asked}`;
  return [
    `${outcome} after ${(virtualMillis / 1000).toFixed(1)} virtual seconds${reason === '' ? '' : `: ${reason}`}`,
    `computed for all parties: ${of(verifications)} signature checks, ${of(agreements)} agreements, ${of(derivations)} derived keys; they share the answers for the same bytes`,
  ];
}

/** By name while they are few. */
function lostWords({ dropped }: SimulatedRound): string {
  if (dropped.length <= 8) return dropped.map(({ participant, step }) => `${participant} lost at ${step}`).join(', ');
  const steps = [...new Set(dropped.map(({ step }) => step))];
  return steps.map((step) => `${dropped.filter((one) => one.step === step).length} lost at ${step}`).join(', ');
}
