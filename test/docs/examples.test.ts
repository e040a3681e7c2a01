import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parsePolicy } from '@concordat/client-sdk';
import { expect } from 'chai';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

describe('the README', () => {
  it('embeds a participant with the lines of the example', () => {
    expect(read('README.md')).to.include(read('examples/embedding/participant.mjs').trim());
  });

  it('links to files that exist', () => {
    for (const [, target] of read('README.md').matchAll(/\]\(([^)#:]+)\)/g)) {
      expect(execFileSync('git', ['ls-files', '--', target!], { cwd: root }).toString(), target).to.not.equal('');
    }
  });
});

describe('the examples', () => {
  it('have a policy that the SDK understands', () => {
    expect(parsePolicy(read('examples/embedding/policy.yaml')).cohort.min).to.equal(5);
  });

  it('have a participant that says what is missing when nobody is enrolled', () => {
    const empty = mkdtempSync(join(tmpdir(), 'concordat-example-'));
    try {
      const script = join(root, 'examples/embedding/participant.mjs');
      const { status, stderr } = spawnSync(process.execPath, [script, empty], { encoding: 'utf8' });
      expect(status).to.equal(1);
      expect(stderr).to.include('enroll');
    } finally {
      rmSync(empty, { recursive: true });
    }
  });
});
