// Part of `npm run build`: compiles node/assembly/kernels.ts to node/dist/kernels/kernels.wasm, unless that is newer than all it is made of.
import { mkdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const home = resolve(import.meta.dirname, '..');
const source = join(home, 'assembly/kernels.ts');
const target = join(home, 'dist/kernels/kernels.wasm');
const compiler = findCompiler();

if (!isNewer(target, [source, fileURLToPath(compiler), import.meta.filename])) await compile();

async function compile() {
  const { default: asc } = await import(compiler);
  mkdirSync(dirname(target), { recursive: true });
  // Eight pages of 64 KiB, never more: what is longer goes through in parts. No runtime, no imports.
  const options = '-O3 --noAssert --runtime stub --enable simd --initialMemory 8 --maximumMemory 8'.split(' ');
  const { error, stderr } = await asc.main([
    'kernels.ts',
    '--outFile',
    target,
    '--baseDir',
    dirname(source),
    ...options,
  ]);
  if (error !== null) throw new Error(`${source} does not compile:\n${stderr.toString()}`, { cause: error });
}

function findCompiler() {
  try {
    return import.meta.resolve('assemblyscript/asc');
  } catch (cause) {
    throw new Error('assemblyscript, a development dependency, is not installed: run npm ci', { cause });
  }
}

function isNewer(file, than) {
  const changed = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  return changed !== undefined && than.every((other) => statSync(other).mtimeMs < changed);
}
