import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Project, publishableWorkspaces } from './project.js';
import { packedPackages } from './shared-tarballs.js';

// Exact: what they complain of changes with them.
const linters = ['publint@0.3.25', '@arethetypeswrong/cli@0.18.5'];

/** Prints what publint says of a tarball, one JSON line each. */
const publintScript = `
import { readFile } from 'node:fs/promises';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
const bytes = await readFile(process.argv[2]);
const tarball = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
const { messages, pkg } = await publint({ pack: { tarball }, strict: true });
for (const message of messages) console.log(message.type + ': ' + formatMessage(message, pkg, { color: false }));
`;

describe('what is published', function () {
  this.timeout(300_000);
  let directory: string;
  let project: Project;

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-published-'));
    project = new Project(join(directory, 'linters'), linters);
    project.write('publint.mjs', publintScript);
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  it('is looked at by linters that find what is wrong', () => {
    const broken = join(directory, 'broken');
    mkdirSync(broken);
    const doors = { '.': { types: './index.d.ts', default: './index.js' }, './gone': './gone.js' };
    const manifest = { name: 'broken', version: '1.0.0', type: 'module', exports: doors };
    writeFileSync(join(broken, 'package.json'), JSON.stringify(manifest));
    writeFileSync(join(broken, 'index.js'), 'export {};');
    writeFileSync(join(broken, 'index.d.ts'), "export * from './other';");
    writeFileSync(join(broken, 'other.d.ts'), 'export declare const a: number;');
    project.run('npm', ['pack', broken, '--silent']);
    const tarball = join(project.directory, 'broken-1.0.0.tgz');
    expect(project.node(['publint.mjs', tarball]).stdout).to.match(/^error: .*gone\.js/m);
    expect(project.run('npx', ['--no-install', 'attw', tarball, '--profile', 'esm-only']).status).to.not.equal(0);
  });

  for (const [at, workspace] of publishableWorkspaces().entries()) {
    it(`has nothing that publint would change: ${workspace}`, () => {
      const { status, stdout, stderr } = project.node(['publint.mjs', packedPackages()[at]!.tarball]);
      expect(status, stderr).to.equal(0);
      expect(stdout).to.equal('');
    });

    it(`has types that are right for whoever imports it: ${workspace}`, () => {
      // ES modules alone: older resolutions, which know neither exports nor them, are not served.
      const args = ['--no-install', 'attw', packedPackages()[at]!.tarball, '--profile', 'esm-only', '--format', 'json'];
      const { status, stdout, stderr } = project.run('npx', args);
      const { problems = {} } = JSON.parse(stdout || '{}') as { problems?: object };
      expect(status, `${JSON.stringify(problems)}${stderr}`).to.equal(0);
    });
  }
});
