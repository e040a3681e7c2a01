import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PackedPackage, packWorkspaces } from './project.js';

let packed: readonly PackedPackage[] | undefined;

/** Every publishable workspace, packed once for all tests of this process. They are gone when it ends. */
export function packedPackages(): readonly PackedPackage[] {
  if (packed !== undefined) return packed;
  const directory = mkdtempSync(join(tmpdir(), 'concordat-tarballs-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  packed = packWorkspaces(directory);
  return packed;
}

/** Paths of the tarballs of these packages. */
export function tarballsOf(...names: string[]): string[] {
  return packedPackages()
    .filter(({ manifest }) => names.includes(manifest.name))
    .map(({ tarball }) => tarball);
}

/** What every door needs of ours. */
export const foundations: readonly string[] = ['@concordat/core', '@concordat/node', '@concordat/proto'];
