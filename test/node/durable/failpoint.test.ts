import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ArmedFailpoints, failpointText, parseFailpoint, parseFailpoints, requireNoFailpoint } from '@concordat/node';
import { expect } from 'chai';
import { detailThrownBy, ruleThrownBy } from '../../support/rules.js';

/** Armed failpoints whose crash only says so, and what happened around some writes. */
async function played(text: string, writes: readonly string[]): Promise<readonly string[]> {
  const log: string[] = [];
  const ports = {
    say: (failpoint: string) => void log.push(failpoint),
    crash: () => void log.push('crash'),
    delay: async () => void log.push('delay'),
  };
  const failpoints = new ArmedFailpoints(parseFailpoints(text), ports);
  for (const write of writes) {
    const work = async () => void log.push(write);
    await failpoints.around(write, work).catch((error: NodeJS.ErrnoException) => log.push(String(error.code)));
  }
  return log;
}

describe('A failpoint', () => {
  it('is a write, a side, an action and an occurrence', () => {
    expect(parseFailpoint('participant.root-erased.after:delay:12')).to.deep.equal({
      write: 'participant.root-erased',
      side: 'after',
      action: 'delay',
      nth: 12,
    });
  });

  it('refuses anything else, saying how it is written', () => {
    for (const text of [
      '',
      'a:crash:1',
      'a.before:stop:1',
      'a.before:crash:0',
      'a.before:crash',
      'a.before:crash:1 ',
    ]) {
      expect(
        ruleThrownBy(() => parseFailpoint(text)),
        text,
      ).to.equal('invalid-argument');
      expect(detailThrownBy(() => parseFailpoint(text))?.required).to.match(/^<write>/);
    }
  });

  it('acts at its occurrence of its write, on its side, once', async () => {
    const writes = ['a', 'b', 'a', 'a'];
    expect(await played('a.before:crash:2', writes)).to.deep.equal(['a', 'b', 'crash', 'a', 'a']);
    expect(await played('a.after:crash:2', writes)).to.deep.equal(['a', 'b', 'a', 'crash', 'a']);
    expect(await played('b.before:delay:1', writes)).to.deep.equal(['a', 'delay', 'b', 'a', 'a']);
    expect(await played('c.after:crash:1', writes)).to.deep.equal(writes);
  });

  it('fails a write before it is done, or after', async () => {
    expect(await played('a.before:error:1', ['a', 'a'])).to.deep.equal(['EIO', 'a']);
    expect(await played('a.after:error:1', ['a', 'a'])).to.deep.equal(['a', 'EIO', 'a']);
  });

  it('is one of several that act in one process, each at its own occurrence, and says which', async () => {
    const writes = ['a', 'b', 'a'];
    expect(await played('a.before:crash:2,b.after:delay:1,a.after:error:2', writes)).to.deep.equal([
      'a',
      'b',
      'b.after:delay:1',
      'delay',
      'a.before:crash:2',
      'crash',
      'a',
      'a.after:error:2',
      'EIO',
    ]);
  });

  it('is written as it is read', () => {
    for (const text of ['a.before:crash:1', 'participant.root-erased.after:delay:12']) {
      expect(failpointText(parseFailpoint(text))).to.equal(text);
    }
  });

  it('is refused among others that are right, and beyond a thousand', () => {
    for (const text of ['a.before:crash:1,', 'a.before:crash:1,b', Array(1_001).fill('a.before:crash:1').join()]) {
      expect(ruleThrownBy(() => parseFailpoints(text))).to.equal('invalid-argument');
    }
  });

  it('is refused where no test runs', () => {
    const CONCORDAT_FAILPOINT = 'participant.journal.before:crash:1';
    expect(ruleThrownBy(() => requireNoFailpoint({ CONCORDAT_FAILPOINT }))).to.equal('invalid-argument');
    expect(ruleThrownBy(() => requireNoFailpoint({ CONCORDAT_FAILPOINT, NODE_ENV: 'production' }))).to.equal(
      'invalid-argument',
    );
    expect(ruleThrownBy(() => requireNoFailpoint({ CONCORDAT_FAILPOINT, NODE_ENV: 'test' }))).to.equal(undefined);
    expect(ruleThrownBy(() => requireNoFailpoint({ NODE_ENV: 'production' }))).to.equal(undefined);
  });
});

describe('A process with a failpoint in its environment', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-failpoint-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const door = resolve(import.meta.dirname, '../../../../node/dist/index.js');

  /** Writes one file durably, under a name. @returns how it ended, and whether the file is there. */
  function written(environment: Readonly<Record<string, string>>) {
    const path = join(directory, 'file');
    const program = `
      import { durably, writeDurably } from ${JSON.stringify(door)};
      await durably('test.file', () => writeDurably(${JSON.stringify(path)}, Buffer.from('content')));
    `;
    const { status, signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      env: { PATH: process.env.PATH, ...environment },
    });
    const content = existsSync(path) ? readFileSync(path, 'utf8') : '';
    const said = stderr.toString();
    return { ended: signal ?? status, content, ...(said === '' ? {} : { said }) };
  }

  it('ends on the side that was named, and only in a test', () => {
    const before = { CONCORDAT_FAILPOINT: 'test.file.before:crash:1' };
    const after = { CONCORDAT_FAILPOINT: 'test.file.after:crash:1' };
    expect(written({ ...after, NODE_ENV: 'production' })).to.deep.equal({ ended: 0, content: 'content' });
    rmSync(join(directory, 'file'));
    expect(written({ ...before, NODE_ENV: 'test' })).to.deep.equal({ ended: 'SIGKILL', content: '' });
    expect(written({ ...after, NODE_ENV: 'test' })).to.deep.equal({ ended: 'SIGKILL', content: 'content' });
  });

  it('says which of several ended it', () => {
    const CONCORDAT_FAILPOINT = 'test.other.before:crash:1,test.file.after:crash:1';
    expect(written({ CONCORDAT_FAILPOINT, NODE_ENV: 'test' })).to.deep.equal({
      ended: 'SIGKILL',
      content: 'content',
      said: 'failpoint acts: test.file.after:crash:1\n',
    });
  });
});
