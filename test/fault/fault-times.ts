import { performance } from 'node:perf_hooks';
import type { FederatedClient } from '@concordat/client-sdk';
import { systemClock } from '@concordat/node';
import { names } from '../hostile/consortium.js';
import { ExactConsortium } from './exact-consortium.js';
import { TcpProxy } from './tcp-proxy.js';

/** How long something took that a promise limits. */
export interface FaultTime {
  readonly what: string;
  readonly millis: number;
  readonly limitMillis: number;
}

/** Of the promises: noticed on both sides, back again, ended in an orderly way. */
const [noticedMillis, backMillis, endedMillis] = [20_000, 5_000, 30_000];
const lookMillis = 100;

interface Seat {
  readonly name: string;
  readonly proxy: TcpProxy;
  readonly client: FederatedClient;
  /** Moments of `connected` and `disconnected`. */
  readonly connected: number[];
  readonly disconnected: number[];
  readonly ended: Promise<unknown>;
}

/** A coordinator in a process of its own, participants each behind a line of its own, and a clock. */
export class FaultTimes {
  readonly #consortium: ExactConsortium;
  /** Of the coordinator, whichever process it is. */
  readonly #port: number;
  readonly #seats: Seat[] = [];
  readonly #leave = new AbortController();
  readonly found: FaultTime[] = [];
  /** Rounds that were not published, and processes that did not end well. */
  readonly violations: string[] = [];

  private constructor(consortium: ExactConsortium, port: number) {
    this.#consortium = consortium;
    this.#port = port;
  }

  static async open(): Promise<FaultTimes> {
    const consortium = await ExactConsortium.open();
    const times = new FaultTimes(consortium, Number((await consortium.coordinator.listen()).split(':')[1]));
    await consortium.start();
    for (const name of names) times.#seats.push(await times.#sit(name));
    await times.#until(() => times.#seats.every(({ connected }) => connected.length > 0));
    return times;
  }

  /** Everything in turn. @param onTime told of each. */
  async run(onTime: (time: FaultTime) => void = () => undefined): Promise<void> {
    const note = (what: string, millis: number, limitMillis: number) => {
      const time = { what, millis: Math.round(millis), limitMillis };
      this.found.push(time);
      onTime(time);
    };
    await this.#halfOpen(note);
    await this.#stopped(note);
    await this.#killed(note);
    await this.#ended(note);
  }

  async close(): Promise<void> {
    this.#leave.abort();
    await Promise.all(this.#seats.map(({ ended }) => ended));
    for (const { proxy } of this.#seats) await proxy.close();
    await this.#consortium.close();
  }

  async #sit(name: string): Promise<Seat> {
    const [connected, disconnected]: [number[], number[]] = [[], []];
    const proxy = await TcpProxy.listen(this.#port);
    const client = await this.#consortium.open(name, {
      address: `127.0.0.1:${proxy.port}`,
      onEvent: ({ type }) => {
        if (type === 'connected') connected.push(performance.now());
        if (type === 'disconnected') disconnected.push(performance.now());
      },
    });
    const ended = client.run({ signal: this.#leave.signal });
    return { name, proxy, client, connected, disconnected, ended };
  }

  /** Packets are lost on the way, in both directions, and nobody says so. */
  async #halfOpen(note: Note): Promise<void> {
    const [seat] = this.#seats as [Seat];
    const begun = performance.now();
    seat.proxy.partition('up', 'down');
    const byCoordinator = this.#absent(seat.name).then((at) => at - begun);
    const byParticipant = this.#after(seat.disconnected, begun).then((at) => at - begun);
    note('a half-open line, noticed by the participant', await byParticipant, noticedMillis);
    note('a half-open line, noticed by the coordinator', await byCoordinator, noticedMillis);
    seat.proxy.heal();
    const healed = performance.now();
    seat.proxy.cut();
    note('a participant back after its line was', (await this.#after(seat.connected, healed)) - healed, backMillis);
  }

  /** A process that is there and does nothing any more: its machine still answers for it. */
  async #stopped(note: Note): Promise<void> {
    const { coordinator } = this.#consortium;
    const begun = performance.now();
    process.kill(coordinator.pid, 'SIGSTOP');
    const noticed = await Promise.all(this.#seats.map(({ disconnected }) => this.#after(disconnected, begun)));
    note('a stopped coordinator, noticed by the last participant', Math.max(...noticed) - begun, noticedMillis);
    const again = performance.now();
    process.kill(coordinator.pid, 'SIGCONT');
    note('all participants back after it goes on', (await this.#allBack(again)) - again, backMillis);
  }

  /** A process that is gone: its machine says so. */
  async #killed(note: Note): Promise<void> {
    const begun = performance.now();
    const noticed = this.#seats.map(({ disconnected }) => this.#after(disconnected, begun));
    await this.#consortium.coordinator.kill();
    note(
      'a killed coordinator, noticed by the last participant',
      Math.max(...(await Promise.all(noticed))) - begun,
      noticedMillis,
    );
    // By now the pauses between attempts are as long as they get.
    await systemClock.sleep(8_000);
    await this.#consortium.start();
    const listening = performance.now();
    note('all participants back after the coordinator is', (await this.#allBack(listening)) - listening, backMillis);
  }

  /** SIGTERM in the middle of a round. */
  async #ended(note: Note): Promise<void> {
    const consortium = this.#consortium;
    const run = await consortium.begin({ rounds: 3 });
    let begun = 0;
    await consortium
      .watch(run, (event) => {
        if (event.type !== 'phase' || event.phase !== 'upload' || begun > 0) return;
        begun = performance.now();
        process.kill(consortium.coordinator.pid, 'SIGTERM');
      })
      .catch(() => undefined);
    const { by } = await consortium.coordinator.ended;
    note('SIGTERM of the coordinator in an upload, to its exit', performance.now() - begun, endedMillis);
    if (by !== 0) this.violations.push(`the coordinator ended with ${by}`);
    await consortium.start();
    const operator = consortium.operator();
    await this.#until(async () =>
      (await operator.status()).runs.some((one) => one.run === run && one.state === 'completed'),
    );
    operator.close();
    const left = performance.now();
    this.#leave.abort();
    await Promise.all(this.#seats.map(({ ended }) => ended));
    note('all participants told to leave, to their end', performance.now() - left, endedMillis);
    const { rounds, wrongLanes } = await consortium.outcome(run);
    const failed = rounds.filter(({ outcome }) => outcome !== 'published');
    if (failed.length > 0) this.violations.push(`${failed.length} rounds failed`);
    if (wrongLanes > 0) this.violations.push(`${wrongLanes} lanes of the model are wrong`);
  }

  async #allBack(since: number): Promise<number> {
    return Math.max(...(await Promise.all(this.#seats.map(({ connected }) => this.#after(connected, since)))));
  }

  /** The first of these moments behind `since`. */
  async #after(moments: readonly number[], since: number): Promise<number> {
    await this.#until(() => moments.some((at) => at >= since));
    return moments.find((at) => at >= since)!;
  }

  /** When the coordinator says first that somebody is not connected. */
  async #absent(name: string): Promise<number> {
    const operator = this.#consortium.operator();
    const isAway = async () =>
      (await operator.status()).participants.some((one) => one.participant === name && !one.connected);
    await this.#until(isAway);
    operator.close();
    return performance.now();
  }

  async #until(holds: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await holds())) await systemClock.sleep(lookMillis);
  }
}

type Note = (what: string, millis: number, limitMillis: number) => void;
