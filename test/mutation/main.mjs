// npm run mutation -- [--slices a,b] [--write]: mutate core/src/secagg, slice by slice, and hold the survivors against those that
// were explained. What was found stays in found.json, and counts until its slice is run again; --write keeps it and the page.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const home = 'core/src/secagg';
/** Which files are mutated in one go; a test holds that every file is in one slice. */
const slices = JSON.parse(readFileSync('test/mutation/slices.json', 'utf8'));
/** Mutants found, in percent of those that could be. */
const scoreMin = 85;
const reports = 'reports/mutation';
const foundFile = 'test/mutation/found.json';
const acceptedFile = 'test/mutation/accepted.json';
const page = 'docs/mutation.md';

const { values } = parseArgs({
  options: { slices: { type: 'string' }, write: { type: 'boolean', default: false } },
});
const wanted = values.slices === undefined ? Object.keys(slices) : values.slices.split(',').filter(Boolean);
const unknown = wanted.find((name) => !(name in slices));
if (unknown !== undefined) {
  process.stderr.write(`no slice is called ${unknown}: there are ${Object.keys(slices).join(', ')}\n`);
  process.exit(4);
}

for (const name of wanted) run(name);
process.exitCode = conclude();

function run(name) {
  mkdirSync(reports, { recursive: true });
  rmSync(`${reports}/mutation.json`, { force: true });
  const args = [
    'stryker',
    'run',
    'test/mutation/stryker.json',
    '--mutate',
    slices[name].map((file) => `${home}/${file}.ts`).join(','),
  ];
  const { status } = spawnSync('npx', ['--no', ...args], { stdio: ['ignore', process.stderr, process.stderr] });
  if (status !== 0 || !existsSync(`${reports}/mutation.json`)) throw new Error(`the slice ${name} did not finish`);
  renameSync(`${reports}/mutation.json`, `${reports}/${name}.json`);
}

/** Table, survivors, verdict. */
function conclude() {
  const known = JSON.parse(readFileSync(foundFile, 'utf8'));
  const kept = Object.keys(slices).flatMap((name) => {
    const found = wanted.includes(name) ? foundIn(name) : known[name];
    return found === undefined ? [] : [[name, found]];
  });
  if (values.write) writeFileSync(foundFile, `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n`);
  const rows = kept.flatMap(([slice, { files }]) => files.map((file) => ({ slice, ...file })));
  const survivors = kept.flatMap(([, found]) => found.survivors);
  const accepted = JSON.parse(readFileSync(acceptedFile, 'utf8'));
  const explained = survivors.map((one) => ({ ...one, why: accepted.find((known) => isSame(known, one))?.why }));
  const unexplained = explained.filter((one) => one.why === undefined);
  const found = rows.reduce((sum, row) => sum + row.found, 0);
  const all = rows.reduce((sum, row) => sum + row.found + row.survived + row.uncovered, 0);
  const score = all === 0 ? 0 : (100 * found) / all;
  if (values.write) writeFileSync(page, pageOf(rows, explained, score));
  for (const one of unexplained) process.stderr.write(`new: ${keyOf(one)}\n`);
  process.stdout.write(
    `${JSON.stringify({ score: Number(score.toFixed(2)), found, all, survivors: survivors.length, unexplained: unexplained.length, slices: [...new Set(rows.map((row) => row.slice))] })}\n`,
  );
  return score >= scoreMin ? 0 : 1;
}

/** Counts of each file of a slice that was run, and its survivors. */
function foundIn(name) {
  const report = JSON.parse(readFileSync(`${reports}/${name}.json`, 'utf8'));
  const files = Object.entries(report.files).map(([file, { mutants }]) => {
    const count = (...statuses) => mutants.filter((mutant) => statuses.includes(mutant.status)).length;
    return {
      file: file.slice(home.length + 1),
      found: count('Killed', 'Timeout'),
      survived: count('Survived'),
      uncovered: count('NoCoverage'),
      ignored: count('Ignored'),
    };
  });
  const survivors = Object.entries(report.files).flatMap(([file, { mutants, source }]) =>
    mutants
      .filter(({ status }) => status === 'Survived' || status === 'NoCoverage')
      .map((mutant) => survivorOf(file, source, mutant)),
  );
  return { files, survivors };
}

function survivorOf(file, source, { mutatorName, location, replacement }) {
  const { line } = location.start;
  const text = source.split('\n')[line - 1].trim();
  return { file: file.slice(home.length + 1), line, mutator: mutatorName, replacement: replacement ?? '', text };
}

// Lines move when code above them changes: the text of the line is what tells a survivor.
function isSame(known, one) {
  return (
    known.file === one.file &&
    known.mutator === one.mutator &&
    known.replacement === one.replacement &&
    known.text === one.text
  );
}

function keyOf({ file, line, mutator, replacement, text }) {
  return `${file}:${line} ${mutator} ${JSON.stringify(replacement.slice(0, 120))} in ${JSON.stringify(text)}`;
}

function pageOf(rows, survivors, score) {
  const line = ({ file, found, survived, uncovered, ignored }) => {
    const all = found + survived + uncovered;
    const percent = all === 0 ? '–' : ((100 * found) / all).toFixed(1);
    return `| ${file} | ${percent} | ${found} | ${survived} | ${uncovered} | ${ignored} |`;
  };
  const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
  const missing = Object.keys(slices).filter((name) => !rows.some(({ slice }) => slice === name));
  const told = survivors.map(
    ({ file, line: at, mutator, replacement, text, why }) =>
      `| ${file}:${at} | ${mutator} | \`${cell(text)}\` → \`${cell(replacement.slice(0, 80))}\` | ${cell(why ?? 'not explained yet')} |`,
  );
  return `# Mutants of core/src/secagg

Generated by \`npm run mutation -- --write\`; explanations stand in \`${acceptedFile}\`. Sentences for people are not mutated (\`test/mutation/prose.mjs\`), nor is what
runs once when a module is loaded (Stryker's \`ignoreStatic\`); both count as ignored.

A slice at a time (\`npm run mutation -- --slices people\`) ends sooner: on two cores shared with other work, 60 to 100 mutants a minute.
A timeout counts as found, so limits are wide: a loaded machine is slow, not right.

Score of the files below: **${score.toFixed(1)} %** of the mutants were found.${missing.length === 0 ? '' : ` Slices that were not run: ${missing.join(', ')}.`}

| file | % | found | survived | without a test | ignored |
|---|---|---|---|---|---|
${rows.map(line).join('\n')}

## Survivors

| where | mutator | change | why it may live |
|---|---|---|---|
${told.join('\n')}
`;
}
