import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FederatedError } from '@concordat/core';
import { lockDirectory } from '@concordat/node';
import { expect } from 'chai';

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
