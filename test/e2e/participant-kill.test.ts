import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type ClientEvent, enroll } from '@concordat/client-sdk';
import { decodeSafetensors, fromHex } from '@concordat/core';
import { expect } from 'chai';
import { TestConsortium } from '../coordinator/consortium.js';
import { openStepping } from './dying-participant.js';

const program = resolve(import.meta.dirname, 'dying-participant.js');
const dying = 'acme';
const others = ['bluebird', 'cobalt', 'delta'];

describe('a participant that kills its own process in a session', function () {
  this.timeout(120_000);
  let consortium: TestConsortium;
  let directory: string;

  before(async () => {
    consortium = await TestConsortium.open();
    directory = mkdtempSync(join(tmpdir(), 'concordat-dying-'));
    for (const name of [dying, ...others]) {
      const invitation = await consortium.operator.invite(name, name, 0);
      const onPending = (fingerprint: string) => void consortium.operator.admit(name, fingerprint);
      await enroll({ invitation, directory: join(directory, name), pollMillis: 1, onPending });
    }
  });

  after(async () => {
    await consortium.close();
    rmSync(directory, { recursive: true });
  });

  /** Start it, and again after each death, until its run is over. */
  async function serve(...moments: readonly string[]): Promise<(string | number)[]> {
    const ends: (string | number)[] = [];
    for (const moment of [...moments, 'never']) {
      // Its update is four times as large as any other: a model tells whether it is in it.
      const args = [program, join(directory, dying), '5', moment];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
      const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
      ends.push(signal ?? code ?? 'nothing');
    }
    return ends;
  }

  it('after its receipt, after its reveal and before its upload goes on with the same rounds, which hold its update', async () => {
    const deadlines = { selectMillis: 50, readyMillis: 60_000, stepMillis: 30_000, graceMillis: 60_000 };
    const draft = { run: 'dying', rounds: 3, clippingNorm: 4_000, metrics: [], deadlines };
    const { planHash } = await consortium.propose(draft);
    await consortium.operator.startRun(planHash, 'dying');
    const survivors: number[] = [];
    const listen = (event: ClientEvent) => {
      if (event.type === 'published') survivors.push(event.survivors);
    };
    const clients = await Promise.all(
      others.map((name) => openStepping(join(directory, name), 1, name === 'delta' ? listen : () => undefined)),
    );
    const [ends, ...runs] = await Promise.all([
      serve('uploaded 1', 'contributed 2', 'uploading 3'),
      ...clients.map((client) => client.run({ once: true })),
    ]);
    await Promise.all(clients.map((client) => client.close()));
    expect(ends).to.deep.equal(['SIGKILL', 'SIGKILL', 'SIGKILL', 0]);
    expect(runs.map((end) => end?.outcome)).to.deep.equal(Array(3).fill('completed'));
    expect(survivors).to.deep.equal([4, 4, 4]);
    const held = readdirSync(join(directory, dying), { recursive: true }) as string[];
    expect(held.filter((path) => path.endsWith('.sealed') || path.endsWith('.masked'))).to.deep.equal([]);
    const [run] = (await consortium.operator.status()).runs;
    const [bias] = decodeSafetensors(await consortium.operator.get(fromHex(run!.modelHash)));
    // −0.25 and three times the mean of 5, 1, 1, 1; a unit of the ring is 4000 / 2^15.
    expect(bias!.values[0]).to.be.closeTo(5.75, 0.4);
  });
});
