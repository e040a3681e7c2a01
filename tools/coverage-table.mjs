// Print what `c8` wrote to coverage/coverage-summary.json, one line per package: lines, branches and functions that ran.
// Files that no test loads are not in it; processes that a test kills take their figures with them.
import { readFileSync } from 'node:fs';
import { relative, resolve, sep } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const summary = JSON.parse(readFileSync(resolve(root, 'coverage/coverage-summary.json'), 'utf8'));
const kinds = ['lines', 'branches', 'functions'];

const packages = new Map();
for (const [path, figures] of Object.entries(summary)) {
  if (path === 'total') continue;
  const name = relative(root, path).split(sep)[0];
  const sums = packages.get(name) ?? { files: 0, ...Object.fromEntries(kinds.map((kind) => [kind, [0, 0]])) };
  sums.files++;
  for (const kind of kinds) {
    sums[kind][0] += figures[kind].covered;
    sums[kind][1] += figures[kind].total;
  }
  packages.set(name, sums);
}
if (packages.size === 0) throw new Error('coverage/coverage-summary.json names no file of ours');

const cells = (row) =>
  `${row[0].padEnd(12)}${row
    .slice(1)
    .map((cell) => cell.padStart(20))
    .join('')}\n`;
process.stdout.write(cells(['coverage', 'files', ...kinds]));
for (const [name, { files, ...sums }] of [...packages].sort(([a], [b]) => (a < b ? -1 : 1))) {
  const shares = kinds.map((kind) => {
    const [covered, total] = sums[kind];
    return `${covered}/${total} ${total === 0 ? '–' : ((100 * covered) / total).toFixed(1)} %`;
  });
  process.stdout.write(cells([name, String(files), ...shares]));
}
