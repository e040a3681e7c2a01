import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DirectoryHolder, standBy } from '@concordat/client-sdk';
import { lockDirectory } from '@concordat/node';
import { expect } from 'chai';
import { failureOf, virtualClock, wallMillis } from '../transport/test-coordinator.js';

describe('standing by', () => {
  let directory: string;
  let told: DirectoryHolder[];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-standby-'));
    told = [];
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const options = (clock = virtualClock(), signal?: AbortSignal) => ({
    directory,
    wallMillis: () => wallMillis,
    onHeld: (holder: DirectoryHolder) => void told.push(holder),
    signal,
    clock,
  });

  it('takes a free directory at once', async () => {
    const clock = virtualClock();
    (await standBy(options(clock))).release();
    expect([told, clock.slept]).to.deep.equal([[], []]);
  });

  it('names the holder once, looks twice a second, and takes over when it is free', async () => {
    const first = lockDirectory(directory, wallMillis);
    const clock = virtualClock();
    const { sleep } = clock;
    const waiting = standBy(
      options({
        ...clock,
        sleep: async (millis) => {
          if (clock.slept.length === 5) first.release();
          await sleep(millis);
        },
      }),
    );
    const lock = await waiting;
    expect(clock.slept).to.deep.equal(Array(6).fill(500));
    expect(told.map(({ pid, since }) => [pid, since])).to.deep.equal([[process.pid, '2030-01-01T00:00:00.000Z']]);
    expect(() => lockDirectory(directory, wallMillis)).to.throw('in use');
    lock.release();
  });

  it('names the next holder too', async () => {
    lockDirectory(directory, wallMillis);
    const file = join(directory, 'lock');
    const clock = virtualClock();
    const { sleep } = clock;
    const stop = new AbortController();
    const second = { ...JSON.parse(readFileSync(file, 'utf8')), host: 'elsewhere', pid: 7 };
    const waiting = standBy(
      options(
        {
          ...clock,
          sleep: async (millis) => {
            if (clock.slept.length === 2) writeFileSync(file, JSON.stringify(second));
            if (clock.slept.length === 4) stop.abort();
            await sleep(millis);
          },
        },
        stop.signal,
      ),
    );
    expect((await failureOf(waiting)).code).to.equal('unavailable');
    expect(told.map(({ pid, host }) => (host === 'elsewhere' ? pid : 'here'))).to.deep.equal(['here', 7]);
  });

  it('writes nothing while it waits and leaves with the signal', async () => {
    lockDirectory(directory, wallMillis);
    const before = readFileSync(join(directory, 'lock'), 'utf8');
    const stop = new AbortController();
    const waiting = standBy(options(virtualClock(), stop.signal));
    stop.abort();
    expect((await failureOf(waiting)).error.message).to.equal(`stopped while standing by for ${directory}`);
    expect(readdirSync(directory)).to.deep.equal(['lock']);
    expect(readFileSync(join(directory, 'lock'), 'utf8')).to.equal(before);
  });

  it('does not wait for a file that is no lock of ours', async () => {
    writeFileSync(join(directory, 'lock'), 'something else');
    expect((await failureOf(standBy(options()))).code).to.equal('conflict');
  });
});
