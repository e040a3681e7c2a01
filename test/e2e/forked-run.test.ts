import type { PlanDraft } from '@concordat/core';
import { fromHex } from '@concordat/core';
import { expect } from 'chai';
import { CheckedConsortium } from './checked-consortium.js';

const names = ['acme', 'bluebird', 'cobalt', 'delta'];
const minute = 60_000;
const draft: Partial<PlanDraft> = {
  aggregateCheck: 'off',
  transcriptRetention: 0,
  rounds: 2,
  cohort: { min: 3, size: 4 },
  deadlines: { selectMillis: minute, readyMillis: minute, stepMillis: minute, graceMillis: minute },
};

describe('a run that is forked from the command line', function () {
  this.timeout(120_000);
  let four: CheckedConsortium;
  before(async () => {
    four = await CheckedConsortium.enrol(names);
    await four.run(draft);
  });
  after(() => four.end());

  const fork = async (...flags: readonly string[]) => {
    const said = await four.operate('run', 'fork', '--run', 'spring', ...flags, '--json');
    return JSON.parse(said.stdout) as {
      readonly status: string;
      readonly data: { readonly planHash: string; readonly modelVersion: number; readonly barred: readonly string[] };
      readonly error: { readonly code: string; readonly detail: Record<string, unknown>; readonly fix: string };
    };
  };

  it('goes on from its last model with everybody', async () => {
    const { data } = await fork('--from-round', '2', '--as', 'summer', '--rounds', '1');
    expect(data).to.deep.include({ modelVersion: 2, barred: [] });
    const { ends, seen } = await four.follow(fromHex(data.planHash), 'summer');
    for (const name of names) expect(ends.get(name), name).to.include({ outcome: 'completed' });
    const [round] = seen.flatMap((event) => (event.type === 'round' ? [event] : []));
    expect(round!.survivors).to.deep.equal(names);
  });

  it('is refused from an earlier one, on which everybody is in a sum already', async () => {
    const { status, error } = await fork('--from-round', '1', '--as', 'autumn');
    expect([status, error.code, error.detail]).to.deep.equal([
      'error',
      'refused',
      { rule: 'fork.barred', required: 3, offered: 0 },
    ]);
  });

  it('is refused from a round that there is not', async () => {
    expect((await fork('--from-round', '7', '--as', 'autumn')).error.code).to.equal('invalid-argument');
  });
});
