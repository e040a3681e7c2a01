import { once } from 'node:events';
import { createServer } from 'node:net';
import { DyingHouse, type EndedLife } from './dying-house.js';
import { type Findings, findIn } from './findings.js';
import { LivingHouse } from './house.js';
import type { Kind } from './kind.js';
import { Levers } from './levers.js';
import { Site } from './site.js';
import { type Played, Stage } from './stage.js';

/** A run that is not over after so long, and so much longer for each death, goes on no more. */
const stuckMillis = 600_000;
const deathMillis = 20_000;

/** How a coordinator is to die in a run. */
export interface Deaths {
  /** `<write>.<side>:<action>:<nth>`: all of them in every life, each until it acted. */
  readonly armed: readonly string[];
  /** Milliseconds after it listens, one for each life. */
  readonly randoms: readonly number[];
}

export interface CampaignOptions {
  /** Instead of the command, e.g. a bundle of it. */
  readonly program?: string | undefined;
  /** From the start of a process to listening; as long as it takes unless said. */
  readonly readyMillisMax?: number;
  /** That others played before. */
  readonly runs?: number;
}

export interface DisturbedRun {
  readonly kind: string;
  readonly lives: readonly EndedLife[];
  /** Deaths that did not come by before it was over. */
  readonly left: Deaths;
  /** Participants were told so often that something is durable. */
  readonly acknowledgements: number;
  readonly violations: readonly string[];
}

/**
 * A coordinator's process that dies again and again, under six participants who do not; beside it another one, of organizations of the same
 * names, that lives. Everything is done at both: who survives and what is published must be the same, bit for bit.
 */
export class KillCampaign {
  readonly #dying: Site;
  readonly #living: Site;
  readonly #house: DyingHouse;
  readonly #readyMillisMax: number;
  #runs: number;

  private constructor(parts: {
    readonly dying: Site;
    readonly living: Site;
    readonly house: DyingHouse;
    readonly readyMillisMax: number;
    readonly runs: number;
  }) {
    this.#dying = parts.dying;
    this.#living = parts.living;
    this.#house = parts.house;
    this.#readyMillisMax = parts.readyMillisMax;
    this.#runs = parts.runs;
  }

  static async open(options: CampaignOptions = {}): Promise<KillCampaign> {
    const { program, readyMillisMax = Number.POSITIVE_INFINITY, runs = 0 } = options;
    const [dying, living] = [await Site.open(), await Site.open()];
    await dying.consortium.coordinator.stop();
    const house = new DyingHouse(dying.consortium, await freePort(), program);
    dying.moveTo(house.address);
    return new KillCampaign({ dying, living, house, readyMillisMax, runs });
  }

  async close(): Promise<void> {
    await this.#house.close();
    await this.#dying.close();
    await this.#living.close();
  }

  /** One kind of run at both, and in it as many of the deaths as come by. @throws when it does not go on: then it is closed. */
  async run(kind: Kind, deaths: Deaths): Promise<DisturbedRun> {
    this.#runs += 1;
    const before = this.#house.heard.length;
    const living = this.#stage(kind, this.#living, new LivingHouse(this.#living.consortium));
    await kind.play(living);
    this.#house.live(deaths.armed, deaths.randoms);
    const dying = this.#stage(kind, this.#dying, this.#house);
    const count = deaths.armed.length + deaths.randoms.length;
    await inTime(kind.play(dying), stuckMillis + count * deathMillis);
    const left = this.#house.left;
    const lives = await this.#house.rest();
    const { stories, violations } = await findIn(this.#dying.consortium.directory, dying.played, this.#house.heard);
    const undisturbed = await this.#undisturbed(dying.played);
    const differences = stories.flatMap((story, at) =>
      story === undisturbed.stories[at] ? [] : [`${story}; and undisturbed: ${undisturbed.stories[at]}`],
    );
    return {
      kind: kind.name,
      lives,
      left,
      acknowledgements: this.#house.heard.length - before,
      violations: [
        ...lives.flatMap(({ violation }) => violation ?? []),
        ...lives.flatMap(({ readyMillis = 0 }) =>
          readyMillis > this.#readyMillisMax ? [`ready after ${readyMillis} ms`] : [],
        ),
        ...violations,
        ...undisturbed.violations.map((one) => `undisturbed: ${one}`),
        ...differences,
      ],
    };
  }

  /** What came of the same runs where nothing happened. */
  async #undisturbed(played: readonly Played[]): Promise<Findings> {
    const { consortium } = this.#living;
    consortium.operator.close();
    await consortium.coordinator.stop();
    const found = await findIn(consortium.directory, played, []);
    await consortium.start();
    this.#living.moveTo(consortium.coordinator.address);
    this.#living.forgetStubs();
    return found;
  }

  #stage(kind: Kind, site: Site, house: LivingHouse | DyingHouse): Stage {
    return new Stage({ site, house, levers: new Levers(), name: kind.name, number: this.#runs });
  }
}

async function inTime(work: Promise<void>, millis: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it is not over after ${millis / 1000} s`)), millis);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, 'close');
  return port;
}
