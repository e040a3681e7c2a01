import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FederatedClient } from '@concordat/client-sdk';
import { decodeSafetensors, toHex } from '@concordat/core';
import { expect } from 'chai';
import { EnrolledConsortium, modelOf, names } from '../../hostile/consortium.js';
import { exactTrainer, unitsPerOne } from '../../hostile/exact-trainer.js';
import { exactSum } from '../../hostile/hostile-case.js';
import { automaticPolicy } from '../../support/stepping.js';
import { refusalOf } from '../consortium.js';

const diskBytes = 12 * 1024 * 1024;
/** What the spool leaves free for the journal. */
const reserveBytes = 1024 * 1024;
/** No round starts without one who is slower than the others. */
const everybodyIn = { selectMillis: 20_000, readyMillis: 60_000, stepMillis: 60_000, graceMillis: 60_000 };

/** Write until there is no room for a page more. */
function fill(path: string): void {
  for (const size of [65_536, 4_096, 512]) {
    try {
      for (;;) appendFileSync(path, new Uint8Array(size));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
}

/** A coordinator whose store is on a disk of 12 MiB. Needs the right to mount one. */
describe('a coordinator whose disk is full', function () {
  this.timeout(60_000);
  const usual = process.env.TMPDIR;
  let disk: string;
  let consortium: EnrolledConsortium | undefined;
  const clients: FederatedClient[] = [];

  beforeEach(async function () {
    disk = mkdtempSync(join(tmpdir(), 'concordat-disk-'));
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'tmpfs', disk]);
    if (mounted.status !== 0) {
      process.stderr.write(`SKIPPED: no disk can be mounted here: ${String(mounted.stderr ?? mounted.error)}\n`);
      this.skip();
    }
    process.env.TMPDIR = disk;
    consortium = await EnrolledConsortium.enrol({
      configuration: {
        address: '127.0.0.1:0',
        listen: { host: '127.0.0.1', port: 0 },
        logLevel: 'info',
        observe: { host: '127.0.0.1', port: 0 },
      },
    });
    restoreTmpdir();
    const { address } = consortium.real.coordinator;
    for (const name of names) {
      const directory = consortium.directoryOf(name, address);
      clients.push(await FederatedClient.open({ directory, trainer: exactTrainer(name), policy: automaticPolicy }));
    }
  });

  afterEach(async () => {
    restoreTmpdir();
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await consortium?.close();
    spawnSync('umount', ['--lazy', disk]);
    rmSync(disk, { recursive: true, force: true });
  });

  function restoreTmpdir(): void {
    if (usual === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = usual;
  }

  /** Three rounds of everybody; `onRound1` is called when the first is published. */
  async function begin(name: string, onRound1: () => void) {
    const { operator, coordinator } = consortium!.real;
    await operator.put(consortium!.topology);
    await operator.put(modelOf(1));
    const { signed } = consortium!.plan({ run: name, rounds: 3, deadlines: everybodyIn }, 1);
    const planHash = await operator.propose(signed);
    const ends = Promise.all(clients.map((client) => client.run({ once: true })));
    await operator.startRun(planHash, name);
    const run = coordinator.run!;
    let finished = false;
    const watched = operator.watch(name, 1, ({ event }) => {
      if (event.type === 'round' && event.round === 1) onRound1();
      finished ||= event.type === 'finished';
    });
    return { run, planHash, ends, watched, isFinished: () => finished };
  }

  async function requireExact({ run, ends, watched, isFinished }: Awaited<ReturnType<typeof begin>>) {
    const { operator, coordinator } = consortium!.real;
    const outcomes = (await ends).map((end) => end?.outcome);
    await watched;
    expect(isFinished(), 'whoever watched before is told the end').to.equal(true);
    expect(outcomes).to.deep.equal(names.map(() => 'completed'));
    expect(await ready()).to.equal('ready\n');
    const last = (await operator.status()).runs.find((one) => one.run === run.runId);
    expect(last).to.include({ state: 'completed', modelVersion: 3 });
    const [bias] = decodeSafetensors(await operator.get(Buffer.from(toHex(coordinator.run!.modelHash), 'hex')));
    const sums = [1, 2, 3].map((round) => exactSum(names, round));
    const moved = [...bias!.values].map((value) => Math.round((value - 1) * unitsPerOne * names.length));
    for (const [lane, units] of moved.entries()) {
      const wanted = sums.reduce((all, sum) => all + sum[lane]!, 0);
      expect(Math.abs(units - wanted), `lane ${lane}`).to.be.at.most(3);
    }
  }

  async function ready(): Promise<string> {
    return (await fetch(`http://127.0.0.1:${consortium!.real.coordinator.observePort}/readyz`)).text();
  }

  it('refuses new work by name, answers who reads, and goes on by itself when there is room', async () => {
    const { operator } = consortium!.real;
    const filler = join(disk, 'filler');
    const begun = await begin('full', () => fill(filler));
    // An upload that finds no room, or the journal: whichever is first.
    expect((await begun.run.halted).detail.rule).to.be.oneOf(['spool.space', 'store.full']);
    // What was left is removed meanwhile, and a write that failed may have made room in the write-ahead log: until that is used up.
    const refused = async (work: () => Promise<unknown>) => {
      for (let tries = 0; tries < 50; tries++) {
        fill(filler);
        const answer = await refusalOf(work());
        if (answer !== 'nothing') return answer;
      }
      return 'nothing';
    };
    expect(await ready()).to.match(/^the disk of the coordinator’s store (is full|has no room for this vector)\n$/);
    expect(await refused(() => operator.invite('newcomer', 'newcomer', 0))).to.equal('unavailable store.full');
    expect(await refused(() => operator.put(modelOf(9)))).to.equal('unavailable store.full');
    const refusals = ['unavailable store.full', 'unavailable spool.space'];
    expect(await refused(() => operator.startRun(begun.planHash, 'full'))).to.be.oneOf(refusals);
    expect((await operator.status()).runs.map(({ run }) => run)).to.deep.equal(['full']);
    expect(Buffer.from(await operator.get(begun.run.modelHash)).length).to.equal(modelOf(1).length);
    rmSync(filler);
    await requireExact(begun);
    await operator.invite('newcomer', 'newcomer', 0);
  });

  it('holds the run, and no other work, while it has room for a journal and for no vector', async () => {
    const { operator } = consortium!.real;
    const filler = join(disk, 'filler');
    const begun = await begin('narrow', () => {
      fill(filler);
      truncateSync(filler, statSync(filler).size - reserveBytes / 2);
    });
    expect((await begun.run.halted).detail.rule).to.equal('spool.space');
    expect(await ready()).to.equal('the disk of the coordinator’s store has no room for this vector\n');
    await operator.invite('latecomer', 'latecomer', 0);
    rmSync(filler);
    await requireExact(begun);
  });
});
