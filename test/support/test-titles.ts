import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of the repository. */
export const repository = fileURLToPath(new URL('../../..', import.meta.url));

/** `test/<path>.test.ts › <full title>`, as the documents and the inventory write it. */
export type TestReference = string;

interface DryRun {
  readonly tests: readonly { readonly file: string; readonly fullTitle: string }[];
}

const compiled = join(repository, 'test/dist');

let known: ReadonlySet<TestReference> | undefined;

/**
 * Every test there is, by its full title, as the runner itself finds them: also those whose titles are made in a loop. Call it from
 * a hook or a test, never while tests are being declared: it declares them all once more, in a process of its own.
 */
export function testReferences(): ReadonlySet<TestReference> {
  known ??= find();
  return known;
}

/** Those of the references that name no test. */
export function dangling(references: Iterable<TestReference>): readonly TestReference[] {
  return [...references].filter((reference) => !testReferences().has(reference));
}

/** The references of a text: `` `test/… › …` ``. */
export function referencesIn(text: string): readonly TestReference[] {
  return [...text.matchAll(/`(test\/[^`›]+\.test\.ts › [^`]+)`/g)].map((found) => found[1]!);
}

function find(): ReadonlySet<TestReference> {
  const { NODE_V8_COVERAGE: _, ...env } = process.env;
  const mocha = join(repository, 'node_modules/mocha/bin/mocha.js');
  const options = ['--no-config', '--dry-run', '--reporter', 'json', ...compiledTests()];
  const printed = execFileSync(process.execPath, [mocha, ...options], {
    cwd: repository,
    env,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { tests } = JSON.parse(printed.slice(printed.indexOf('{'))) as DryRun;
  return new Set(tests.map(({ file, fullTitle }) => `${sourceOf(file)} › ${fullTitle}`));
}

/** Compiled test files; one whose source is gone is no test. */
function compiledTests(): readonly string[] {
  return readdirSync(compiled, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.js'))
    .map((file) => join(compiled, file))
    .filter((file) => existsSync(join(repository, sourceOf(file))));
}

function sourceOf(file: string): string {
  return join('test', relative(compiled, file)).replace(/\.js$/, '.ts');
}
