import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FederatedError } from '@concordat/core';
import type { Transport } from '@concordat/node';
import { FederatedClient } from '../client.js';
import type { ClientEvent } from '../events.js';
import type { LayersModel } from '../model/dense-network.js';
import type { Policy } from '../policy/policy.js';
import type { RecordsSource } from '../records-source.js';
import type { Lie } from './lie.js';
import { lies, type NamedLie } from './lies.js';
import { openTestCoordinator, type TestCoordinator } from './test-coordinator.js';
import { steppingTrainer, type TestPlanDraft, testPolicy } from './test-plan.js';

/** What a client of a case is opened with; pass all of it on to `FederatedClient.open`. */
export interface ConformancePlace {
  readonly directory: string;
  readonly transport: Transport;
  readonly policy: Policy;
  /** Call it for every event; call your own handler too if you like. */
  readonly onEvent: (event: ClientEvent) => void;
}

/** A client that takes part. */
export interface RunningClient {
  /** Leave, and let go of the directory. */
  stop(): Promise<void>;
}

/** Your client, and what it needs the plan to be. */
export interface ConformanceOptions {
  /** Starts a client as your program does. A plain `FederatedClient` with `records` unless given. */
  readonly start?: (place: ConformancePlace) => Promise<RunningClient>;
  /** Records, or a trainer, for the plain client; a trainer that trains nothing unless given. */
  readonly records?: RecordsSource;
  /** What is trained, where your records or trainer need a certain model. */
  readonly model?: LayersModel;
  /** What your records or policy need the plan to say; two rounds or more, and four participants or more. */
  readonly plan?: TestPlanDraft;
  /** Agrees to the usual plan unless given. It must agree to `plan`, and may not list the purpose "what nobody has agreed to". */
  readonly policy?: Policy;
  /** Ids, at least five; the first is the client's. */
  readonly participants?: readonly string[];
  /** How long a case waits for the client, milliseconds; 30,000 unless said. */
  readonly patienceMillis?: number;
}

/** One check. `run` resolves, or throws a {@link ConformanceFailure}. */
export interface ConformanceCase {
  /** A sentence for the list of tests. */
  readonly name: string;
  /** What the client has to refuse by; undefined where nothing is refused. */
  readonly rule: string | undefined;
  /** @throws {@link ConformanceFailure} when the client does otherwise. */
  run(): Promise<void>;
}

/** What a client did otherwise than it must. */
export class ConformanceFailure extends Error {
  override readonly name = 'ConformanceFailure';
  /** The case. */
  readonly case: string;
  readonly required: string;
  readonly offered: string;

  constructor(name: string, found: { readonly required: string; readonly offered: string }, cause?: unknown) {
    super(`${name}: required is ${found.required}, but there was ${found.offered}`, { cause });
    this.case = name;
    this.required = found.required;
    this.offered = found.offered;
  }
}

/**
 * What every embedded client has to do: contribute to each round of an honest coordinator, and refuse each of {@link lies} by its
 * rule without having answered what it may not answer. Each case has a coordinator, keys and a directory of its own.
 *
 * ```ts
 * for (const { name, run } of conformance({ start })) it(name, run);
 * ```
 */
export function conformance(options: ConformanceOptions = {}): readonly ConformanceCase[] {
  return [
    { name: 'an honest coordinator gets a contribution in every round', rule: undefined, run: () => beHonest(options) },
    ...lies.map((lie) => ({
      name: `a coordinator that ${lie.name} is refused by ${lie.rule}`,
      rule: lie.rule,
      run: () => beLiedTo(options, lie),
    })),
  ];
}

/**
 * Hand every case to a test runner.
 *
 * @param it of mocha, jest, vitest or node:test: takes a name and an asynchronous function.
 */
export function describeConformance(
  it: (name: string, run: () => Promise<void>) => unknown,
  options: ConformanceOptions = {},
): void {
  for (const { name, run } of conformance(options)) it(name, run);
}

interface Scene {
  readonly coordinator: TestCoordinator;
  readonly client: RunningClient;
  /** Rules, or codes, that the client named in events or to the coordinator. */
  refusals(): readonly string[];
  answers(): readonly string[];
  until(holds: () => boolean, required: string): Promise<void>;
}

