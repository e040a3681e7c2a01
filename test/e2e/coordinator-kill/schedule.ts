import { coordinatorWrites } from '@concordat/coordinator';
import { readU32 } from '@concordat/core';
import { failpointPlaces } from '@concordat/node';
import { seeded } from '../../coordinator/machine-participant.js';
import type { Deaths, DisturbedRun } from './campaign.js';
import type { Kind } from './kind.js';

/** Every failpoint of a coordinator, without action and occurrence. */
export const failpoints: readonly string[] = failpointPlaces(coordinatorWrites).map(({ failpoint }) => failpoint);

/** Writes that come by often in a life: the occurrence is drawn from the first so many. */
const often: Readonly<Record<string, number>> = {
  'coordinator.receipt': 12,
  'coordinator.session-input': 12,
  'coordinator.masked-vector': 4,
  'coordinator.blob': 3,
  'coordinator.journal.approved': 4,
  'coordinator.journal.result-verdict': 3,
};
/** Of failpoints that several kinds pass, a run has this share of those that are left. */
const share = 1 / 3;
const randomMillisMax = 2_500;

export type Action = 'crash' | 'error';

/** One death that is wanted. */
interface Wanted {
  /** With its action: what is counted. */
  readonly place: string;
  /** With its occurrence: what is armed. */
  readonly armed: string;
}

/**
 * What is left to be done of one seed: each failpoint with each action, and deaths at random times. Kinds come in a drawn order, and each is
 * given the failpoints that it alone passes, and some of the others; what did not come by is tried again at its first occurrence.
 */
export class Schedule {
  readonly #seed: string;
  readonly #kinds: readonly Kind[];
  #wanted: Wanted[];
  #randoms: number[];
  #queue: Kind[];
  #pass = 1;

  constructor(options: {
    readonly seed: string;
    readonly kinds: readonly Kind[];
    readonly places: readonly string[];
    readonly actions: readonly Action[];
    readonly randoms: number;
  }) {
    const { seed, kinds, places, actions, randoms } = options;
    this.#seed = seed;
    this.#kinds = kinds;
    this.#wanted = places.flatMap((failpoint) => {
      const nth = 1 + draw(`${failpoint} ${seed}`, often[failpoint.replace(/\.(before|after)$/, '')] ?? 1);
      return actions.map((action) => {
        const place = `${failpoint}:${action}`;
        return { place, armed: `${place}:${nth}` };
      });
    });
    this.#randoms = Array.from({ length: randoms }, (_, at) => draw(`random ${seed} ${at}`, randomMillisMax));
    this.#queue = this.#shuffled(kinds);
  }

  /** Places with their actions that did not come by. */
  get left(): readonly string[] {
    return this.#wanted.map(({ place }) => place);
  }

  /** @returns undefined when everything was done, or does not come by. */
  next(): { readonly kind: Kind; readonly deaths: Deaths } | undefined {
    for (let kind = this.#queue.shift(); kind !== undefined; kind = this.#queue.shift()) {
      const armed = this.#armedFor(kind);
      // Without a death it would be another test.
      if (armed.length > 0 || this.#randoms.length > 0) return { kind, deaths: { armed, randoms: this.#randoms } };
    }
    if (this.#pass === 2 || (this.#wanted.length === 0 && this.#randoms.length === 0)) return undefined;
    this.#pass = 2;
    this.#wanted = this.#wanted.map(({ place }) => ({ place, armed: `${place}:1` }));
    const alone = this.#kinds.filter((one) => this.#wanted.some((wanted) => isAlone(one, wanted)));
    this.#queue = this.#shuffled(alone.length === 0 ? this.#kinds.slice(0, 1) : alone);
    return this.next();
  }

  /** What of it came by. */
  note({ lives, left }: DisturbedRun): void {
    const done = new Set(lives.map(({ kill }) => kill?.replace(/:\d+$/, '')));
    this.#wanted = this.#wanted.filter(({ place }) => !done.has(place));
    this.#randoms = [...left.randoms];
  }

  #armedFor(kind: Kind): string[] {
    return this.#wanted.filter((one) => this.#isFor(kind, one)).map(({ armed }) => armed);
  }

  /** Nobody else may pass it; or it is drawn; or there will be no other run. */
  #isFor(kind: Kind, wanted: Wanted): boolean {
    if (isAlone(kind, wanted) || this.#queue.length === 0 || this.#pass === 2) return true;
    return draw(`${kind.name} ${wanted.armed} ${this.#seed}`, 1_000) < 1_000 * share;
  }

  #shuffled(kinds: readonly Kind[]): Kind[] {
    return kinds
      .map((kind) => [draw(`order ${this.#seed} ${this.#pass} ${kind.name}`, 2 ** 30), kind] as const)
      .sort(([a], [b]) => a - b)
      .map(([, kind]) => kind);
  }
}

function isAlone({ alone }: Kind, { place }: Wanted): boolean {
  return alone.some((write) => place.startsWith(`coordinator.${write}.`));
}

/** 0 to below − 1. */
function draw(seed: string, below: number): number {
  return readU32(seeded(seed).bytes(4)) % below;
}
