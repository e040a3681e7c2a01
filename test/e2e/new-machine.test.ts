import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { denseNetwork, readEgress, writeTfjsDirectory } from '@concordat/client-sdk';
import { expect } from 'chai';
import { TestConsortium } from '../coordinator/consortium.js';
import { CoordinatorProcess } from './coordinator-process.js';
import { readmissionDraft, readmissionPolicy, writeReadmissions } from './readmission.js';
import { type Line, TypedCommands } from './typed-commands.js';

/** How the others meet the same name with another key. */
const others = {
  bluebird: 'approval: automatic\nroster: {additions: auto}',
  cobalt: 'approval: manual',
  delta: 'approval: automatic',
};
const names = ['acme', ...Object.keys(others)];
const draftOf = (run: string) =>
  // The first is with everybody, whoever starts last; in the second one of the four refuses.
  readmissionDraft(run, { cohort: { min: 3, size: run === 'first' ? 4 : 3, max: 4 } });

describe('a participant on a new machine, between real processes', function () {
  this.timeout(240_000);
  let consortium: TestConsortium;
  let coordinator: CoordinatorProcess;
  let address: string;
  const plans = new Map<string, string>();
  const directory = mkdtempSync(join(tmpdir(), 'concordat-machine-'));
  const commands = new TypedCommands();
  const at = (...path: string[]) => join(directory, ...path);

  const operate = async (...args: readonly string[]) => {
    const said = await commands.last('coordinator', ...args, '--directory', consortium.directory, '--address', address);
    expect(said.status, JSON.stringify(said)).to.equal('ok');
    return said.data as Line;
  };
  /** Invited, enrolled in this place, the fingerprint compared, admitted. */
  const enrol = async (name: string, place: string) => {
    const invitation = at(`${place}.invitation.json`);
    await operate('invite', name, '--out', invitation);
    let admitted: Promise<Line> | undefined;
    const flags = ['--invitation-file', invitation, '--directory', at(place)];
    const said = await commands.json(['participant', 'enroll', ...flags], ({ type, fingerprint }) => {
      if (type !== 'pending') return;
      admitted = operate('participants', '--admit', name, '--fingerprint', String(fingerprint));
    });
    await admitted;
    expect(said.at(-1)!.status, JSON.stringify(said.at(-1))).to.equal('ok');
    writeFileSync(
      at(place, 'policy.yaml'),
      readmissionPolicy(others[name as keyof typeof others] ?? 'approval: automatic'),
    );
  };
  const serve = (place: string, ...flags: string[]) => [
    ...['participant', 'serve', '--directory', at(place), '--data', at('data'), '--engine', 'tfjs-cpu'],
    ...flags,
  ];
  const detailOf = ({ error }: Line) => (error as { detail: Line }).detail;
  const approve = (place: string, run: string) =>
    commands.last('participant', 'plan', 'approve', '--directory', at(place), '--plan', plans.get(run)!);
  /** One run of these clients. @returns what each said. */
  const take = async (run: string, places: readonly string[]) => {
    await operate('run', 'start', '--plan', plans.get(run)!, '--run', run);
    const said = await Promise.all(places.map((place) => commands.json(serve(place, '--once'))));
    return new Map(places.map((place, i) => [place, said[i]!]));
  };
  const contributed = (said: readonly Line[]) => (said.at(-1)!.data as Line | undefined)?.roundsContributed;

  before(async () => {
    consortium = await TestConsortium.open();
    await consortium.coordinator.stop();
    coordinator = new CoordinatorProcess(consortium.directory);
    await coordinator.start({ silent: true });
    address = `127.0.0.1:${coordinator.port}`;
    writeReadmissions(at('data'));
    mkdirSync(at('model'));
    await commands.last('participant', 'data', 'schema', '--data', at('data'), '--out', at('schema.json'));
    for (const run of ['first', 'second']) {
      await writeTfjsDirectory(at('model'), denseNetwork({ inputs: 1, hidden: [4], classes: 2, seed: run }));
      writeFileSync(at('plan.json'), JSON.stringify(draftOf(run)));
      const files = ['--model', at('model'), '--data-schema', at('schema.json')];
      plans.set(run, (await operate('plan', 'propose', at('plan.json'), ...files)).planHash as string);
    }
    for (const name of names) await enrol(name, name);
  });

  after(async () => {
    commands.signal('SIGKILL');
    await coordinator.close();
    await consortium.close();
    rmSync(directory, { recursive: true });
  });

  it('takes part in a round before its disk is lost', async () => {
    await approve('cobalt', 'first');
    const said = await take('first', names);
    expect(contributed(said.get('acme')!)).to.equal(1);
    // Whoever stole the key has all of the old directory.
    cpSync(at('acme'), at('stolen'), { recursive: true });
    rmSync(at('acme'), { recursive: true });
  });

  it('is revoked: the stolen key opens nothing, now and after the name is admitted again', async () => {
    await operate('participant', 'revoke', 'acme');
    const refused = async () => (await commands.last(...serve('stolen'))).error as Line;
    expect(await refused()).to.include({ code: 'unauthenticated' });
    await enrol('acme', 'acme-new');
    expect(await refused()).to.include({ code: 'unauthenticated' });
    const recovered = await commands.last('participant', 'recover', '--directory', at('stolen'));
    expect(recovered.error).to.include({ code: 'unauthenticated' });
  });

  it('cannot begin before it was told what it did on the old machine, and is then barred from doing it again', async () => {
    expect(detailOf(await commands.last(...serve('acme-new')))).to.include({ rule: 'state.fenced' });
    const { data } = await commands.last('participant', 'recover', '--directory', at('acme-new'));
    expect(data).to.deep.include({ recovered: true, runs: [{ run: 'first', lastRound: 1 }] });
    expect((data as { barredBaseModels: unknown[] }).barredBaseModels).to.have.length(1);
    const { entries } = await readEgress(at('acme-new'));
    expect(entries.filter(({ masked }) => masked)).to.deep.equal([]);
    const old = await commands.last('participant', 'egress', 'verify', '--directory', at('stolen'));
    expect(old.status, 'a copy of the old log still proves what left').to.equal('ok');
  });

  it('is another member to the others, whose policies say who has to look', async () => {
    const judged = async (name: string) => {
      const hash = plans.get('second')!;
      const data = (await commands.last('participant', 'plan', 'show', '--directory', at(name), '--plan', hash))
        .data as Line;
      const rules = data.rules as readonly Line[];
      const { passed, offered } = rules.find(({ rule }) => rule === 'roster.additions')!;
      expect(offered).to.equal('altered member acme, epochs 6 to 6 are not at hand');
      return [passed, (data.approvals as readonly Line[]).map(({ state }) => state)];
    };
    expect(await judged('bluebird'), 'accepts members').to.deep.equal([true, []]);
    expect(await judged('cobalt'), 'has people who approve').to.deep.equal([true, ['missing']]);
    expect(await judged('delta'), 'does neither').to.deep.equal([false, []]);
  });

  it('takes part again, with whoever looked at its new key', async () => {
    await approve('cobalt', 'second');
    const refusals: Line[] = [];
    const waiting = commands.json(serve('delta'), (line) => {
      if (line.type === 'refused') refusals.push(line);
    });
    const said = await take('second', ['acme-new', 'bluebird', 'cobalt']);
    for (const [place, lines] of said) expect(contributed(lines), place).to.equal(1);
    commands.signal('SIGTERM');
    await waiting;
    expect(refusals.map(detailOf).map(({ rule }) => rule)).to.deep.equal(['roster.additions']);
  });
});
