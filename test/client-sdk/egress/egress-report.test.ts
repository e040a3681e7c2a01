import { type KeptEntry, type ReadEgress, reportEgress, reportLines, reportPage } from '@concordat/client-sdk';
import { expect } from 'chai';

const log = (...entries: Partial<KeptEntry>[]): ReadEgress => ({
  entries: entries.map((entry, i) => ({
    seq: i + 1,
    time: `2026-03-01T08:00:${String(i).padStart(2, '0')}.000Z`,
    runId: 'spring',
    round: 1,
    kind: 'ready',
    bytes: 10,
    digest: '',
    masked: false,
    socketBytes: 100,
    ...entry,
  })),
  unchained: 0,
  mark: { entries: entries.length, chain: 'ab'.repeat(32) },
  damage: undefined,
});
const opened = { kind: 'opened', runId: '', round: 0, bytes: 0 };
const closed = { ...opened, kind: 'closed' };

describe('the egress report', () => {
  const found = log(
    opened,
    { kind: 'approved', round: 0, bytes: 200 },
    {},
    { kind: 'masked-update', bytes: 3_000, masked: true },
    { kind: 'refusal', bytes: 0, note: 'cohort.min: <script>alert(1)</script>' },
    opened,
    { runId: 'autumn', kind: 'share', bytes: 50 },
    closed,
  );

  it('adds up by kind and by round, with refusals and what the network saw', () => {
    const report = reportEgress(found);
    expect(report.kinds.map(({ kind, count, bytes }) => [kind, count, bytes])).to.deep.equal([
      ['masked-update', 1, 3_000],
      ['approved', 1, 200],
      ['share', 1, 50],
      ['ready', 1, 10],
    ]);
    expect(report.rounds.map(({ runId, round, refusals }) => [runId, round, refusals.length])).to.deep.equal([
      ['spring', 0, 0],
      ['spring', 1, 1],
      ['autumn', 1, 0],
    ]);
    expect([report.socketBytes, report.unclosed]).to.deep.equal([800, 1]);
  });

  it('leaves out other runs when one is named, and says when nothing of it left', () => {
    expect(reportEgress(found, { run: 'autumn' }).kinds).to.deep.equal([
      { kind: 'share', count: 1, bytes: 50, masked: false },
    ]);
    expect(reportLines(reportEgress(found, { run: 'winter' }))[0]).to.equal('Nothing left in run winter.');
  });

  it('says where the chain ends, and that a process ended without closing it', () => {
    const text = reportLines(reportEgress(found)).join('\n');
    expect(text)
      .to.include(`8 entries; its chain ends with ${'ab'.repeat(32)}`)
      .and.to.include('1 times a process ended');
  });

  it('is a page without markup of others, scripts, or anything that is fetched', () => {
    const page = reportPage(reportEgress(found), 'acme', '2026-03-02T00:00:00.000Z');
    expect(page)
      .to.include('&#60;script&#62;alert(1)')
      .and.not.to.match(/<script|<img|<link|https?:/);
    expect(page).to.include("default-src 'none'").and.to.include('spring, round 1').and.to.include('3&#8239;000');
    expect(page).to.include('<th class="number">Bytes</th>').and.to.include('2026-03-01 08:00:01');
  });
});
