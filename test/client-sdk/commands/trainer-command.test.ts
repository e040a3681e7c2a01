import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runParticipantCommand } from '@concordat/client-sdk';
import { expect } from 'chai';

const program = fileURLToPath(new URL('../../support/trainer-program.js', import.meta.url));

describe('participant trainer check', function () {
  this.timeout(30_000);
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'concordat-trainer-check-'));
    mkdirSync(join(home, 'records'));
  });
  afterEach(() => rmSync(home, { recursive: true }));

  async function check(...args: string[]) {
    const [stdout, stderr]: [string[], string[]] = [[], []];
    const code = await runParticipantCommand(['trainer', 'check', '--directory', home, ...args], {
      stdout: { write: (text) => stdout.push(text) },
      stderr: { write: (text) => stderr.push(text) },
      environment: { PATH: process.env.PATH },
      signal: new AbortController().signal,
    });
    return { code, stdout: stdout.join(''), stderr: stderr.join('') };
  }

  const configure = (what: string) =>
    writeFileSync(
      join(home, 'participant.yaml'),
      `data: records\ntrainer:\n  launch: ${JSON.stringify([process.execPath, program, what])}\n`,
    );

  it('lets it do one task from zeros, and says what came of it', async () => {
    configure('good');
    const { code, stdout, stderr } = await check();
    expect([code, stderr.includes('is ready: spoken 1 (a test).')]).to.deep.equal([0, true]);
    expect(stdout).to.match(
      /^spoken 1 \(a test\), launched: .*: trained on 10 examples in \d+\.\d s; the weights moved by 88\.6/,
    );
    expect(stdout).to.include('On its holdout: accuracy 0.5000.');
    expect(stdout).to.include('set "externalTrainers: allowed" in policy.yaml');
  });

  it('prints one envelope, and knows the policy', async () => {
    configure('good');
    writeFileSync(
      join(home, 'policy.yaml'),
      'schema: concordat/policy/1\nproposers: [o]\npurposes: [x]\ncohort: {min: 3}\nexternalTrainers: allowed\n',
    );
    const { code, stdout } = await check('--json');
    expect([code, JSON.parse(stdout).data]).to.deep.include.members([0]);
    expect(JSON.parse(stdout).data).to.deep.include({ examples: 10, allowed: true, metrics: { accuracy: 0.5 } });
  });

  it('shows how it ended, and what it printed last', async () => {
    configure('die');
    const { code, stderr } = await check();
    expect(code).to.equal(2);
    expect(stderr).to.include('ended with exit code 7');
    expect(stderr).to.include('out of memory');
  });

  it('asks for a trainer where none is named', async () => {
    writeFileSync(join(home, 'participant.yaml'), 'data: records\n');
    const { code, stderr } = await check();
    expect(code).to.equal(4);
    expect(stderr).to.include('trainer.launch');
  });
});
