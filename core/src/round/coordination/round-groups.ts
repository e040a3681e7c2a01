import type { RoundGroup } from './contract.js';
import type { Group } from './state.js';

/** How the groups of a round went; nothing of a round's only one, of which the round says everything. */
export function recordGroups(groups: readonly Group[]): readonly RoundGroup[] | undefined {
  if (groups.length < 2) return undefined;
  return groups.map(recordOf);
}

function recordOf(group: Group): RoundGroup {
  const { members } = group;
  switch (group.course) {
    case 'opened': {
      const survivors = group.sum.survivors.map(({ participant }) => participant);
      return { members, survivors, outcome: { type: 'opened' } };
    }
    case 'spoiled': {
      const { reason } = group;
      return { members, survivors: [], outcome: { type: 'abandoned', phase: 'aggregate', reason } };
    }
    case 'failed':
      return { members, survivors: [], outcome: { type: 'abandoned', phase: group.phase, reason: group.reason } };
    case 'running': {
      const reason = 'the round was abandoned';
      return { members, survivors: [], outcome: { type: 'abandoned', phase: group.step, reason } };
    }
  }
}
