import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { utf8Encode } from '@concordat/core';
import { writeDurably } from '@concordat/node';
import { expect } from 'chai';

describe('a durable write', () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-write-'));
    path = join(directory, 'file');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('replaces the content and leaves no temporary file', async () => {
    await writeDurably(path, utf8Encode('old'));
    await writeDurably(path, utf8Encode('new'));
    expect(readFileSync(path, 'utf8')).to.equal('new');
    expect(readdirSync(directory)).to.deep.equal(['file']);
  });

  it('is for the owner only unless said', async () => {
    await writeDurably(path, utf8Encode('x'));
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    await writeDurably(path, utf8Encode('x'), { mode: 0o644 });
    expect(statSync(path).mode & 0o777).to.equal(0o644);
  });

  it('takes its content in pieces', async () => {
    async function* pieces(): AsyncGenerator<Uint8Array> {
      yield utf8Encode('one ');
      yield utf8Encode('two');
    }
    await writeDurably(path, pieces());
    expect(readFileSync(path, 'utf8')).to.equal('one two');
  });

  it('that fails half-way leaves the old content and nothing else', async () => {
    await writeDurably(path, utf8Encode('old'));
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield utf8Encode('half');
      throw new Error('source failed');
    }
    expect(await writeDurably(path, broken()).catch((error: Error) => error.message)).to.equal('source failed');
    expect(readFileSync(path, 'utf8')).to.equal('old');
    expect(readdirSync(directory)).to.deep.equal(['file']);
  });
});
