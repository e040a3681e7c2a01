import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { FederatedError } from '@concordat/core';
import { lockDirectory } from '@concordat/node';
import { expect } from 'chai';

const repository = fileURLToPath(new URL('../../../../', import.meta.url));
const program = `
  import { lockDirectory } from '@concordat/node';
  try {
    const lock = lockDirectory(process.argv[1], Date.now());
    process.stdin.on('end', () => lock.release()).resume();
    console.log('held');
  } catch (error) {
    console.log(error.code);
    process.stdin.resume();
  }`;

/** Another process that takes the lock and keeps it until its stdin ends, or until it is killed. */
async function lockElsewhere(directory: string) {
  const args = ['--input-type=module', '--eval', program, directory];
  const child = spawn(process.execPath, args, { cwd: repository, stdio: ['pipe', 'pipe', 'inherit'] });
  const said = await firstLine(child);
  const gone = once(child, 'close');
  return {
    pid: child.pid!,
    said,
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
    end: async () => {
      child.stdin!.end();
      await gone;
    },
  };
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => createInterface({ input: child.stdout! }).once('line', resolve));
}

const now = Date.UTC(2030, 0, 1);

describe('a directory lock', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-lock-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const lockOf = (changes: object): void => {
    const lock = lockDirectory(directory, now);
    const holder = JSON.parse(readFileSync(join(directory, 'lock'), 'utf8')) as object;
    lock.release();
    writeFileSync(join(directory, 'lock'), JSON.stringify({ ...holder, ...changes }));
  };

  it('is held by one at a time, also within one process, and the refusal says by whom', () => {
    const lock = lockDirectory(directory, now);
    expect(() => lockDirectory(directory, now))
      .to.throw(FederatedError, `${directory} is in use by process ${process.pid} since 2030-01-01T00:00:00.000Z`)
      .with.property('code', 'conflict');
    lock.release();
    lockDirectory(directory, now).release();
  });

  it('leaves nothing behind', () => {
    lockDirectory(directory, now).release();
    expect(readdirSync(directory)).to.deep.equal([]);
  });

  it('is taken over from a dead process', () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    lockOf({ pid, nonce: '0123456789abcdef' });
    const lock = lockDirectory(directory, now);
    expect(readdirSync(directory)).to.deep.equal(['lock']);
    lock.release();
  });

  it('is taken over from an earlier process with the same id', function () {
    if (process.platform !== 'linux') this.skip();
    lockOf({ started: 'another boot:1', nonce: '0123456789abcdef' });
    lockDirectory(directory, now).release();
  });

  it('is held against another process until that one is killed, and the refusal names it', async () => {
    const holder = await lockElsewhere(directory);
    expect(holder.said).to.equal('held');
    expect(() => lockDirectory(directory, now))
      .to.throw(FederatedError, `in use by process ${holder.pid}`)
      .with.property('detail')
      .that.includes({ rule: 'directory.held', pid: holder.pid });
    await holder.kill();
    lockDirectory(directory, now).release();
  });

  it('is released by a process that ends in an orderly way', async () => {
    const holder = await lockElsewhere(directory);
    await holder.end();
    expect(readdirSync(directory)).to.deep.equal([]);
  });

  it('of a dead process is taken over by exactly one of several that try at once', async function () {
    this.timeout(20_000);
    await (await lockElsewhere(directory)).kill();
    const several = await Promise.all([1, 2, 3, 4].map(() => lockElsewhere(directory)));
    expect(several.map(({ said }) => said).sort()).to.deep.equal(['conflict', 'conflict', 'conflict', 'held']);
    await Promise.all(several.map((one) => one.end()));
  });

  it('of a killed process whose parent does not reap it is taken over', async function () {
    if (process.platform !== 'linux') this.skip();
    // The shell starts a child and becomes a program that never asks how that child ended. Killed before, the shell might.
    const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const pid = Number(await firstLine(parent));
    while (readFileSync(`/proc/${parent.pid}/comm`, 'utf8') !== 'sleep\n') await setImmediate();
    process.kill(pid, 'SIGKILL');
    while (!/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) await setImmediate();
    expect(process.kill(pid, 0), 'it still answers').to.equal(true);
    lockOf({ pid, started: '', nonce: '0123456789abcdef' });
    lockDirectory(directory, now).release();
    parent.kill('SIGKILL');
    await once(parent, 'close');
  });

  it('comes along with a copy of the directory, and ends with the process that holds it', async () => {
    const holder = await lockElsewhere(directory);
    const copy = mkdtempSync(join(tmpdir(), 'concordat-copy-'));
    cpSync(directory, copy, { recursive: true });
    expect(() => lockDirectory(copy, now)).to.throw(FederatedError, `${copy} is in use by process ${holder.pid}`);
    await holder.kill();
    const lock = lockDirectory(copy, now);
    expect(() => lockDirectory(directory, now).release(), 'the original has its own').not.to.throw();
    lock.release();
    rmSync(copy, { recursive: true });
  });

  it('is not taken over while somebody else takes it over', () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    lockOf({ pid, nonce: '0123456789abcdef' });
    const alive = { pid: process.pid, nonce: 'fedcba9876543210' };
    const lock = JSON.parse(readFileSync(join(directory, 'lock'), 'utf8')) as object;
    writeFileSync(join(directory, 'lock.0123456789abcdef'), JSON.stringify({ ...lock, ...alive }));
    expect(() => lockDirectory(directory, now)).to.throw(FederatedError, 'in use');
  });

  it('of another machine counts as held, and the refusal names the file to remove', () => {
    lockOf({ host: 'elsewhere', nonce: '0123456789abcdef' });
    expect(() => lockDirectory(directory, now))
      .to.throw(FederatedError, 'on elsewhere')
      .with.property('fix')
      .that.includes(join(directory, 'lock'));
  });

  it('does not touch a file it did not write', () => {
    writeFileSync(join(directory, 'lock'), 'something else');
    expect(() => lockDirectory(directory, now)).to.throw(FederatedError, 'not a lock file');
  });

  it('releases only its own', () => {
    const lock = lockDirectory(directory, now);
    const holder = JSON.parse(readFileSync(join(directory, 'lock'), 'utf8')) as object;
    writeFileSync(join(directory, 'lock'), JSON.stringify({ ...holder, nonce: '0123456789abcdef' }));
    lock.release();
    expect(readdirSync(directory)).to.deep.equal(['lock']);
  });
});
