import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FederatedError, utf8Decode, utf8Encode } from '@concordat/core';
import { AppendLog } from '@concordat/node';
import { expect } from 'chai';

describe('an append log', () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-log-'));
    path = join(directory, 'journal');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const write = async (...texts: string[]): Promise<void> => {
    const { log } = await AppendLog.open(path);
    await Promise.all(texts.map((text) => log.append(utf8Encode(text))));
    await log.close();
  };
  const read = async (): Promise<{ texts: string[]; tornBytes: number }> => {
    const { log, records, tornBytes } = await AppendLog.open(path);
    await log.close();
    return { texts: records.map(utf8Decode), tornBytes };
  };

  it('gives back what was appended, in order, over several openings', async () => {
    await write('one', 'two');
    await write('three');
    expect(await read()).to.deep.equal({ texts: ['one', 'two', 'three'], tornBytes: 0 });
  });

  it('cuts off a torn tail at any byte, never parses it, and goes on', async () => {
    await write('one', 'two');
    const whole = readFileSync(path);
    const [first, second] = [8 + 3, 2 * (8 + 3)];
    for (let length = first; length < second; length++) {
      writeFileSync(path, whole.subarray(0, length));
      expect(await read()).to.deep.equal({ texts: ['one'], tornBytes: length - first });
    }
    await write('three');
    expect((await read()).texts).to.deep.equal(['one', 'three']);
  });

  it('takes a tail of zeros or noise, as a power loss leaves it, for torn', async () => {
    await write('one');
    appendFileSync(path, new Uint8Array(4096));
    expect(await read()).to.deep.equal({ texts: ['one'], tornBytes: 4096 });
    appendFileSync(path, Uint8Array.of(0, 0, 0, 2, 1, 2, 3, 4, 5, 6));
    expect(await read()).to.deep.equal({ texts: ['one'], tornBytes: 10 });
  });

  it('refuses with state-lost when more is damaged than one write can tear', async () => {
    const { log } = await AppendLog.open(path, { recordBytesMax: 16 });
    for (let i = 0; i < 5; i++) await log.append(new Uint8Array(16).fill(i + 1));
    await log.close();
    const bytes = readFileSync(path);
    bytes[10]! ^= 1;
    writeFileSync(path, bytes);
    const error = await AppendLog.open(path, { recordBytesMax: 16 }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(FederatedError).with.property('code', 'state-lost');
    expect(readFileSync(path).equals(bytes), 'the file is left as it is').to.equal(true);
  });

  it('refuses with state-lost a single flipped bit with a record behind it, however small the log', async () => {
    await write('one', 'two', 'three');
    const whole = readFileSync(path);
    const frames = [0, 8 + 3];
    for (const at of frames.flatMap((start) => [start, start + 4, start + 9])) {
      const bytes = Buffer.from(whole);
      bytes[at]! ^= 1;
      writeFileSync(path, bytes);
      const error = await AppendLog.open(path).catch((reason: unknown) => reason);
      expect(error, `byte ${at}`).to.be.instanceOf(FederatedError).with.property('code', 'state-lost');
      expect(readFileSync(path).equals(bytes), 'the file is left as it is').to.equal(true);
    }
  });

  it('refuses with state-lost a log whose beginning is gone', async () => {
    await write('one', 'two', 'three');
    writeFileSync(path, readFileSync(path).subarray(5));
    expect(await AppendLog.open(path).catch((error: unknown) => error)).to.have.property('code', 'state-lost');
  });

  it('salvages every whole record, before and behind the damage, and changes nothing', async () => {
    await write('one', 'two', 'three');
    const bytes = readFileSync(path);
    bytes[8 + 3 + 9]! ^= 1;
    writeFileSync(path, Buffer.concat([bytes, Uint8Array.of(0, 0, 0, 9, 1)]));
    const { records, lostBytes } = await AppendLog.salvage(path);
    expect([records.map(utf8Decode), lostBytes]).to.deep.equal([['one', 'three'], 8 + 3 + 5]);
    expect(readFileSync(path)).to.have.length(bytes.length + 5);
    expect(await AppendLog.salvage(join(directory, 'absent'))).to.deep.equal({ records: [], lostBytes: 0 });
  });

  it('reads a log that was cut to nothing as empty', async () => {
    await write('one');
    truncateSync(path, 0);
    expect(await read()).to.deep.equal({ texts: [], tornBytes: 0 });
  });

  it('copies a record at once, and refuses empty, long and late ones', async () => {
    const { log } = await AppendLog.open(path, { recordBytesMax: 4 });
    const record = utf8Encode('same');
    const appended = log.append(record);
    record.fill(0);
    await appended;
    for (const bad of [new Uint8Array(0), new Uint8Array(5)]) {
      expect(await log.append(bad).catch((error: unknown) => error)).to.have.property('code', 'invalid-argument');
    }
    await log.close();
    expect(await log.append(record).catch((error: unknown) => error)).to.have.property('code', 'internal');
    expect((await read()).texts).to.deep.equal(['same']);
  });
});
