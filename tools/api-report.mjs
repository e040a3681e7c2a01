// Print what a package promises: the declarations behind its public exports, as the compiler wrote them, without comments, sorted by name.
// Usage: api-report.mjs [--check | --undocumented]. Writes docs/api/client-sdk.api.md; --check compares and ends with 1 where it differs;
// --undocumented prints the names of exports without a doc comment, one a line. Needs a build.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const report = 'docs/api/client-sdk.api.md';
const doors = {
  '@concordat/client-sdk': 'client-sdk/dist/index.d.ts',
  '@concordat/client-sdk/testing': 'client-sdk/dist/testing/index.d.ts',
  '@concordat/client-sdk/training': 'client-sdk/dist/training.d.ts',
};

/** Exports of a door: name, where it comes from, whether as a type alone. */
function exportsOf(door) {
  const text = readFileSync(door, 'utf8');
  return [...text.matchAll(/^export (type )?\{([^}]*)\} from '([^']+)';/gm)].flatMap(([, allTypes, names, from]) =>
    names
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '')
      .map((name) => ({
        name: name.replace(/^type /, ''),
        from,
        isType: allTypes !== undefined || name.startsWith('type '),
      })),
  );
}

/** Top-level statements of a declaration file: the doc comment before each, and its text without comments. */
function statementsOf(path) {
  const statements = [];
  let doc = '';
  let inDoc = false;
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line.startsWith('/**')) [doc, inDoc] = ['', true];
    if (inDoc) {
      doc += `${line}\n`;
      inDoc = !line.trimEnd().endsWith('*/');
    } else if (/^[a-z]/.test(line)) {
      statements.push({ doc, lines: [line] });
      doc = '';
    } else if (line !== '' && !line.startsWith('//')) statements.at(-1)?.lines.push(line);
  }
  return statements.map(({ doc: before, lines }) => ({
    doc: before,
    text: lines
      .join('\n')
      .replace(/[ \t]*\/\*\*[\s\S]*?\*\/\n?/g, '')
      .trimEnd(),
  }));
}

function declarationsOf(name, path) {
  const declares = new RegExp(
    `^export (declare )?(abstract )?(const|let|function|class|interface|type|enum) ${name.replace('$', '\\$')}\\b`,
  );
  const found = statementsOf(path).filter(({ text }) => declares.test(text));
  if (found.length > 0) return found;
  // Of an `export { … }` at the end of the file, or handed on from another file.
  const again = exportsOf(path).find((one) => one.name === name);
  if (again === undefined) throw new Error(`${path} declares no ${name}`);
  return declarationsOf(name, join(dirname(path), again.from.replace(/\.js$/, '.d.ts')));
}

function entriesOf(door) {
  const path = join(root, door);
  return exportsOf(path)
    .map(({ name, from, isType }) => {
      if (!from.startsWith('.')) return { name, text: `${isType ? 'type ' : ''}${name} of ${from}`, documented: true };
      const found = declarationsOf(name, join(dirname(path), from.replace(/\.js$/, '.d.ts')));
      const text = found.map((one) => one.text.replace(/^export (declare )?/, '')).join('\n');
      return { name, text, documented: found.some(({ doc }) => doc !== '') };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function pageOf(entries) {
  const parts = Object.entries(entries).map(
    ([name, all]) =>
      `## ${name}\n\n${all.length} exports.\n\n\`\`\`ts\n${all.map(({ text }) => text).join('\n\n')}\n\`\`\`\n`,
  );
  return `# What @concordat/client-sdk promises\n\nMade by \`npm run api\` from the declarations; \`npm run check\` fails where it differs. What is not here may change at any time.\n\n${parts.join('\n')}`;
}

const entries = Object.fromEntries(Object.entries(doors).map(([name, door]) => [name, entriesOf(door)]));
const say = (text) => process.stdout.write(text === '' ? '' : `${text}\n`);
if (process.argv.includes('--undocumented')) {
  const missing = Object.values(entries)
    .flat()
    .filter(({ documented }) => !documented);
  say(missing.map(({ name }) => name).join('\n'));
} else {
  const page = pageOf(entries);
  const path = join(root, report);
  let held = '';
  try {
    held = readFileSync(path, 'utf8');
  } catch {
    // There is none yet.
  }
  if (!process.argv.includes('--check')) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, page);
    say(`wrote ${report}`);
  } else if (held !== page) {
    say(
      `${report} differs from what the package promises. Run npm run api, and look at the difference: others rely on it.`,
    );
    process.exitCode = 1;
  } else say(`${report} matches the declarations (${Object.values(entries).flat().length} exports)`);
}
