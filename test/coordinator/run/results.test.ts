import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ResultDesk, type Store, type VerdictNews } from '@concordat/coordinator';
import { type FederatedError, giveVerdict, vectorRoot } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { sessionCodec } from '@concordat/proto';
import { expect } from 'chai';
import { pino } from 'pino';
import { OpenedSession } from '../../support/opened-session.js';
import { ruleOf } from '../../support/rules.js';
import { spoolVector } from '../../support/spooled-vector.js';
import { describeStores } from '../../support/stores.js';

const opened = new OpenedSession();
const { order, sum } = opened;
const { sid2 } = order;
const place = { run: 'spring', round: 1 };

describeStores('opened sums that a coordinator keeps', (kind) => {
  let directory: string;
  let store: Store;
  let desk: ResultDesk;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-results-'));
    store = await kind.open(directory);
    const signer = opened.session.coordinator;
    const log = pino({ level: 'silent' });
    desk = new ResultDesk({ store, crypto: nodeCrypto, codec: sessionCodec, signer, log });
    for (const [index, vector] of opened.vectors) {
      await spoolVector(store.spool, { ...place, participant: opened.cohort[index]! }, vector);
    }
    await keep();
  });

  afterEach(async () => {
    await store.close();
    rmSync(directory, { recursive: true });
  });

  async function keep(
    sums: readonly (readonly [group: number, opened: Pick<OpenedSession, 'order' | 'sum'>])[] = [[0, opened]],
  ): Promise<void> {
    const round = desk.openRound('spring', 1);
    for (const [group, one] of sums) await round.add({ group, sum: one.order }, one.sum);
    await round.close(2);
  }

  async function thrown(work: Promise<unknown>): Promise<unknown> {
    return work.then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  async function all(participant: string, chunks: readonly number[] = [0]) {
    const served = [];
    for await (const one of desk.chunks(participant, sid2, chunks)) served.push(one);
    return served;
  }

  it('are the same when they are opened again after a restart, and never another', async () => {
    await keep();
    const result = await store.results.get(sid2);
    expect(result!.resultHash).to.deep.equal(vectorRoot(nodeCrypto, sum));
    const other = await thrown(keep([[0, { order, sum: opened.changedByOne(48, 2) }]]));
    expect((other as FederatedError).code).to.equal('internal');
    expect((await store.results.get(sid2))!.resultHash).to.deep.equal(result!.resultHash);
    expect((await all('1'))[0]!.data).to.deep.equal(sum);
  });

  it('are served in one stream for each survivor, and again when it has ended', async () => {
    const first = desk.chunks('1', sid2, [0])[Symbol.asyncIterator]();
    await first.next();
    expect(((await thrown(all('1'))) as FederatedError).code).to.equal('unavailable');
    expect(await all('2')).to.have.length(4);
    await first.return?.(undefined);
    expect(await all('1')).to.have.length(4);
  });

  it('are not served any more once they were kept long enough, not even by a stream that is under way', async () => {
    const under = desk.chunks('1', sid2, [0])[Symbol.asyncIterator]();
    await under.next();
    await desk.endRound('spring', 1);
    await desk.endRound('spring', 2);
    expect((await desk.show('1', sid2)).transcript.secrets).to.have.length(4);
    await desk.endRound('autumn', 1);
    expect(ruleOf(await thrown(under.next()))).to.equal('result.unknown');
    expect(ruleOf(await thrown(desk.show('1', sid2)))).to.equal('result.unknown');
    expect(await store.results.keptRounds('spring')).to.deep.equal([]);
  });

  describe('of a round of several groups', () => {
    // The second group gave up.
    const first = new OpenedSession({ seed: 2 });
    const third = new OpenedSession({ seed: 3 });
    const own = first.order.sid2;

    async function keepBoth(): Promise<void> {
      const round = desk.openRound('spring', 2);
      await round.add({ group: 0, sum: first.order }, first.sum);
      await round.add({ group: 2, sum: third.order }, third.sum);
      await round.close(2);
    }

    async function sign(of: OpenedSession, participant: string): Promise<void> {
      const { aggregate } = await desk.show(participant, of.order.sid2);
      const finding = { type: 'right', ...of.result, aggregateHash: nodeCrypto.sha256(aggregate.body) } as const;
      await desk.sign(participant, of.order.sid2, giveVerdict(of.session.ports(participant), [], finding).verdict);
    }

    it('are signed as one, with the number of survivors of each', async () => {
      await keepBoth();
      const shown = await desk.show('1', own);
      expect(sessionCodec.aggregate.decode(shown.aggregate.body)).to.deep.equal({
        runId: 'spring',
        round: 2,
        sums: [
          { group: 0, sid2: own, resultHash: first.resultHash, survivors: 3 },
          { group: 2, sid2: third.order.sid2, resultHash: third.resultHash, survivors: 3 },
        ],
      });
      expect((await desk.show('1', third.order.sid2)).aggregate).to.deep.equal(shown.aggregate);
      expect(shown.groups).to.deep.equal([
        { threshold: 3, signed: 0, disputed: 0 },
        { threshold: 3, signed: 0, disputed: 0 },
      ]);
    });

    it('are released together, when T of each signed', async () => {
      await keepBoth();
      const news: VerdictNews[] = [];
      desk.onVerdict((one) => void news.push(one));
      for (const participant of ['1', '2', '3']) await sign(first, participant);
      for (const participant of ['1', '2', '3']) await sign(third, participant);
      expect(news.map(({ release }) => release.released)).to.deep.equal([false, false, false, false, false, true]);
      const [newest] = await desk.releases('spring', 1);
      expect(newest).to.deep.include({ round: 2, of: 6, threshold: 6, released: true });
      expect(newest!.groups!.map(({ group, signed }) => [group, signed])).to.deep.equal([
        [1, ['1', '2', '3']],
        [3, ['1', '2', '3']],
      ]);
    });

    it('serve a survivor of one the sum of another, and no vector in it', async () => {
      await keepBoth();
      const served = [];
      for await (const one of desk.groupChunks('1', own, { group: 2, chunks: [0] })) served.push(one);
      expect(served.map(({ data, survivor }) => [data, survivor])).to.deep.equal([
        [new Uint8Array(third.sum), undefined],
      ]);
    });

    it('serve nothing of a group without a sum, and nothing to whoever is in none', async () => {
      await keepBoth();
      const wanted = { group: 2, chunks: [0] };
      const refused = async (participant: string, of: Uint8Array, what: typeof wanted) =>
        ruleOf(await thrown(desk.groupChunks(participant, of, what).next()));
      expect(await refused('1', own, { ...wanted, group: 1 })).to.equal('result.unknown');
      expect(await refused('4', own, wanted)).to.equal('result.survivor');
      expect(await refused('1', new Uint8Array(32), wanted)).to.equal('result.unknown');
      expect(await refused('1', own, { ...wanted, chunks: [9] })).to.equal('check.chunks');
    });

    it('count only when all of them are kept, and are opened again when their coordinator died between two', async () => {
      const died = desk.openRound('spring', 2);
      await died.add({ group: 0, sum: first.order }, first.sum);
      expect(ruleOf(await thrown(desk.show('1', own)))).to.equal('result.unknown');
      await keepBoth();
      await keepBoth();
      expect(await store.results.ofRound('spring', 2)).to.have.length(2);
    });

    it('are never others once they were signed: not fewer, and not in another group', async () => {
      await keepBoth();
      const fewer = desk.openRound('spring', 2);
      await fewer.add({ group: 0, sum: first.order }, first.sum);
      expect(((await thrown(fewer.close(2))) as FederatedError).code).to.equal('internal');
      const moved = desk.openRound('spring', 2);
      await moved.add({ group: 1, sum: first.order }, first.sum);
      await moved.add({ group: 2, sum: third.order }, third.sum);
      expect(((await thrown(moved.close(2))) as FederatedError).code).to.equal('internal');
    });
  });

  it('are a fault of ours, and told as nothing more, when a vector is short or gone', async () => {
    truncateSync(store.spool.path({ ...place, participant: '2' }), 48);
    expect(((await thrown(all('1'))) as FederatedError).code).to.equal('internal');
    rmSync(store.spool.sumPath({ ...place, sid2 }));
    expect(((await thrown(all('1'))) as FederatedError).code).to.equal('internal');
  });

  it('tell of every verdict that is new, once', async () => {
    const news: VerdictNews[] = [];
    desk.onVerdict((one) => void news.push(one));
    const { aggregate } = await desk.show('1', sid2);
    const finding = { type: 'right', ...opened.result, aggregateHash: nodeCrypto.sha256(aggregate.body) } as const;
    const { verdict } = giveVerdict(opened.session.ports('1'), [], finding);
    const receipts = await Promise.all([desk.sign('1', sid2, verdict), desk.sign('1', sid2, verdict)]);
    expect(receipts[0]).to.deep.equal(receipts[1]);
    expect(news.map(({ participant, release }) => [participant, release.signed, release.released])).to.deep.equal([
      ['1', ['1'], false],
    ]);
    expect(await desk.releases('spring', 8)).to.have.length(1);
  });
});
