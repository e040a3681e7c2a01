import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClientEvent, FederatedClient } from '@concordat/client-sdk';
import { OperatorClient, openStore, RunJournal } from '@concordat/coordinator';
import { decodeSafetensors, fromHex } from '@concordat/core';
import { expect } from 'chai';
import { TestConsortium } from '../coordinator/consortium.js';
import { moveTo } from '../support/moved-participant.js';
import { automaticPolicy, stepping } from '../support/stepping.js';
import { CoordinatorProcess } from './coordinator-process.js';

const names = ['acme', 'bluebird', 'cobalt', 'delta'];
/** `uploading 2`, `contributed 3`, …: an event and its round. */
function momentOf(event: ClientEvent): string {
  return 'round' in event ? `${event.type} ${event.round}` : event.type;
}

describe('a coordinator that is killed', function () {
  this.timeout(120_000);
  let consortium: TestConsortium;
  let process: CoordinatorProcess;
  let operator: OperatorClient;
  let directory: string;

  before(async () => {
    consortium = await TestConsortium.open();
    directory = mkdtempSync(join(tmpdir(), 'concordat-killed-'));
    for (const name of names) {
      await consortium.enrol(name, join(directory, name));
    }
    process = new CoordinatorProcess(consortium.directory);
    const address = await process.listen();
    for (const name of names) moveTo(join(directory, name), address);
    const metrics = [{ name: 'accuracy', kind: 'rate', max: 1 } as const];
    // A client that lost its coordinator tries again within two seconds: a step waits longer.
    const deadlines = { selectMillis: 10_000, readyMillis: 60_000, stepMillis: 20_000, graceMillis: 60_000 };
    const { planHash } = await consortium.propose({ run: 'killed', rounds: 3, clippingNorm: 1000, metrics, deadlines });
    await consortium.coordinator.stop();
    await process.start();
    operator = new OperatorClient({ ...consortium.operatorKeys, address: `127.0.0.1:${process.port}` });
    await operator.startRun(planHash, 'killed');
  });

  after(async () => {
    operator.close();
    await process.close();
    await consortium.close();
    rmSync(directory, { recursive: true });
  });

  it('in training, in an upload and after a reveal goes on with the same rounds, and loses nobody', async () => {
    const kills = new Map([
      ['ready 1', 'bluebird'],
      ['uploading 2', 'cobalt'],
      ['contributed 3', 'acme'],
    ]);
    const resumed: string[] = [];
    let restarting = Promise.resolve();
    const restart = async () => {
      await process.kill();
      resumed.push((await process.start()).resumed?.run ?? 'nothing');
    };
    const listen = (name: string) => (event: ClientEvent) => {
      const moment = momentOf(event);
      if (kills.get(moment) !== name) return;
      kills.delete(moment);
      restarting = restarting.then(restart);
    };
    const clients = await Promise.all(
      names.map((name) =>
        FederatedClient.open({
          directory: join(directory, name),
          trainer: stepping(1),
          policy: automaticPolicy,
          onEvent: listen(name),
        }),
      ),
    );
    const ends = await Promise.all(clients.map((client) => client.run({ once: true })));
    await restarting;
    await Promise.all(clients.map((client) => client.close()));
    expect(ends.map((end) => end?.outcome)).to.deep.equal(Array(4).fill('completed'));
    expect(resumed).to.deep.equal(['killed', 'killed', 'killed']);

    operator.close();
    operator = new OperatorClient({ ...consortium.operatorKeys, address: `127.0.0.1:${process.port}` });
    const [run] = (await operator.status()).runs;
    expect(run).to.include({ run: 'killed', state: 'completed', modelVersion: 3 });
    const [bias] = decodeSafetensors(await operator.get(fromHex(run!.modelHash)));
    // −0.25 and three times the mean of ones; a unit of the ring is 1000 / 2^15.
    expect(bias!.values[0]).to.be.closeTo(2.75, 0.1);

    await process.kill();
    const store = await openStore(join(consortium.directory, 'coordinator', 'store'));
    const records = await new RunJournal(store, 'killed').records();
    await store.close();
    const rounds = records.flatMap((record) => (record.type === 'round-ended' ? [record.record] : []));
    expect(rounds.map(({ round, outcome, survivors }) => [round, outcome.type, survivors])).to.deep.equal([
      [1, 'published', names],
      [2, 'published', names],
      [3, 'published', names],
      [4, 'evaluated', names],
    ]);
  });
});
