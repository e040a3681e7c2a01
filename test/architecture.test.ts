import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** Who may import whom among our own packages. The compiler's project references hold most of it; this table holds all of it. */
const walls: Readonly<Record<string, readonly string[]>> = {
  core: [],
  proto: ['@concordat/core'],
  node: ['@concordat/core'],
  'client-sdk': ['@concordat/core', '@concordat/proto', '@concordat/node'],
  coordinator: ['@concordat/core', '@concordat/proto', '@concordat/node'],
  sim: [
    '@concordat/core',
    '@concordat/proto',
    '@concordat/node',
    '@concordat/client-sdk',
    '@concordat/client-sdk/training',
    '@concordat/coordinator',
  ],
  cli: ['@concordat/client-sdk', '@concordat/coordinator', '@concordat/sim'],
};

/**
 * The external modules of the core, and where: the portable primitives and nothing else. tweetnacl also makes keys from
 * randomness of its own, so one file takes the pure part out of it.
 */
const coreMayUse: Readonly<Record<string, string>> = {
  tweetnacl: 'core/src/crypto/tweetnacl.ts',
  '@noble/ciphers/aes.js': 'core/src/crypto/portable-crypto.ts',
  '@noble/hashes/hkdf.js': 'core/src/crypto/portable-crypto.ts',
  '@noble/hashes/sha2.js': 'core/src/crypto/portable-crypto.ts',
};

/** A file without its comments: what runs. */
const codeOf = (path: string): string => readFileSync(path, 'utf8').replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*/g, '');

interface Import {
  readonly file: string;
  readonly specifier: string;
  readonly typeOnly: boolean;
}

function sourceFiles(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return sourceFiles(path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });
}

function importsOf(workspace: string): Import[] {
  return sourceFiles(join(root, workspace, 'src')).flatMap((path) => {
    const text = readFileSync(path, 'utf8');
    const file = relative(root, path).split(sep).join('/');
    const found: Import[] = [];
    for (const match of text.matchAll(/^\s*(?:import|export)\s+(type\s+)?[^'";]*?from\s+['"]([^'"]+)['"]/gm)) {
      found.push({ file, specifier: match[2]!, typeOnly: match[1] !== undefined });
    }
    for (const match of text.matchAll(
      /^\s*import\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|\brequire\(\s*['"]([^'"]+)['"]\s*\)/gm,
    )) {
      found.push({ file, specifier: (match[1] ?? match[2] ?? match[3])!, typeOnly: false });
    }
    return found;
  });
}

const ours = (specifier: string): boolean => specifier.startsWith('@concordat/') || specifier === 'concordat';
const named = (imports: readonly Import[]): string[] =>
  imports.map(({ file, specifier }) => `${file} imports ${specifier}`);

describe('the architecture', () => {
  const all = Object.keys(walls).flatMap((workspace) => importsOf(workspace).map((found) => ({ workspace, ...found })));

  it('has imports to check in every workspace', () => {
    for (const workspace of Object.keys(walls)) {
      expect(
        all.filter((found) => found.workspace === workspace),
        workspace,
      ).to.not.be.empty;
    }
  });

  for (const [workspace, allowed] of Object.entries(walls)) {
    it(`${workspace} imports ${allowed.length === 0 ? 'nothing of ours' : allowed.join(', ')}, and only their doors`, () => {
      const foreign = all.filter(
        (found) => found.workspace === workspace && ours(found.specifier) && !allowed.includes(found.specifier),
      );
      expect(named(foreign)).to.deep.equal([]);
    });

    it(`${workspace} reaches no file outside itself`, () => {
      const outside = all.filter(
        (found) =>
          found.workspace === workspace &&
          found.specifier.startsWith('.') &&
          !resolve(root, dirname(found.file), found.specifier).startsWith(join(root, workspace, 'src') + sep),
      );
      expect(named(outside)).to.deep.equal([]);
    });
  }

  it('keeps the core free of Node and of everything but portable primitives', () => {
    const impure = all.filter(
      (found) =>
        found.workspace === 'core' && !found.specifier.startsWith('.') && coreMayUse[found.specifier] !== found.file,
    );
    expect(named(impure)).to.deep.equal([]);
    const { dependencies } = JSON.parse(readFileSync(join(root, 'core/package.json'), 'utf8'));
    expect(Object.keys(dependencies).sort()).to.deep.equal(['@noble/ciphers', '@noble/hashes', 'tweetnacl']);
    for (const version of Object.values(dependencies)) expect(version, 'exact').to.match(/^\d+\.\d+\.\d+$/);
    expect(JSON.parse(readFileSync(join(root, 'core/tsconfig.json'), 'utf8')).compilerOptions.types).to.deep.equal([]);
  });

  it('keeps clocks and hidden randomness out of the core', () => {
    const hidden = sourceFiles(join(root, 'core/src')).filter((path) =>
      /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bperformance\.now\(|\brandomBytes\b|\bsetPRNG\b|\bgetRandomValues\b|\.keyPair\(\)/.test(
        codeOf(path),
      ),
    );
    expect(hidden.map((path) => relative(root, path))).to.deep.equal([]);
  });

  it('lets only transports, node/ and generated types know gRPC', () => {
    const leaks = all.filter(
      ({ file, specifier, typeOnly }) =>
        (specifier === '@grpc/grpc-js' || specifier.startsWith('@grpc/grpc-js/')) &&
        !file.includes('/transport/') &&
        !file.startsWith('node/') &&
        !(file.startsWith('proto/src/generated/') && typeOnly),
    );
    expect(named(leaks)).to.deep.equal([]);
  });

  it('lets only trainers know tensorflow and onnxruntime', () => {
    const leaks = all.filter(
      ({ file, specifier }) =>
        (specifier.startsWith('@tensorflow/') || specifier.startsWith('onnxruntime')) &&
        !file.startsWith('client-sdk/src/trainer/'),
    );
    expect(named(leaks)).to.deep.equal([]);
  });

  it('has no file above 500 lines outside generated code', () => {
    const long = Object.keys(walls)
      .flatMap((workspace) => sourceFiles(join(root, workspace, 'src')))
      .filter((path) => !path.includes('/generated/') && readFileSync(path, 'utf8').split('\n').length > 501);
    expect(long.map((path) => relative(root, path))).to.deep.equal([]);
  });
});
