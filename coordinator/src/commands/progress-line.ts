import type { ProgressEvent, RoundReport } from '../run/progress.js';

/** A progress event for people: no line, or one. */
export function progressLine(event: ProgressEvent): readonly string[] {
  switch (event.type) {
    case 'started':
      return [`run ${event.run}: ${event.rounds} models to publish, no differential privacy guarantee`];
    case 'joined':
    case 'left':
    case 'approved':
      return [`${event.participant} ${event.type === 'approved' ? 'approved the plan' : event.type}`];
    case 'declined':
      return [`${event.participant} declined at ${event.step}: ${event.message} (${event.rule || event.code})`];
    case 'phase':
      return [`round ${event.round}: ${event.phase} (${event.participants.length})`];
    case 'waiting':
      return [event.text];
    case 'dropped':
      return [`round ${event.round}: lost ${event.participant} at ${event.step}${sent(event)}: ${event.reason}`];
    case 'group-abandoned':
      return [`round ${event.round}: ${event.reason}; the ${event.members.length} in it sit out, the others go on`];
    case 'round':
      return [roundLine(event)];
    case 'evaluation':
      return [evaluationLine(event)];
    case 'evaluated':
      return [`model ${event.modelVersion}: ${metricsText(event.metrics)}`];
    case 'evaluation-failed':
      return [`model ${event.modelVersion} could not be evaluated: ${event.message}`];
    case 'verdict':
      return verdictLine(event);
    case 'settled':
      return [`round ${event.round}: its abort is certified, and the updates in it are free`];
    case 'pausing':
      return [`will pause after this round: ${event.reason}`];
    case 'resumed':
      return ['goes on'];
    case 'paused':
      return [
        `paused: ${event.reason}`,
        'Nothing happens until somebody acts: concordat coordinator run resume, or run end.',
      ];
    case 'finished':
      return [
        `${event.outcome} with model version ${event.modelVersion}: ${event.reason}${event.rule === undefined ? '' : ` (${event.rule})`}`,
      ];
    case 'answered':
    case 'upload':
      return [];
  }
}

function roundLine(round: RoundReport): string {
  if (round.outcome === 'abandoned')
    return `round ${round.round}: abandoned after ${round.seconds.toFixed(1)} s: ${round.reason}`;
  const recovered = round.recovered.length === 0 ? '' : `, masks of ${round.recovered.join(', ')} recovered`;
  const groups = round.groups === undefined ? '' : ` in ${groupsText(round.groups)}`;
  const stale = round.modelVersion - 1 - round.baseModelVersion;
  const trained = stale === 0 ? '' : `, trained from model ${round.baseModelVersion}`;
  return `round ${round.round}: published model ${round.modelVersion} of ${round.survivors.length} of ${round.cohort.length}${trained}${groups}${recovered}${clipped(round)}, ${kilobytes(round.uploadBytes)} up, ${kilobytes(round.downloadBytes)} down, ${round.seconds.toFixed(1)} s`;
}

/** "4 groups", or "3 of 4 groups" when one was given up. */
function groupsText(groups: NonNullable<RoundReport['groups']>): string {
  const opened = groups.filter(({ outcome }) => outcome === 'opened').length;
  return `${opened === groups.length ? '' : `${opened} of `}${groups.length} groups`;
}

/** Nothing where the rotation clipped nothing, as it should. */
function clipped({ excess }: RoundReport): string {
  return excess === undefined || excess === 0 ? '' : `, ${excess} rotated ${excess === 1 ? 'lane' : 'lanes'} clipped`;
}

function evaluationLine(event: Extract<ProgressEvent, { readonly type: 'evaluation' }>): string {
  const { round, outcome, reason, modelVersion, survivors, metrics } = event;
  if (outcome === 'abandoned') return `round ${round}: model ${modelVersion} was not measured: ${reason}`;
  const means = Object.fromEntries(metrics.map(({ name, mean }) => [name, mean]));
  return `round ${round}: model ${modelVersion} measured by ${survivors.length} participants: ${metricsText(means) || 'none sent metrics'}`;
}

/** One line for a release, when the T-th signature is here, and one for every dispute. */
function verdictLine(event: Extract<ProgressEvent, { readonly type: 'verdict' }>): readonly string[] {
  const { round, modelVersion, participant, verdict, signed, of, threshold, disputed, released, groups } = event;
  const what = modelVersion === 0 ? `the sum of round ${round}` : `model ${modelVersion}`;
  if (verdict === 'result') {
    const own = groups?.find((group) => group.signed.includes(participant)) ?? { signed, threshold };
    // It is the one that was lacking.
    return released && own.signed.length === own.threshold
      ? [`round ${round}: ${what} is released with ${signed.length} of ${of} signatures`]
      : [];
  }
  const found = disputed.find((one) => one.participant === participant);
  const group = found?.group === undefined ? '' : `group ${found.group}, `;
  const where = found === undefined ? '' : ` (${group}${found.rule}, chunk ${found.chunk}, lane ${found.lane})`;
  return [`round ${round}: DISPUTED: ${participant} does not accept ${what}${where}, and contributes no more`];
}

function sent({
  bytesReceived,
  bytesExpected,
}: {
  readonly bytesReceived: number;
  readonly bytesExpected: number;
}): string {
  return bytesExpected === 0 ? '' : ` with ${kilobytes(bytesReceived)} of ${kilobytes(bytesExpected)}`;
}

function kilobytes(bytes: number): string {
  return `${Math.round(bytes / 1000)} kB`;
}

function metricsText(metrics: Readonly<Record<string, number>>): string {
  return Object.entries(metrics)
    .map(([name, value]) => `${name} ${value.toFixed(4)}`)
    .join(', ');
}
