import type { CryptoPort, Kernels, Random } from '@concordat/core';
import type { Clock, LaneThreads } from '@concordat/node';
import { sessionCodec } from '@concordat/proto';
import type { Logger } from 'pino';
import type { CoordinatorKeys } from './consortium-directory.js';
import { Enrolment } from './enrolment/enrolment.js';
import type { Evaluator } from './evaluator.js';
import { PlanDesk } from './plan-desk.js';
import { RosterKeeper } from './roster-keeper.js';
import type { ProgressEvent } from './run/progress.js';
import { reportVerdict } from './run/report.js';
import { ResultDesk } from './run/results.js';
import { Traffic } from './run/traffic.js';
import { RunDesk } from './run-desk.js';
import type { Store } from './store/store.js';
import { CheckIns } from './transport/check-ins.js';

/** What the desks stand on. */
export interface DeskOptions {
  readonly store: Store;
  readonly keys: CoordinatorKeys;
  readonly crypto: CryptoPort;
  readonly random: Random;
  readonly log: Logger;
  readonly evaluator: Evaluator | undefined;
  readonly clock: Clock;
  readonly wallMillis: () => number;
  /** host:port that participants dial. */
  readonly address: () => string;
  readonly kernels: Kernels;
  readonly threads: LaneThreads | undefined;
  /** Hears every event of the runs' progress. */
  readonly observe?: ((event: ProgressEvent) => void) | undefined;
}

/** The parts of a coordinator behind its port. */
export interface Desks {
  readonly roster: RosterKeeper;
  readonly traffic: Traffic;
  readonly checkIns: CheckIns;
  readonly plans: PlanDesk;
  readonly runs: RunDesk;
  readonly results: ResultDesk;
  readonly enrolment: Enrolment;
}

/** @throws `state-lost` without a roster; `verification` when the roster key ran out. */
export async function openDesks(options: DeskOptions): Promise<Desks> {
  const { store, keys, crypto, random } = options;
  const { consortium, rootKey, rosterKey, rosterKeyCertificate: certificate, authority, coordinatorKey: signer } = keys;
  const { wallMillis } = options;
  const roster = await RosterKeeper.open({ store, crypto, consortium, rootKey, rosterKey, certificate, wallMillis });
  const traffic = new Traffic();
  const plans = new PlanDesk({ store, roster, crypto });
  const checkIns = await CheckIns.open({
    listener: {
      checkedIn: (participant, organization) => void runs.current?.checkIn(participant, organization),
      disconnected: (participant) => void runs.current?.disconnected(participant),
    },
    traffic,
    store,
  });
  const results = new ResultDesk({ ...options, codec: sessionCodec, signer });
  const runs: RunDesk = new RunDesk({
    store,
    plans,
    roster,
    connected: () => checkIns.connected(),
    ports: {
      ...options,
      codec: sessionCodec,
      signer,
      traffic,
      results,
      send: (to, runId, message) => checkIns.send(to, runId, message),
    },
  });
  results.onVerdict((news) => {
    if (runs.current?.runId === news.run) runs.current.progress.emit(reportVerdict(news));
  });
  const { address } = options;
  const enrolment = new Enrolment({ store, roster, crypto, random, authority, rootKey, address, wallMillis });
  return { roster, traffic, checkIns, plans, runs, results, enrolment };
}
