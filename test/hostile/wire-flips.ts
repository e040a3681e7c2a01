import { awaited, awaitedAborts, framesSent } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { Companions } from './companions.js';
import { type EnrolledConsortium, names } from './consortium.js';
import { endOf } from './hostile-case.js';
import { Stage } from './stage.js';
import type { World } from './world.js';

/** Messages to a client, by what they say: assignments on its stream, frames of a session, replies to its calls. */
export const spokenToClients = [
  'welcome',
  'run',
  'plan',
  'roster',
  'topology',
  'weights',
  'train',
  'waiting',
  'paused',
  'open',
  'cohort',
  'boxes',
  'dealers',
  'proposal',
  'certificate',
  'abort-proposal',
  'abort-certificate',
  'receipt approved',
  'receipt ready',
  'receipt advertise',
  'receipt share',
  'receipt confirm',
  'upload begun',
  'receipt upload',
  'receipt certify',
  'receipt reveal',
  'receipt abort',
  'published',
  'abandoned',
  'not-chosen',
  'finished',
] as const;

export type SpokenToClients = (typeof spokenToClients)[number];

/** One bit of one message, the first of its kind in a round. */
export interface Flip {
  readonly what: SpokenToClients;
  readonly at: number;
  readonly bit: number;
}

/** What became of a flip. */
export interface Flipped {
  readonly flip: Flip;
  /** Rules by which the client refused, in order; empty when the flip changed nothing that counts. */
  readonly refusals: readonly string[];
  /** How the session ended; see `endOf`. */
  readonly end: string;
  /** What must not be. */
  readonly wrong: readonly string[];
}

const victim = names[0];
const others = names.slice(1);
/** These are said while a client starts: it has to start again to hear them. */
const atStart: readonly SpokenToClients[] = ['welcome', 'run', 'plan', 'topology', 'receipt approved'];
/** A client fetches these for every offer that it has not approved. */
const fetched: readonly SpokenToClients[] = ['plan', 'roster'];
/** These end the client's run. */
const aborting: readonly SpokenToClients[] = ['abort-proposal', 'abort-certificate', 'receipt abort'];
const goodEnds = /^(sum of .*|aborted|abandoned in .*|not begun)$/;

/** Bytes of each message: of an honest round, of an aborted one, and of the end. */
export async function measure(consortium: EnrolledConsortium): Promise<ReadonlyMap<SpokenToClients, Buffer>> {
  const heard = new Map<SpokenToClients, Buffer>();
  const player = await FlipPlayer.open(consortium, (what, bytes) => {
    if (!heard.has(what)) heard.set(what, bytes);
  });
  for (const what of ['welcome', 'abort-proposal', 'finished'] as const) await player.round({ what, at: -1, bit: 0 });
  await player.close();
  return heard;
}

/** Play flips and look at what left the client: one round for each, and one for many of what is fetched again after a refusal. */
export async function playFlips(consortium: EnrolledConsortium, flips: readonly Flip[]): Promise<readonly Flipped[]> {
  const played = await playTogether(consortium, async (player) => {
    const ended: Flipped[] = [];
    for (const flip of flips.filter(({ what }) => !fetched.includes(what))) ended.push(await player.round(flip));
    const plans = flips.filter(({ what }) => what === 'plan');
    while (plans.length > 0) ended.push(...(await player.offers(plans)));
    return ended;
  });
  // A roster is fetched until one is taken: the next takes a client that holds none.
  const rosters = flips.filter(({ what }) => what === 'roster');
  while (rosters.length > 0) played.push(...(await playTogether(consortium, (player) => player.offers(rosters))));
  return played;
}

/** One client's life. */
async function playTogether(
  consortium: EnrolledConsortium,
  play: (player: FlipPlayer) => Promise<readonly Flipped[]>,
): Promise<Flipped[]> {
  const player = await FlipPlayer.open(consortium);
  const played = [...(await play(player))];
  const violations = await player.close();
  const last = played.pop();
  return last === undefined ? [] : [...played, { ...last, wrong: [...last.wrong, ...violations] }];
}

/** One real client over TLS, four companions in memory, one coordinator whose bytes are changed on the way. */
class FlipPlayer {
  readonly #stage: Stage;
  readonly #companions: Companions;
  #round = 0;
  /** What is changed when it is said next. */
  #flip: Flip | undefined;
  #isApplied = false;
  /** Offers that are answered when everything before them has been taken. */
  #offers = 0;
  /** What was told to this life of the client: said again when its stream was lost. */
  #told: 'nothing' | 'run' | 'train' | 'finished' | World = 'nothing';
  /** Since something was changed or refused: how many answers had come. A client that gives none any more is not waited for. */
  #doubtedAt: number | undefined;

  private constructor(stage: Stage, companions: Companions) {
    this.#stage = stage;
    this.#companions = companions;
  }

