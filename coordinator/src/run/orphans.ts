import type { Store } from '../store/store.js';

/**
 * Remove what a process that ended in the middle of something left in the spool: vectors of runs that are over, unless a sum of theirs is
 * still checked, and parts of vectors that nobody goes on with.
 *
 * @param going the run that goes on, if one does: what its rounds need stays.
 */
export async function removeOrphans(
  { spool, results }: Pick<Store, 'spool' | 'results'>,
  going: { readonly runId: string; readonly round: number } | undefined,
): Promise<void> {
  for (const run of await spool.runs()) {
    if (run !== going?.runId) await spool.removeRun(run, await results.keptRounds(run));
    for (const round of await spool.rounds(run)) {
      if (run !== going?.runId || round < going.round) await spool.removePartials(run, round);
    }
  }
}
