import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore, ResultDesk, type Store, type VerdictNews } from '@concordat/coordinator';
import { type FederatedError, giveVerdict, vectorRoot } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { sessionCodec } from '@concordat/proto';
import { expect } from 'chai';
import { pino } from 'pino';
import { OpenedSession } from '../../support/opened-session.js';
import { ruleOf } from '../../support/rules.js';

const opened = new OpenedSession();
const { order, sum } = opened;
const { sid2 } = order;
const place = { run: 'spring', round: 1 };

describe('opened sums that a coordinator keeps', () => {
  let directory: string;
  let store: Store;
  let desk: ResultDesk;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-results-'));
    store = await openStore(directory);
    const signer = opened.session.coordinator;
    const log = pino({ level: 'silent' });
    desk = new ResultDesk({ store, crypto: nodeCrypto, codec: sessionCodec, signer, log });
    for (const [index, vector] of opened.vectors) {
      const writer = await store.spool.begin({ ...place, participant: opened.cohort[index]! });
      await writer.append(vector);
      await writer.commit();
    }
    await desk.keep({ ...place, order, sum, rounds: 2 });
  });

  afterEach(async () => {
    await store.close();
    rmSync(directory, { recursive: true });
  });

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
    await desk.keep({ ...place, order, sum, rounds: 2 });
    const result = await store.results.get(sid2);
    expect(result!.resultHash).to.deep.equal(vectorRoot(nodeCrypto, sum));
    const other = await thrown(desk.keep({ ...place, order, sum: opened.changedByOne(48, 2), rounds: 2 }));
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

  it('name a model only where it was made of one sum alone', async () => {
    const hash = new Uint8Array(32).fill(5);
    await desk.published('spring', 1, 1, hash);
    expect((await desk.show('1', sid2)).modelHash).to.deep.equal(hash);
    const second = new OpenedSession({ seed: 2 });
    await desk.keep({ ...place, order: second.order, sum: second.sum, rounds: 2 });
    await desk.published('spring', 1, 1, hash);
    expect('modelHash' in (await desk.show('1', sid2))).to.equal(false);
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
    const resultHash = vectorRoot(nodeCrypto, sum);
    const { verdict } = giveVerdict(opened.session.ports('1'), [], { type: 'right', sid2, resultHash });
    const receipts = await Promise.all([desk.sign('1', sid2, verdict), desk.sign('1', sid2, verdict)]);
    expect(receipts[0]).to.deep.equal(receipts[1]);
    expect(news.map(({ participant, tally }) => [participant, tally.signed, tally.released])).to.deep.equal([
      ['1', ['1'], false],
    ]);
    expect(await desk.tallies('spring', 8)).to.have.length(1);
  });
});