  static async open(
    consortium: EnrolledConsortium,
    listen?: (what: SpokenToClients, bytes: Buffer) => void,
  ): Promise<FlipPlayer> {
    const stage = await Stage.open(consortium, { present: [victim], staysAfterRefusal: true });
    const companions = new Companions(consortium, () => stage.changed());
    const player = new FlipPlayer(stage, companions);
    for (const name of others) stage.elsewhere.set(name, (frame, world) => companions.take(name, frame, world));
    stage.server.listen = listen === undefined ? undefined : (what, bytes) => listen(what as SpokenToClients, bytes);
    stage.server.tamper = (_, what) => player.#tamper(what as SpokenToClients);
    stage.server.onTampered = () => player.#doubt();
    stage.server.onWelcomed = () => player.#sayAgain();
    await stage.until(() => stage.server.isConnected(victim));
    return player;
  }

  async close(): Promise<readonly string[]> {
    // A client without a run has none to end.
    do {
      if (this.#isGone()) await this.#stage.restart(victim);
    } while (!(await this.#approve()));
    await this.#stage.close();
    return this.#stage.evidence.violations([victim], 1);
  }

  /** One offer for each flip, until one is approved, and a round behind it. @param flips those that were played are taken out. */
  async offers(flips: Flip[]): Promise<readonly Flipped[]> {
    const stage = this.#stage;
    this.#round += 1;
    this.#doubtedAt = undefined;
    // A plan is held for as long as its run; a roster by whoever has approved one.
    if (flips[0]!.what === 'plan') await this.#restart(undefined, undefined);
    const said: Omit<Flipped, 'end'>[] = [];
    for (let isRefused = true; isRefused && flips.length > 0; ) {
      const flip = flips.shift()!;
      const [approvals, refusals] = [stage.approvals, stage.refusals.length];
      this.#flip = flip;
      this.#isApplied = false;
      this.#told = 'run';
      this.#offer();
      await stage.until(() => stage.approvals > approvals || stage.refusals.length > refusals || this.#isGone());
      isRefused = stage.approvals === approvals && !this.#isGone();
      said.push({ flip, ...this.#refusedSince(refusals) });
    }
    this.#flip = undefined;
    this.#offers = stage.approvals;
    if (this.#isGone()) await this.#restart(undefined, undefined);
    const ready = (await this.#approve()) && (await this.#train());
    const end = ready ? endOf(await this.#session(said.at(-1)!.flip)) : 'not begun';
    await this.#settle();
    return said.map(({ wrong, ...one }) => ({ ...one, end, wrong: goodEnds.test(end) ? wrong : [...wrong, end] }));
  }

  /** By which rules, and what must not be. */
  #refusedSince(before: number, mustBeSaid = true): Pick<Flipped, 'refusals' | 'wrong'> {
    const refusals = this.#stage.refusals.slice(before).map(({ rule }) => rule);
    const unsaid = mustBeSaid && !this.#isApplied ? ['it was never said'] : [];
    const nameless = refusals.filter((rule) => rule.startsWith('threw') || rule === 'internal');
    return { refusals, wrong: [...nameless, ...unsaid] };
  }

  async round(flip: Flip): Promise<Flipped> {
    const stage = this.#stage;
    this.#round += 1;
    const before = stage.refusals.length;
    this.#doubtedAt = undefined;
    this.#isApplied = false;
    const hears = flip.what === 'finished' ? undefined : flip;
    if (atStart.includes(flip.what) || this.#isGone()) await this.#restart(undefined, hears);
    this.#flip = hears;
    const ready = (await this.#approve()) && (await this.#train());
    const end = ready ? endOf(await this.#session(flip)) : 'not begun';
    this.#farewell();
    if (flip.what === 'finished') {
      await this.#restart(flip, undefined);
    }
    await this.#settle();
    this.#flip = undefined;
    const { refusals, wrong } = this.#refusedSince(before, flip.at >= 0);
    return { flip, refusals, end, wrong: goodEnds.test(end) ? wrong : [...wrong, end] };
  }

  /** End the client's run, and have it come back. @param ending changed at the end. @param coming changed when it comes. */
  async #restart(ending: Flip | undefined, coming: Flip | undefined): Promise<void> {
    const stage = this.#stage;
    // A client without a run has none to end.
    if (!this.#isGone()) await this.#approve();
    if (!this.#isGone()) {
      this.#flip = ending;
      this.#told = 'finished';
      this.#finish();
      await stage.until(() => this.#isGone());
    }
    this.#flip = coming;
    this.#told = 'nothing';
    do await stage.restart(victim);
    while (this.#isGone());
    this.#offers = stage.approvals;
  }

  async #approve(): Promise<boolean> {
    const stage = this.#stage;
    for (;;) {
      const [approvals, refusals] = [stage.approvals, stage.refusals.length];
      this.#told = 'run';
      this.#offer();
      await stage.until(() => stage.approvals > approvals || stage.refusals.length > refusals || this.#isGone());
      if (this.#isGone()) return false;
      if (stage.approvals === approvals) continue;
      // From here on offers and approvals are counted in pairs.
      this.#offers = stage.approvals;
      this.#doubtedAt = undefined;
      return true;
    }
  }

  /** @returns whether it is ready. */
  async #train(): Promise<boolean> {
    const stage = this.#stage;
    const round = this.#round;
    const waiting = {
      type: 'waiting',
      round,
      step: 'select',
      awaited: [...others],
      remainingMillis: 1,
      // biome-ignore lint/suspicious/noThenProperty: a sentence, the word of the protocol; never awaited.
      then: '',
    } as const;
    stage.tell(victim, waiting);
    stage.tell(victim, { type: 'paused', reason: 'the model is looked at first' });
    const refusals = stage.refusals.length;
    this.#told = 'train';
    stage.assign(victim, round, stage.config(round, round).baseModelHash);
    const isReady = () => stage.isReady(victim, round);
    await stage.until(
      () => isReady() || this.#isGone() || stage.refusals.length > refusals || this.#isDeaf('training'),
    );
    return isReady() && !this.#isGone();
  }

  async #session(flip: Flip): Promise<World> {
    const stage = this.#stage;
    const round = this.#round;
    const sessionNonce = nodeCrypto.sha256(Buffer.from(`nonce of round ${round}`));
    let refusals = stage.refusals.length;
    const world = stage.world({ config: { ...stage.config(round, round), sessionNonce }, invited: names });
    this.#told = world;
    this.#companions.withholdStatements = aborting.includes(flip.what);
    const mustAbort = () => this.#companions.withholdStatements && world.state.phase === 'certify';
    while (!world.isOver) {
      await stage.until(
        () => world.isOver || mustAbort() || this.#isGone() || stage.refusals.length > refusals || this.#isLost(world),
      );
      if (mustAbort()) world.step({ type: 'abandon', reason: 'this case is about aborts' });
      else if (this.#isGone() || this.#isLost(world)) world.leave(victim, 'it does not answer any more');
      else if (stage.refusals.length > refusals) this.#doubt();
      refusals = stage.refusals.length;
      await Promise.resolve();
    }
    return world;
  }

  /** Said of a round that is over: it changes nothing. */
  #farewell(): void {
    const stage = this.#stage;
    const round = this.#round;
    const modelHash = new Uint8Array(32).fill(1);
    stage.tell(victim, { type: 'published', round, modelVersion: round, modelHash, survivors: 5 });
    stage.tell(victim, { type: 'abandoned', round, reason: 'said in vain', retry: true });
    stage.tell(victim, { type: 'not-chosen', round, reason: 'said in vain' });
  }

  #finish(): void {
    const modelHash = new Uint8Array(0);
    const finished = { type: 'finished', modelVersion: 0, modelHash, outcome: 'completed', reason: '' } as const;
    this.#stage.server.tell(victim, this.#stage.plan.plan.run, finished);
  }

  /** Whatever was said has been heard. */
  async #settle(): Promise<void> {
    if (this.#isGone()) return;
    const { approvals } = this.#stage;
    this.#offer();
    await this.#stage.until(() => this.#stage.approvals > approvals || this.#isGone());
  }

  #tamper(what: SpokenToClients) {
    const flip = this.#flip;
    if (flip === undefined || flip.what !== what || flip.at < 0) return undefined;
    this.#flip = undefined;
    this.#isApplied = true;
    return (bytes: Buffer) => {
      const changed = Buffer.from(bytes);
      if (flip.at < changed.length) changed[flip.at]! ^= 1 << flip.bit;
      return changed;
    };
  }

  /** The stream was lost and opened again: everything of the round is said once more, as a coordinator does. */
  #sayAgain(): void {
    const told = this.#told;
    if (told === 'nothing') return;
    if (told === 'finished') {
      this.#finish();
      return;
    }
    const stage = this.#stage;
    this.#offers = stage.approvals;
    if (told !== 'run') stage.assign(victim, this.#round, stage.config(this.#round, this.#round).baseModelHash);
    if (typeof told !== 'string') {
      for (const frame of framesSent(told.state, victim)) stage.say(victim, frame, this.#round);
    }
    this.#doubt();
  }

  /** The same offer again is answered by the same approval, once everything before it has been taken. */
  #doubt(): void {
    this.#doubtedAt = this.#stage.replies.length;
    this.#offer();
  }

  #offer(): void {
    this.#offers += 1;
    this.#stage.offer(victim);
  }

  #isGone(): boolean {
    return this.#stage.ended.has(victim);
  }

  /** It has taken everything, answered nothing, and not begun to. */
  #isDeaf(beginning: string): boolean {
    const { approvals, replies, events } = this.#stage;
    if (approvals < this.#offers || this.#doubtedAt !== replies.length) return false;
    const ofRound = events.map(({ event }) => event).filter((event) => 'round' in event && event.round === this.#round);
    // What was begun and refused does not go on.
    const began = ofRound.findIndex(({ type }) => type === beginning);
    return began < 0 || ofRound.slice(began).some(({ type }) => type === 'refused');
  }

  #isLost({ state }: World): boolean {
    const waits = [...awaited(state), ...awaitedAborts(state)];
    return waits.join() === victim && this.#isDeaf(state.phase === 'upload' ? 'masking' : 'nothing');
  }
}
