import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { copyFounded, found } from './stage/founding.js';
import { levels, readScenario, type StageScenario } from './stage/scenario.js';
import { type Played, play } from './stage/stage.js';
import { simulateScenario } from './stage/virtual.js';

const here = fileURLToPath(new URL('../../scenarios/', import.meta.url));
const rewrite = process.env.CONCORDAT_WRITE_SCENARIOS === '1';

const scenarios: readonly StageScenario[] = readdirSync(here)
  .filter((file) => file.endsWith('.yaml'))
  .sort()
  .map((file) => readScenario(file.replace('.yaml', ''), readFileSync(join(here, file), 'utf8')));

describe('a scenario', function () {
  this.timeout(240_000);
  let directory: string;
  const founded = new Set<string>();

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-scenarios-'));
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  async function stageOf({ participants, seed }: StageScenario): Promise<string> {
    const place = join(directory, `${seed}-${participants.join('-')}`);
    if (!founded.has(place)) await found(place, participants, seed);
    founded.add(place);
    return place;
  }

  for (const scenario of scenarios) {
    describe(scenario.name, () => {
      const played = new Map<string, Played>();
      const real = levels.filter((level) => level !== 'virtual').filter((level) => scenario.levels.includes(level));

      for (const level of real) {
        it(`is played ${level}`, async () => {
          const own = join(directory, `${scenario.name}-${level}`);
          await copyFounded(await stageOf(scenario), own);
          played.set(level, await play(scenario, level, own));
        });
      }

      it('gives the same sums, models and journals at every level', () => {
        const [{ records }] = [...played.values()] as [Played];
        const opened = records.filter(({ kind }) => kind === 'sum-opened').map(({ round }) => `round ${round}`);
        const [first, ...others] = [...played.values()].map(({ records: _, transcript: __, ...left }) => left);
        expect(Object.keys(first!.sums)).to.deep.equal(opened);
        expect(others).to.have.lengthOf(real.length - 1);
        for (const other of others) expect(other).to.deep.equal(first);
      });

      if (scenario.levels.includes('virtual')) {
        it('gives the sums and the model that the machines alone give in virtual time', async () => {
          const [{ outcome, sums, modelHash, records }] = [...played.values()] as [Played];
          const simulated = await simulateScenario(scenario, await stageOf(scenario));
          expect({ ...simulated, records: [] }).to.deep.equal({ outcome, sums, modelHash, records: [] });
          // Where nothing waits for a line, nothing takes time, and the records are the same to the last byte.
          if (scenario.events.some(({ do: what }) => what !== 'kill') || scenario.uploadBytesPerSecond) return;
          const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
          const [virtual, real] = [simulated.records.map(hex), records.map(({ body }) => hex(body))];
          // What happens at one instant in several groups has no order among them.
          const several = scenario.cohort.size > scenario.cohort.max;
          expect(several ? virtual.sort() : virtual).to.deep.equal(several ? real.sort() : real);
        });
      }

      it('is told by its transcript', () => {
        const file = join(here, `${scenario.name}.transcript.txt`);
        const [first, ...others] = [...played.values()].map(({ transcript }) => transcript);
        for (const other of others) expect(other).to.equal(first);
        if (rewrite) writeFileSync(file, first!);
        expect(existsSync(file), `${file}: npm run scenarios:write`).to.equal(true);
        expect(first).to.equal(readFileSync(file, 'utf8'));
      });
    });
  }
});
