import { type ApprovalTally, fromBase64url, type Plan, toHex } from '@concordat/core';
import type { Desks } from './desks.js';
import type { Run } from './run/run.js';
import type { RunStanding } from './run/standing.js';
import type { RunRecord } from './store/records.js';
import type { TalliedRelease } from './store/results.js';
import type { Store } from './store/store.js';
import { software } from './transport/versions.js';

/** One run as status shows it. */
export interface RunStatus {
  readonly run: string;
  readonly state: string;
  readonly modelVersion: number;
  /** Hex. */
  readonly modelHash: string;
  /** Hex: the layers that the model's weights belong to. */
  readonly topologyHash: string;
  readonly planHash: string;
  readonly rounds: number;
  readonly reason: string;
  /** The round that is under way here, who is awaited in it, until when, and what happens then. */
  readonly standing?: RunStanding;
  /** Of the run going on or last ended in this process: who approved its plan and who refused it, and how many its rule asks for. */
  readonly approvals?: ApprovalTally;
  /** What the operator may do now: arguments of `concordat`. */
  readonly possible: readonly string[];
  /** How the release of its last rounds stands, newest first; none where the plan has no aggregate check. */
  readonly releases: readonly TalliedRelease[];
}

/** Rounds of a run whose release status shows. */
const releasesMax = 8;

/** What `coordinator status` prints. */
export interface CoordinatorStatus {
  readonly consortium: string;
  readonly software: string;
  readonly state: 'serving' | 'draining';
  readonly rosterEpoch: number;
  /** Hex. */
  readonly rosterHash: string;
  readonly participants: readonly {
    readonly participant: string;
    readonly organization: string;
    readonly connected: boolean;
  }[];
  /** The run going on or last ended in this process. */
  readonly current?: RunStatus;
  /** Newest first. */
  readonly runs: readonly RunStatus[];
  readonly traffic: readonly {
    readonly participant: string;
    readonly uploadBytes: number;
    readonly downloadBytes: number;
  }[];
  /** Whether anything limits what models tell about records. */
  readonly privacy: 'no differential privacy guarantee';
}

/** Where everything stands now. */
export async function coordinatorStatus(
  desks: Desks,
  store: Store,
  state: 'serving' | 'draining',
): Promise<CoordinatorStatus> {
  const { roster, hash } = desks.roster.current();
  const { current } = desks.runs;
  const releasesOf = async (run: string) => ({ releases: await desks.results.releases(run, releasesMax) });
  return {
    consortium: roster.consortium,
    software,
    state,
    rosterEpoch: roster.epoch,
    rosterHash: toHex(hash),
    participants: roster.members.map(({ participantId, organization }) => ({
      participant: participantId,
      organization,
      connected: desks.checkIns.isConnected(participantId),
    })),
    ...(current === undefined ? {} : { current: { ...currentStatus(current), ...(await releasesOf(current.runId)) } }),
    runs: await Promise.all(
      (await store.runs.list()).map(async (record) => ({
        ...runStatus(record, (await desks.plans.require(record.planHash)).plan),
        ...nowOf(record.run === current?.runId ? current : undefined),
        ...(await releasesOf(record.run)),
      })),
    ),
    traffic: desks.traffic.byParticipant(),
    privacy: 'no differential privacy guarantee',
  };
}

function currentStatus(run: Run): Omit<RunStatus, 'releases'> {
  return {
    run: run.runId,
    state: run.progress.ended ? 'over' : 'running',
    modelVersion: run.modelVersion,
    modelHash: toHex(run.modelHash),
    ...planned(run.plan),
    planHash: toHex(run.planHash),
    reason: '',
    ...nowOf(run),
  };
}

/** What only the run itself knows. */
function nowOf(run: Run | undefined): Pick<RunStatus, 'possible'> & Partial<RunStatus> {
  if (run === undefined) return { possible: [] };
  const { standing, approvals } = run;
  if (run.isOver) return { ...run.end, approvals, possible: [] };
  const verbs = run.stateName === 'running' ? ['pause', 'end'] : ['resume', 'end'];
  return {
    ...pauseOf(run),
    ...(standing === undefined ? {} : { standing }),
    approvals,
    possible: verbs.map((verb) => `coordinator run ${verb} --run ${run.runId}`),
  };
}

function pauseOf(run: Run): Partial<Pick<RunStatus, 'state' | 'reason'>> {
  const { stateName: state, pausedFor: reason } = run;
  if (reason !== undefined) return { state, reason };
  return state === 'pausing' ? { state } : {};
}

function runStatus(
  { run, state, modelVersion, modelHash, planHash, reason }: RunRecord,
  plan: Plan,
): Omit<RunStatus, 'releases' | 'possible'> {
  return {
    run,
    state,
    modelVersion,
    modelHash: toHex(modelHash),
    ...planned(plan),
    planHash: toHex(planHash),
    reason,
  };
}

function planned({ rounds, task }: Plan): { readonly rounds: number; readonly topologyHash: string } {
  return { rounds, topologyHash: toHex(fromBase64url(task.model.topologyDigest)) };
}
