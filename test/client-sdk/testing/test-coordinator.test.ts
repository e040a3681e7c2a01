import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FederatedClient } from '@concordat/client-sdk';
import { openTestCoordinator, steppingTrainer, type TestCoordinator, testPolicy } from '@concordat/client-sdk/testing';
import { decodeSafetensors } from '@concordat/core';
import { expect } from 'chai';
import { failureOf } from '../transport/test-coordinator.js';

describe('a test coordinator', () => {
  let root: string;
  let coordinator: TestCoordinator;
  const directoryOf = (name: string) => join(root, name);

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'concordat-kit-'));
    coordinator = await openTestCoordinator();
  });
  afterEach(async () => {
    await coordinator.close();
    rmSync(root, { recursive: true, force: true });
  });

  const open = (name: string, amount?: number) =>
    FederatedClient.open({
      directory: directoryOf(name),
      transport: coordinator.transport,
      policy: testPolicy,
      trainer: steppingTrainer(amount),
    });

  it('plays everybody but the client, and publishes two models with its update in them', async () => {
    await coordinator.enrol('acme', directoryOf('acme'));
    const client = await open('acme');
    coordinator.start();
    const end = await client.run({ once: true });
    await client.close();
    expect(end?.outcome).to.equal('completed');
    expect(coordinator.outcome).to.equal('completed');
    const everybody = ['acme', 'bluebird', 'cobalt', 'delta', 'echo'];
    expect(coordinator.rounds.map(({ survivors }) => survivors)).to.deep.equal([everybody, everybody]);
    expect(coordinator.answersOf('acme').slice(0, 8)).to.deep.equal([
      'approve',
      'ready',
      'advertise',
      'share',
      'confirm',
      'upload',
      'certify',
      'reveal',
    ]);
  });

  it('makes the model of what its clients trained', async () => {
    coordinator = await openTestCoordinator({ participants: ['a', 'b', 'c', 'd'], plan: { rounds: 1 } });
    const clients: FederatedClient[] = [];
    for (const [i, name] of coordinator.consortium.members.entries()) {
      await coordinator.enrol(name, directoryOf(name));
      clients.push(await open(name, 0.25 * (i + 1)));
    }
    coordinator.start();
    await Promise.all(clients.map((client) => client.run({ once: true })));
    for (const client of clients) await client.close();
    const [round] = coordinator.rounds;
    if (round?.outcome.type !== 'published') throw new Error(JSON.stringify(round?.outcome));
    const tensors = decodeSafetensors(coordinator.blob(round.outcome.modelHash)!);
    const bias = tensors.find(({ name }) => name === 'dense_1/bias');
    // Biases begin at zero, and the mean of 0.25, 0.5, 0.75 and 1 is 0.625.
    for (const value of bias!.values) expect(value).to.be.closeTo(0.625, 0.001);
  });

  it('goes on with a client that was cut off', async () => {
    await coordinator.enrol('acme', directoryOf('acme'));
    const client = await open('acme');
    const running = client.run({ once: true });
    await coordinator.until(() => coordinator.isConnected('acme'));
    coordinator.start();
    await coordinator.until(() => coordinator.answersOf('acme').includes('advertise'));
    coordinator.disconnect('acme');
    expect((await running)?.outcome).to.equal('completed');
    await client.close();
    expect(coordinator.rounds.every(({ survivors }) => survivors.includes('acme'))).to.equal(true);
  });

  it('refuses to enrol strangers, and anybody once the run has started', async () => {
    expect((await failureOf(coordinator.enrol('mallory', directoryOf('mallory')))).code).to.equal('invalid-argument');
    coordinator.start();
    expect((await failureOf(coordinator.enrol('acme', directoryOf('acme')))).code).to.equal('invalid-argument');
  });

  it('says what it waited for, and what it heard last', async () => {
    const { code, error } = await failureOf(coordinator.until(() => false, { what: 'rain', patienceMillis: 1 }));
    expect(code).to.equal('deadline');
    expect(error.message).to.equal('rain did not happen in 1 ms');
  });
});
