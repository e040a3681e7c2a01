import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { OperatorClient } from '@concordat/coordinator';
import { expect } from 'chai';
import { refusalOf, TestConsortium } from '../coordinator/consortium.js';
import { CoordinatorProcess } from './coordinator-process.js';

const invited = ['acme', 'bluebird', 'cobalt', 'delta', 'echo', 'foxtrot'];

/** Needs strace, and the right to trace. */
describe('a coordinator whose disk fails', function () {
  this.timeout(60_000);
  let consortium: TestConsortium;
  let process: CoordinatorProcess;

  before(async function () {
    const probe = spawnSync('strace', ['-f', '-e', 'trace=none', 'true']);
    if (probe.status !== 0) {
      globalThis.process.stderr.write(`SKIPPED: strace cannot trace here: ${String(probe.error ?? probe.stderr)}\n`);
      this.skip();
    }
    consortium = await TestConsortium.open();
    await consortium.coordinator.stop();
    process = new CoordinatorProcess(consortium.directory);
  });

  after(async () => {
    await process?.close();
    await consortium?.close();
  });

  const operate = () => new OperatorClient({ ...consortium.operatorKeys, address: `127.0.0.1:${process.port}` });

  it('acknowledges nothing more, ends by name at the first fsync that fails, and comes back with what it said', async () => {
    const log = join(consortium.directory, 'coordinator/store/coordinator.db-wal');
    const failing = ['-P', log, '-e', 'inject=fsync:error=EIO:when=4+'];
    await process.start({ under: ['strace', '-f', '-qq', '-o', '/dev/null', ...failing], silent: true });
    const before = operate();
    const said: string[] = [];
    for (const name of invited) {
      const answer = await refusalOf(before.invite(name, name, 0));
      if (answer === 'nothing') said.push(name);
      // It may have ended already.
      else expect(answer).to.match(/^unavailable( store\.failed)?$/);
    }
    before.close();
    expect(said.length).to.be.within(1, invited.length - 1);
    expect(said).to.deep.equal(invited.slice(0, said.length));
    const { by, lastLine } = await process.ended;
    expect(by).to.equal(2);
    expect(JSON.parse(lastLine).error).to.deep.include({
      code: 'unavailable',
      detail: { rule: 'store.failed', code: 'SQLITE_IOERR_FSYNC' },
    });

    await process.start({ silent: true });
    const after = operate();
    expect((await after.status()).state).to.equal('serving');
    // The write whose fsync failed was not acknowledged: it may be there or not.
    const kept = (await after.participants()).map(({ participant }) => participant);
    expect(kept.slice(0, said.length)).to.deep.equal(said);
    expect(kept.length).to.be.within(said.length, said.length + 1);
    expect(await refusalOf(after.invite('omega', 'omega', 0))).to.equal('nothing');
    after.close();
  });
});
