import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store } from '@concordat/coordinator';
import type { OfferedReceipt } from '@concordat/core';
import { expect } from 'chai';
import { describeStores } from '../../support/stores.js';

const bytes = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);

describeStores('the receipts of a coordinator', (kind) => {
  let directory: string;
  let store: Store;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-receipts-'));
    store = await kind.open(directory);
  });

  afterEach(async () => {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** The body tells which receipt it is. */
  async function give(run: string, round: number, step: string, participant = 'acme'): Promise<void> {
    const body = Buffer.from(`${participant} ${run} ${round} ${step}`);
    const contentDigest = step === 'ready' ? bytes(round) : bytes(99);
    await store.journal.append([], {
      write: async (transaction) => {
        const key = { run, round, step, participant };
        await store.receipts.put(transaction, key, { contentDigest, body, signature: body });
        if (step === 'ready') await store.receipts.putBaseModel(transaction, contentDigest, bytes(100 + round));
      },
    });
  }

  async function start(run: string, startedMillis: number): Promise<void> {
    const model = { planHash: bytes(1), modelVersion: 0, modelHash: bytes(1), reason: '' };
    const row = { run, state: 'running', startedMillis, ...model } as const;
    await store.journal.append([], { write: (transaction) => store.runs.begin(transaction, row) });
  }

  const names = (receipts: readonly OfferedReceipt[]) =>
    receipts.map(({ receipt }) => Buffer.from(receipt.body).toString());

  it('come a page at a time in one order, each once, and only those of one participant', async () => {
    for (const step of ['share', 'advertise', 'ready']) await give('spring', 2, step);
    await give('spring', 10, 'ready');
    await give('autumn', 3, 'approve');
    await give('spring', 2, 'certify', 'beta');
    const whole = names(await store.receipts.page('acme', undefined, 100));
    expect(whole).to.deep.equal([
      'acme autumn 3 approve',
      ...['advertise', 'ready', 'share'].map((step) => `acme spring 2 ${step}`),
      'acme spring 10 ready',
    ]);
    const first = await store.receipts.page('acme', undefined, 2);
    expect(names(first)).to.deep.equal(whole.slice(0, 2));
    const rest = await store.receipts.page('acme', { run: 'spring', round: 2, step: 'advertise' }, 100);
    expect(names(rest)).to.deep.equal(whole.slice(2));
    expect(await store.receipts.page('nobody', undefined, 100)).to.deep.equal([]);
  });

  it('of a ready update come with the base model, also after a restart', async () => {
    await give('spring', 2, 'ready');
    await give('spring', 2, 'share');
    await store.close();
    store = await kind.open(directory);
    const shown = await store.receipts.page('acme', undefined, 100);
    expect(shown.map(({ baseModelHash }) => baseModelHash?.[0])).to.deep.equal([102, undefined]);
  });

  it('that a journal must hold now are those of the newest round entered, of the latest runs', async () => {
    for (const [at, run] of ['early', 'spring', 'later'].entries()) await start(run, at);
    for (const round of [1, 2]) for (const step of ['ready', 'advertise', 'share']) await give('spring', round, step);
    await give('spring', 3, 'ready');
    await give('spring', 0, 'approve');
    await give('early', 7, 'share');
    await give('later', 0, 'approve');
    const spring = ['advertise', 'ready', 'share'].map((step) => `acme spring 2 ${step}`);
    expect(names(await store.receipts.newest('acme', 16))).to.deep.equal([
      'acme later 0 approve',
      ...spring,
      'acme early 7 share',
    ]);
    expect(names(await store.receipts.newest('acme', 2))).to.deep.equal(['acme later 0 approve', ...spring]);
    expect(await store.receipts.newest('beta', 16)).to.deep.equal([]);
  });
});

describeStores('the epochs of clients', (kind) => {
  it('only go up, and outlive the process', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'concordat-epochs-'));
    const store = await kind.open(directory);
    await store.clientEpochs.put('acme', { epoch: 3, startId: bytes(1) });
    await store.clientEpochs.put('acme', { epoch: 2, startId: bytes(2) });
    await store.clientEpochs.put('acme', { epoch: 3, startId: bytes(3) });
    await store.close();
    const again = await kind.open(directory);
    const { epoch, startId } = (await again.clientEpochs.all()).get('acme')!;
    expect([epoch, startId[0]]).to.deep.equal([3, 1]);
    await again.close();
    rmSync(directory, { recursive: true });
  });
});
