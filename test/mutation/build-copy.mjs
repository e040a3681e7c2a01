// Builds the copy of the tree in which mutants run. The workspaces are linked under the copy's own node_modules, so that its tests
// import its code; everything else is found in the node_modules of the tree above.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

const { workspaces } = JSON.parse(readFileSync('package.json', 'utf8'));
for (const workspace of workspaces) {
  const { name } = JSON.parse(readFileSync(join(workspace, 'package.json'), 'utf8'));
  const link = join('node_modules', name);
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(resolve(workspace), link, 'dir');
}
execFileSync(process.execPath, ['node/tools/build-kernels.mjs'], { stdio: 'inherit' });
const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
execFileSync(process.execPath, [compiler, '-b'], { stdio: 'inherit' });