async function beHonest(options: ConformanceOptions): Promise<void> {
  const name = 'an honest coordinator';
  await play(options, {}, name, async ({ coordinator, until, refusals }) => {
    const [own] = namesOf(options);
    await until(() => coordinator.outcome !== undefined || refusals().length > 0, 'the end of the run');
    const included = coordinator.rounds.filter(({ outcome, survivors }) => {
      return outcome.type === 'published' && survivors.includes(own!);
    });
    const { rounds } = coordinator.plan;
    if (included.length === rounds && refusals().length === 0) return;
    const offered = [
      `${included.length} contributions`,
      ...refusals().map((rule) => `a refusal by ${rule}`),
      ...coordinator.rounds.map(({ outcome }) => (outcome.type === 'abandoned' ? outcome.reason : outcome.type)),
    ];
    throw new ConformanceFailure(name, { required: `${rounds} contributions`, offered: offered.join(', ') });
  });
}

async function beLiedTo(options: ConformanceOptions, { name, rule, never, lie }: NamedLie): Promise<void> {
  const title = `a coordinator that ${name}`;
  await play(options, lie, title, async ({ client, refusals, answers, until }) => {
    const answered = () => answers().find((step) => never.includes(step));
    // The others can end the run without this client before it has looked at what it was sent.
    const settled = () => refusals().length > 0 || answered() !== undefined;
    await until(settled, `a refusal by ${rule}`);
    await client.stop();
    const step = answered();
    if (step !== undefined) {
      throw new ConformanceFailure(title, { required: `a refusal by ${rule}`, offered: `an answer to ${step}` });
    }
    if (refusals().includes(rule)) return;
    const offered = refusals().length === 0 ? 'none' : `one by ${refusals().join(', ')}`;
    throw new ConformanceFailure(title, { required: `a refusal by ${rule}`, offered });
  });
}

async function play(
  options: ConformanceOptions,
  lie: Lie,
  name: string,
  act: (scene: Scene) => Promise<void>,
): Promise<void> {
  const { start = (place) => startPlain(place, options.records), policy = testPolicy, patienceMillis } = options;
  const participants = namesOf(options);
  const own = participants[0]!;
  const directory = await mkdtemp(join(tmpdir(), 'concordat-conformance-'));
  const coordinator = await openTestCoordinator({
    participants,
    lie,
    ...(options.plan === undefined ? {} : { plan: options.plan }),
    ...(options.model === undefined ? {} : { model: options.model }),
  });
  const refused: string[] = [];
  let client: RunningClient | undefined;
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= client?.stop() ?? Promise.resolve();
    return stopped;
  };
  const onEvent = (event: ClientEvent) => {
    if (event.type === 'refused') refused.push(String(event.error.detail.rule ?? event.error.code));
    coordinator.changed();
  };
  try {
    await coordinator.enrol(own, directory);
    client = await start({ directory, transport: coordinator.transport, policy, onEvent });
    const until: Scene['until'] = (holds, required) => untilOr(coordinator, holds, { name, required, patienceMillis });
    await until(() => coordinator.isConnected(own), 'a connection of the client');
    coordinator.start();
    await act({
      coordinator,
      client: { stop },
      refusals: () => [...new Set([...refused, ...declined(coordinator, own)])],
      answers: () => coordinator.answersOf(own),
      until,
    });
  } finally {
    await stop();
    await coordinator.close();
    await rm(directory, { recursive: true, force: true });
  }
}

async function untilOr(
  coordinator: TestCoordinator,
  holds: () => boolean,
  wait: { readonly name: string; readonly required: string; readonly patienceMillis: number | undefined },
): Promise<void> {
  const { name, required, patienceMillis } = wait;
  const patience = patienceMillis === undefined ? {} : { patienceMillis };
  await coordinator.until(holds, { what: required, ...patience }).catch((error: unknown) => {
    if (!(error instanceof FederatedError)) throw error;
    throw new ConformanceFailure(name, { required, offered: String(error.detail.offered) }, error);
  });
}

function declined(coordinator: TestCoordinator, own: string): string[] {
  return coordinator.heard.flatMap(({ participant, message }) =>
    participant === own && message.type === 'decline' ? [message.rule || message.code] : [],
  );
}

function namesOf({ participants = ['acme', 'bluebird', 'cobalt', 'delta', 'echo'] }: ConformanceOptions) {
  return participants;
}

async function startPlain(place: ConformancePlace, records?: RecordsSource): Promise<RunningClient> {
  const client = await FederatedClient.open({ ...place, ...(records ?? { trainer: steppingTrainer() }) });
  // What ends it for good was told as an event before, or is seen by what does not come any more.
  const ended = client.run().catch(() => undefined);
  return {
    async stop() {
      await client.close();
      await ended;
    },
  };
}
