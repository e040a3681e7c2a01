import { requireId } from '@concordat/core';
import type { wire } from '@concordat/proto';
import { explainRound } from '../explain/explain-round.js';
import { type RunDesk, seeStatus } from '../run-desk.js';
import type { CoordinatorStatus } from '../status.js';
import type { Store } from '../store/store.js';
import { type CallContext, serverStream, unary } from './handlers.js';

export interface RunsServiceOptions extends CallContext {
  readonly runs: RunDesk;
  readonly store: Store;
  readonly status: () => Promise<CoordinatorStatus>;
}

/** Runs: what operators start and watch. */
export function runsService(options: RunsServiceOptions): wire.RunsHandlers {
  return {
    Start: unary<wire.StartRunRequest__Output, wire.StartRunReply>(options, async ({ planHash, runId }) => {
      const run = await options.runs.start(new Uint8Array(planHash), runId);
      return { runId: run.runId };
    }),
    Watch: serverStream<wire.WatchRunRequest__Output, wire.RunEvent>(options, (request, _caller, signal) =>
      watch(options.runs, request, signal),
    ),
    End: unary<wire.EndRunRequest__Output, wire.EndRunReply>(options, async ({ runId, reason }) => ({
      over: await options.runs.end(runId, reason),
    })),
    Pause: unary<wire.PauseRunRequest__Output, wire.PauseRunReply>(options, async ({ runId, reason }) => ({
      paused: await options.runs.pause(runId, reason),
    })),
    Resume: unary<wire.ResumeRunRequest__Output, wire.ResumeRunReply>(options, async ({ runId }) => {
      await options.runs.leavePause(runId);
      return {};
    }),
    Status: unary<wire.StatusRequest__Output, wire.StatusReply>(options, async () => ({
      json: jsonBytes(await options.status()),
    })),
    Explain: unary<wire.ExplainRequest__Output, wire.ExplainReply>(options, async ({ runId, round }) => ({
      json: jsonBytes(await explainRound(options.store, requireId(runId, 'run id'), round)),
    })),
    Journal: unary<wire.JournalRequest__Output, wire.JournalReply>(options, async ({ runId, most }) => ({
      json: jsonBytes(
        await options.store.journalReader.newestEvents(most, runId === '' ? undefined : requireId(runId, 'run id')),
      ),
    })),
  };
}

async function* watch(
  runs: RunDesk,
  request: wire.WatchRunRequest__Output,
  signal: AbortSignal,
): AsyncGenerator<wire.RunEvent> {
  const { progress } = runs.require(request.runId, seeStatus);
  for await (const { sequence, event } of progress.watch(request.fromSequence, signal)) {
    yield { sequence, json: jsonBytes(event) };
  }
}

function jsonBytes(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
