import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { Cost } from '../measure.js';
import { residentBytes } from '../stage/memory.js';
import type { Contest, Rival } from './rival.js';

/** An interpreter, and what can be imported there. */
export interface Python {
  readonly path: string;
  readonly versions: { readonly python: string; readonly torch?: string; readonly numpy?: string };
}

const script = new URL('../../python/training.py', import.meta.url).pathname;

/** Where the benchmark's own one is, and what the system has; every version of a library counts once. */
const candidates = ['reports/python-bench/bin/python', '/usr/bin/python3', 'python3'];

/** @returns those that have PyTorch or numpy. */
export async function findPythons(paths: readonly string[] = candidates): Promise<Python[]> {
  const found: Python[] = [];
  for (const path of paths) {
    if (path.includes('/') && !existsSync(path)) continue;
    const run = await promisify(execFile)(path, [script, 'versions'], { env: environment() }).catch(() => undefined);
    if (run === undefined) continue;
    const versions = JSON.parse(run.stdout) as Python['versions'];
    const { torch, numpy } = versions;
    const known = found.some((one) => one.versions.torch === torch && one.versions.numpy === numpy);
    if (!known && (torch !== undefined || numpy !== undefined)) found.push({ path, versions });
  }
  return found;
}

/** One pass of a plain loop. */
export function openPython({ path, versions }: Python, framework: 'torch' | 'numpy', contest: Contest): Rival {
  const { network, examples, threads } = contest;
  const child = spawn(path, [script, framework, network, `${examples}`, `${threads}`], {
    env: environment(),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const names = { torch: 'PyTorch', numpy: 'numpy' };
  return {
    name: `${names[framework]} ${versions[framework]}`,
    examples,
    async turn() {
      child.stdin.write('\n');
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`${path} has ended`);
      return JSON.parse(value) as Cost;
    },
    bytes: () => residentBytes(child.pid!).peak,
    async close() {
      const closed = new Promise((resolve) => child.once('close', resolve));
      child.stdin.end();
      await closed;
    },
  };
}

/** What picks kernels for older releases of OpenBLAS slows a current one. */
function environment(): NodeJS.ProcessEnv {
  const { OPENBLAS_CORETYPE: _, OPENBLAS_L2_SIZE: __, ...rest } = process.env;
  return rest;
}
