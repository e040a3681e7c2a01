import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './test-titles.js';

/** The virtual environment that `.ci/run` makes, where it can. */
const environment = join(repository, 'reports/python/bin/python3');

/** A Python in which all these modules can be imported: what `CONCORDAT_PYTHON` names, `.ci/run`’s, or `python3`; else why not. */
export function pythonWith(...modules: readonly string[]): { readonly python?: string; readonly why: string } {
  const named = process.env.CONCORDAT_PYTHON;
  const candidates =
    named !== undefined ? [named] : [environment, 'python3'].filter((path) => path === 'python3' || existsSync(path));
  const reasons: string[] = [];
  for (const python of candidates) {
    const { status, stderr, error } = spawnSync(python, ['-c', `import ${modules.join(', ')}`], { encoding: 'utf8' });
    if (status === 0) return { python, why: '' };
    reasons.push(`${python}: ${error?.message ?? stderr.trim().split('\n').at(-1) ?? `exit ${status}`}`);
  }
  return { why: reasons.join('; ') };
}

/** Where the one-file client lies; goes into PYTHONPATH. */
export const pythonClient = join(repository, 'client-sdk/python');

/** Said where nobody overlooks it: this test did not run. */
export function skipLoudly(context: Mocha.Context, what: string, why: string): void {
  process.stderr.write(`\n!! NOT TESTED: ${what} (${why}). Name a Python that has it in CONCORDAT_PYTHON.\n`);
  context.skip();
}
