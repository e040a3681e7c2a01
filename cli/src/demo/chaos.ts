/** Round in which one organization is lost while it uploads, and the round in which it comes back. */
export const killRound = 3;
export const returnRound = 5;

/** Share of the masked update that must have been sent before the process is killed. */
const killPortion = 0.25;

/** Seconds an upload takes over the slow line: long enough to be seen and to be killed in, well within the step's 10 s. */
const slowUploadSeconds = 4;

/** Parameters of the network, three bytes each when masked, two when rotated; weight, metrics and guards add some hundred bytes. */
const maskedUpdateBytes = 3 * 199_210;

/** What the slow line carries. */
export const slowBytesPerSecond = Math.round(maskedUpdateBytes / slowUploadSeconds);

/** What becomes of the organization with the slow line. Each step is taken once. */
export type ChaosStep = 'none' | 'kill' | 'start-again';

/** Decides when the slow organization is killed and started again; does neither itself. */
export class Chaos {
  readonly victim: string;
  #state: 'alive' | 'killed' | 'returned' = 'alive';

  constructor(victim: string) {
    this.victim = victim;
  }

  /** Bytes of `participant`'s masked update have arrived. */
  uploading(participant: string, round: number, bytesReceived: number, bytesExpected: number): ChaosStep {
    const due = participant === this.victim && round === killRound && bytesExpected > 0;
    if (this.#state !== 'alive' || !due || bytesReceived < killPortion * bytesExpected) return 'none';
    // All sent already: the round would not lose anything by the kill.
    if (bytesReceived >= bytesExpected) return 'none';
    this.#state = 'killed';
    return 'kill';
  }

  roundBegan(round: number): ChaosStep {
    if (this.#state !== 'killed' || round < returnRound) return 'none';
    this.#state = 'returned';
    return 'start-again';
  }
}

/** What a person should expect, before it happens. */
export function announcement(victim: string, rounds: number): string {
  if (rounds < killRound) return `With fewer than ${killRound} rounds nobody is killed.`;
  const back =
    rounds < returnRound ? `; it would come back in round ${returnRound}` : ` and comes back in round ${returnRound}`;
  return `${victim} has a slow line. In round ${killRound} its process is killed in the middle of its upload${back}.`;
}
