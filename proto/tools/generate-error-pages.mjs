// Writes docs/errors from the closed list of codes, the list of rules and the status table (built: npm run build).
// With --check it writes nothing and fails when a page is missing, differs, or has no code.
// With --into DIRECTORY it writes there: the package `concordat` ships them.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorCodes, errorPages } from '@concordat/core';
import { errorIndex, errorPage } from '@concordat/proto';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const into = process.argv.indexOf('--into');
const directory = into === -1 ? join(root, errorPages) : resolve(process.argv[into + 1]);
const wanted = new Map([['README.md', errorIndex()], ...errorCodes.map((code) => [`${code}.md`, errorPage(code)])]);
const found = existsSync(directory) ? readdirSync(directory) : [];

const say = (text) => process.stderr.write(`${text}\n`);

if (process.argv.includes('--check')) {
  const read = (name) => (found.includes(name) ? readFileSync(join(directory, name), 'utf8') : undefined);
  const names = [...new Set([...wanted.keys(), ...found])].sort();
  const drifted = names.filter((name) => wanted.get(name) !== read(name));
  if (drifted.length > 0) {
    say(`${errorPages} differs from the list of codes: ${drifted.join(', ')}\nRun: npm run docs:errors`);
    process.exitCode = 1;
  } else say(`${errorPages} matches the list of codes (${errorCodes.length} codes)`);
} else {
  for (const name of found) rmSync(join(directory, name));
  mkdirSync(directory, { recursive: true });
  for (const [name, text] of wanted) writeFileSync(join(directory, name), text);
  say(`wrote ${wanted.size} pages to ${directory}`);
}
