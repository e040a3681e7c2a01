import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import type { DemoResult } from 'concordat';

const root = resolve(import.meta.dirname, '../../..');
const bin = join(root, 'cli/dist/bin/concordat.js');
const hasProc = existsSync('/proc/self/fd');

interface ProcessLine {
  readonly role: string;
  readonly id: string;
  readonly pid: number;
}

/** What the operating system knows of a live process. */
interface Seen extends ProcessLine {
  readonly commandLine: readonly string[];
  readonly openFiles: readonly string[];
}

function look(line: ProcessLine): Seen {
  const directory = `/proc/${line.pid}/fd`;
  const openFiles = readdirSync(directory).flatMap((fd) => {
    try {
      return [readlinkSync(join(directory, fd))];
    } catch {
      return [];
    }
  });
  return { ...line, commandLine: readFileSync(`/proc/${line.pid}/cmdline`, 'utf8').split('\0'), openFiles };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Three rounds of five organizations with few examples, looked at while the first round has just ended. */
describe('the demo', function () {
  this.timeout(240_000);
  let directory: string;
  let demo: ChildProcess;
  let exitCode: number | null;
  const started: ProcessLine[] = [];
  let seen: Seen[] = [];
  let aliveThen: boolean[] = [];
  let lastLine = '';
  const result = (): DemoResult => JSON.parse(lastLine).data;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-e2e-'));
    const args = [
      'demo',
      '--rounds',
      '3',
      '--examples',
      '600',
      '--seed',
      '1',
      '--json',
      '--keep',
      join(directory, 'kept'),
    ];
    demo = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
    createInterface({ input: demo.stdout! }).on('line', (text) => {
      lastLine = text;
      const line = JSON.parse(text);
      if (line.event === 'process') started.push(line);
      if (line.event !== 'round' || line.round !== 1) return;
      aliveThen = started.map(({ pid }) => isAlive(pid));
      if (hasProc) seen = started.map(look);
    });
    exitCode = await new Promise((resolve) => demo.once('close', resolve));
  });

  after(() => {
    demo.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });

  it('ends well, with one envelope as its last line', () => {
    expect(exitCode).to.equal(0);
    const { schemaVersion, status } = JSON.parse(lastLine);
    expect([schemaVersion, status]).to.deep.equal([1, 'ok']);
    expect(result().rounds).to.have.lengthOf(3);
  });

  it('is a coordinator and five participants, distinct live processes', () => {
    const first = started.slice(0, 6);
    expect(first.map(({ role }) => role)).to.deep.equal(['coordinator', ...Array(5).fill('participant')]);
    expect(new Set(first.map(({ pid }) => pid)).size).to.equal(6);
    expect(aliveThen.slice(0, 6)).to.deep.equal(Array(6).fill(true));
  });

  it('gives the coordinator none of the files of the participants', function () {
    if (!hasProc) {
      process.stdout.write('      no /proc here: open files were NOT looked at\n');
      this.skip();
    }
    const organizations = join(directory, 'kept/organizations');
    const [coordinator, ...participants] = seen;
    expect(coordinator!.commandLine).to.include('coordinator').and.include('start');
    expect(coordinator!.openFiles.filter((path) => path.startsWith(organizations))).to.deep.equal([]);
    for (const { id, commandLine, openFiles } of participants.slice(0, 5)) {
      expect(commandLine, id).to.include('serve');
      const own = openFiles.filter((path) => path.startsWith(organizations));
      expect(own, id).to.not.be.empty;
      expect(
        own.every((path) => path.startsWith(join(organizations, id))),
        id,
      ).to.equal(true);
    }
  });

  it('leaves no process behind', () => {
    expect(started.filter(({ pid }) => isAlive(pid))).to.deep.equal([]);
  });

  it('loses one participant in the middle of its upload in round 3, and finishes the round without it', () => {
    const { survivors, dropped, recovered, cohort } = result().rounds[2]!;
    expect(cohort).to.have.lengthOf(5);
    expect(dropped).to.have.lengthOf(1);
    const { participant, step, bytesReceived, bytesExpected } = dropped[0]!;
    expect([participant, step]).to.deep.equal(['gamma', 'upload']);
    expect(bytesReceived).to.be.within(1, bytesExpected - 1);
    expect(survivors).to.have.lengthOf(4).and.not.include('gamma');
    expect(recovered).to.deep.equal(['gamma']);
  });

  it('names what each organization held and gave', () => {
    const { participants } = result();
    expect(participants.map(({ id }) => id)).to.deep.equal(['alpha', 'beta', 'gamma', 'delta', 'epsilon']);
    for (const { labels, examples } of participants)
      expect(labels.reduce((sum, count) => sum + count, 0)).to.equal(examples);
    expect(participants.map(({ roundsContributed }) => roundsContributed)).to.deep.equal([3, 3, 2, 3, 3]);
  });

  it('exports a model that plain tfjs measures as the demo did', () => {
    const { modelDirectory, finalAccuracy, safetensors } = result();
    expect(existsSync(safetensors)).to.equal(true);
    const script = join(root, 'test/e2e/measure-model.mjs');
    const { stdout } = spawnSync(process.execPath, [script, modelDirectory, join(directory, 'kept/operator-holdout')], {
      encoding: 'utf8',
    });
    const measured = JSON.parse(stdout.trim().split('\n').at(-1)!);
    expect(measured.examples).to.equal(10_000);
    // The engines add in different orders: an image or two may tip over.
    expect(measured.accuracy).to.be.closeTo(finalAccuracy, 0.0005);
  });

  it('leaves a directory that its README starts again', async () => {
    const readme = readFileSync(join(directory, 'kept/README.md'), 'utf8');
    const [coordinator, participants, run] = [...readme.matchAll(/^ *```\n([\s\S]*?)^ *```/gm)].map(
      (match) => match[1]!,
    );
    const watch = './concordat coordinator run watch --run digits-2 --directory consortium --json';
    // As a person would: each step when the one before is up. The watch ends the script after the first round.
    const until = (log: string, text: string) => `until grep -q '${text}' ${log}; do sleep 0.2; done`;
    const script = [
      'trap "kill \\$(jobs -p); wait" EXIT',
      `cd '${join(directory, 'kept')}' && exec 2>>again.log`,
      coordinator!.replace(/ &\s*$/, ' --json >coordinator.out &'),
      until('coordinator.out', 'listening'),
      participants,
      run,
      `${watch} | grep -m 1 '"outcome":"published"'`,
    ].join('\n');
    const shellProcess = spawn('bash', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    let printed = '';
    shellProcess.stdout!.on('data', (chunk) => (printed += chunk));
    await new Promise((resolve) => shellProcess.once('close', resolve));
    const round = JSON.parse(printed.split('\n').find((line) => line.startsWith('{')) ?? '{}');
    expect([round.type, round.round]).to.deep.equal(['round', 1]);
    expect(round.survivors.length).to.be.at.least(4);
  });
});
