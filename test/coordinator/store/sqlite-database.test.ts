import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '@concordat/coordinator';
import { expect } from 'chai';

/** Holds a database as its last connection does while it puts the log away, until somebody holds the directory's lock. */
const holding = `
  import Libsql from 'libsql';
  import { existsSync } from 'node:fs';
  const [directory] = process.argv.slice(1);
  const file = new Libsql(directory + '/coordinator.db');
  file.exec('begin exclusive');
  process.stdout.write('held');
  while (!existsSync(directory + '/lock'));
  const since = performance.now();
  while (performance.now() - since < 200);
  process.exit();
`;

describe('the SQLite database of a coordinator', () => {
  let directory: string;
  let holder: ChildProcess;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-busy-'));
    holder = spawn(process.execPath, ['--input-type=module', '--eval', holding, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: import.meta.dirname,
    });
    await once(holder.stdout!, 'data');
  });

  afterEach(() => {
    holder.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });

  it('is waited for while whoever had it before lets go of it', async () => {
    const store = await openStore(directory);
    expect(await store.runs.list()).to.deep.equal([]);
    await store.close();
  });
});
