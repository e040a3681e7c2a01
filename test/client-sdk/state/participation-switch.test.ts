import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pauseParticipation, readSwitch, resumeParticipation, whyNot, withdrawFromRun } from '@concordat/client-sdk';
import { expect } from 'chai';
import { failureOf } from '../transport/test-coordinator.js';

describe('whether an organization takes part', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-switch-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const ruleFor = async (runId: string) => whyNot(await readSwitch(directory), runId)?.detail.rule;
  const now = Date.UTC(2026, 2, 1);

  it('is yes until it says otherwise', async () => {
    expect(await ruleFor('spring')).to.equal(undefined);
  });

  it('is no while paused, with the first reason, and yes again when resumed', async () => {
    await pauseParticipation(directory, { reason: 'an audit', now });
    const { paused } = await pauseParticipation(directory, { reason: 'another', now: now + 1 });
    expect(paused).to.deep.equal({ since: '2026-03-01T00:00:00.000Z', reason: 'an audit' });
    expect(await ruleFor('spring')).to.equal('participation.paused');
    await resumeParticipation(directory);
    expect(await ruleFor('spring')).to.equal(undefined);
  });

  it('is no for ever in a run that it withdrew from, resumed or not', async () => {
    await withdrawFromRun(directory, { runId: 'spring', reason: 'consent was withdrawn', now });
    await pauseParticipation(directory, { reason: 'an audit', now });
    expect([await ruleFor('spring'), await ruleFor('autumn')]).to.deep.equal([
      'participation.withdrawn',
      'participation.paused',
    ]);
    await resumeParticipation(directory);
    expect([await ruleFor('spring'), await ruleFor('autumn')]).to.deep.equal(['participation.withdrawn', undefined]);
  });

  it('tells a peer that it is so, and not why', async () => {
    await pauseParticipation(directory, { reason: 'patient 4711 objected', now });
    const bar = whyNot(await readSwitch(directory), 'spring')!;
    expect(JSON.stringify([bar.message, bar.detail, bar.fix])).not.to.include('4711');
  });

  it('is unknown when the file cannot be read: nothing is sent then', async () => {
    writeFileSync(join(directory, 'participation.json'), '{"paused":');
    const { code, rule } = await failureOf(readSwitch(directory));
    expect([code, rule]).to.deep.equal(['state-lost', 'participation.file']);
  });
});
