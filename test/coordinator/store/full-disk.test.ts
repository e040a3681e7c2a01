import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
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

  before(async function () {
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
  });

  after(async () => {
    restoreTmpdir();
    await consortium?.close();
    spawnSync('umount', ['--lazy', disk]);
    rmSync(disk, { recursive: true, force: true });
  });

  function restoreTmpdir(): void {
    if (usual === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = usual;
  }

  it('refuses new work by name, answers who reads, and goes on by itself when there is room', async () => {
    const { real } = consortium!;
    const { operator, coordinator } = real;
    const clients = await Promise.all(
      names.map((name) =>
        FederatedClient.open({
          directory: consortium!.directoryOf(name, coordinator.address),
          trainer: exactTrainer(name),
          policy: automaticPolicy,
        }),
      ),
    );
    await operator.put(consortium!.topology);
    await operator.put(modelOf(1));
    const { signed } = consortium!.plan({ run: 'full', rounds: 3 }, 1);
    const planHash = await operator.propose(signed);
    const runs = clients.map((client) => client.run({ once: true }));
    await operator.startRun(planHash, 'full');
    const run = coordinator.run!;
    const filler = join(disk, 'filler');
    let finished = false;
    const watched = operator.watch('full', 1, ({ event }) => {
      if (event.type === 'round' && event.round === 1) fill(filler);
      finished ||= event.type === 'finished';
    });
    const why = await run.halted;
    expect(why.detail.rule).to.equal('store.full');
    // What was left is removed meanwhile, and a write that failed may have made room in the write-ahead log: until that is used up.
    const refused = async (work: () => Promise<unknown>) => {
      for (let tries = 0; tries < 50; tries++) {
        fill(filler);
        const answer = await refusalOf(work());
        if (answer !== 'nothing') return answer;
      }
      return 'nothing';
    };
    const ready = async () => (await fetch(`http://127.0.0.1:${coordinator.observePort}/readyz`)).text();
    expect(await ready()).to.equal('the disk of the coordinator’s store is full\n');
    expect(await refused(() => operator.invite('newcomer', 'newcomer', 0))).to.equal('unavailable store.full');
    expect(await refused(() => operator.put(modelOf(9)))).to.equal('unavailable store.full');
    expect(await refused(() => operator.startRun(planHash, 'full'))).to.equal('unavailable store.full');
    expect((await operator.status()).runs.map(({ run }) => run)).to.deep.equal(['full']);
    expect(Buffer.from(await operator.get(run.modelHash)).length).to.equal(modelOf(1).length);

    rmSync(filler);
    const ends = await Promise.all(runs);
    await watched;
    expect(finished, 'whoever watched before is told the end').to.equal(true);
    expect(ends.map((end) => end?.outcome)).to.deep.equal(names.map(() => 'completed'));
    expect(await ready()).to.equal('ready\n');
    const [last] = (await operator.status()).runs;
    expect(last).to.include({ state: 'completed', modelVersion: 3 });
    const [bias] = decodeSafetensors(await operator.get(Buffer.from(toHex(coordinator.run!.modelHash), 'hex')));
    const sums = [1, 2, 3].map((round) => exactSum(names, round));
    const moved = [...bias!.values].map((value) => Math.round((value - 1) * unitsPerOne * names.length));
    for (const [lane, units] of moved.entries()) {
      const wanted = sums.reduce((all, sum) => all + sum[lane]!, 0);
      expect(Math.abs(units - wanted), `lane ${lane}`).to.be.at.most(3);
    }
    await operator.invite('newcomer', 'newcomer', 0);
    await Promise.all(clients.map((client) => client.close()));
  });
});
