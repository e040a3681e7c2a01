import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type EgressEntry, EgressLog, readEgress } from '@concordat/client-sdk';
import { expect } from 'chai';
import { failureOf } from '../transport/test-coordinator.js';

const entry = (kind: string, round = 1): EgressEntry => ({
  runId: 'spring',
  round,
  kind,
  bytes: 100,
  digest: 'ab'.repeat(32),
  masked: kind === 'masked-update',
});

describe('the egress log', () => {
  let directory: string;
  let path: string;
  let sockets: { written: number };
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-egress-'));
    path = join(directory, 'egress.jsonl');
    sockets = { written: 0 };
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const open = () => EgressLog.open(directory, { wallMillis: () => Date.UTC(2026, 2, 1), sockets });

  async function live(...kinds: string[]): Promise<EgressLog> {
    const log = await open();
    for (const kind of kinds) await log.note(entry(kind));
    await log.close();
    return log;
  }

  it('has a line for everything, each chained to the one before, over every start', async () => {
    await live('ready');
    const { mark } = await live('share', 'masked-update');
    const found = await readEgress(directory, [mark]);
    expect(found.damage).to.equal(undefined);
    expect(found.entries.map(({ seq, kind }) => [seq, kind])).to.deep.equal(
      ['opened', 'ready', 'closed', 'opened', 'share', 'masked-update', 'closed'].map((kind, i) => [i + 1, kind]),
    );
    expect(found.mark).to.deep.equal(mark);
  });

  it('says with each line what the sockets carried since the one before', async () => {
    sockets.written = 7;
    const log = await open();
    sockets.written = 50;
    await log.note(entry('ready'));
    sockets.written = 90;
    await log.close();
    const { entries } = await readEgress(directory);
    expect(entries.map(({ socketBytes }) => socketBytes)).to.deep.equal([0, 43, 40]);
  });

  it('shows every byte that was changed, by the line it stands in', async () => {
    const { mark } = await live('ready', 'masked-update');
    const bytes = readFileSync(path);
    const lineAt = (at: number) => bytes.subarray(0, at).toString('utf8').split('\n').length;
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1;
      writeFileSync(path, changed);
      const { damage } = await readEgress(directory, [mark]);
      expect(damage?.line, `byte ${at}: ${damage?.problem}`).to.equal(lineAt(at));
    }
  });

  it('shows a line that was taken out, put in, or said twice, and an end that is missing', async () => {
    const { mark } = await live('ready', 'share', 'confirm');
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    const damageOf = async (kept: readonly string[]) => {
      writeFileSync(path, kept.map((line) => `${line}\n`).join(''));
      return (await readEgress(directory, [mark])).damage;
    };
    expect(await damageOf(lines)).to.equal(undefined);
    expect((await damageOf([...lines.slice(0, 2), ...lines.slice(3)]))?.line).to.equal(3);
    expect((await damageOf([...lines.slice(0, 2), lines[1]!, ...lines.slice(2)]))?.line).to.equal(3);
    expect((await damageOf(lines.slice(0, 3)))?.problem).to.equal('the log ends with entry 3, and entry 5 was noted');
    expect((await damageOf([]))?.problem).to.include('was noted');
  });

  it('shows a log that was written anew, to whoever noted where it was', async () => {
    const { mark } = await live('ready', 'masked-update');
    rmSync(path);
    await live('ready', 'share');
    expect((await readEgress(directory)).damage).to.equal(undefined);
    expect((await readEgress(directory, [mark])).damage?.problem).to.include(`${mark.chain} was noted`);
  });

  it('cuts off what a killed process left of a line, and says so', async () => {
    const { mark } = await live('ready');
    appendFileSync(path, '{"seq":4,"time":"20');
    await live('share');
    const { entries, damage } = await readEgress(directory, [mark]);
    expect(damage).to.equal(undefined);
    expect(entries[3]).to.include({ kind: 'opened', note: '19 bytes of an unfinished line were cut off' });
  });

  it('goes on behind lines that were not chained, and vouches for them together', async () => {
    const old = '{"time":"2026-01-01T00:00:00.000Z","kind":"ready"}\n';
    writeFileSync(path, old);
    await live('share');
    const { entries, unchained, damage } = await readEgress(directory);
    expect([entries.map(({ seq }) => seq), unchained, damage]).to.deep.equal([[2, 3, 4], 1, undefined]);
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('ready', 'raedy'));
    expect((await readEgress(directory)).damage?.line).to.equal(2);
  });

  it('keeps what peers said on one line, however long', async () => {
    const log = await open();
    await log.note({ ...entry('refusal'), note: 'a\nb\u2028c\r' + 'x'.repeat(5_000) });
    await log.close();
    const { entries, damage } = await readEgress(directory);
    expect(damage).to.equal(undefined);
    expect(entries[1]!.note)
      .to.have.lengthOf(1_000)
      .and.to.match(/^a\nb\u2028c\r/);
  });

  it('takes nothing more when a line could not be written: nothing is sent unlogged', async () => {
    const program = resolve(import.meta.dirname, 'failing-log-program.js');
    const { stdout, stderr } = spawnSync(process.execPath, [program, directory], {
      encoding: 'utf8',
      env: { ...process.env, NODE_ENV: 'test', CONCORDAT_FAILPOINT: 'participant.egress.before:error:1' },
    });
    // The disk would take the second one.
    expect(stdout, stderr).to.equal('refused refused');
    const { entries, damage } = await readEgress(directory);
    expect([entries.map(({ kind }) => kind), damage]).to.deep.equal([['opened'], undefined]);
  });

  it('remembers when updates left in the last 24 hours, and no longer', async () => {
    let now = Date.UTC(2026, 2, 1);
    const log = await EgressLog.open(directory, { wallMillis: () => now });
    const hour = 3_600_000;
    for (const hours of [0, 10, 10, 10]) {
      now += hours * hour;
      await log.note(entry('masked-update'));
    }
    expect(log.maskedAt.map((at) => (now - at) / hour)).to.deep.equal([20, 10, 0]);
    await log.close();
  });

  it('is asked for by name when there is none', async () => {
    expect((await failureOf(readEgress(directory))).code).to.equal('invalid-argument');
  });
});
