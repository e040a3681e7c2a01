// Writes proto/src/generated from proto/concordat/v1/*.proto. With --check it writes nothing and fails when they differ.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const home = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const generated = join(home, 'src/generated');
const protoFiles = readdirSync(join(home, 'concordat/v1'))
  .filter((name) => name.endsWith('.proto'))
  .sort()
  .map((name) => `concordat/v1/${name}`);

const say = (text) => process.stderr.write(`${text}\n`);

/** Path below `directory` → content. */
function filesBelow(directory) {
  if (!existsSync(directory)) return new Map();
  return new Map(
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [relative(directory, path), readFileSync(path, 'utf8')]),
  );
}

/** One file that names every message and service, and the whole package as grpc-js loads it. */
function indexOf(directory) {
  const messages = readdirSync(join(directory, 'concordat/v1')).sort();
  const packages = protoFiles.map((name) => name.split('/').at(-1).replace('.proto', ''));
  return [
    ...messages.map((name) => `export type * from './concordat/v1/${name.replace('.ts', '.js')}';`),
    ...packages.map((name) => `import type { ProtoGrpcType as ${name} } from './${name}.js';`),
    `/** What \`loadPackageDefinition\` returns for all files together. */`,
    `export type ConcordatPackage = ${packages.join(' & ')};`,
    '',
  ].join('\n');
}

function generateInto(directory) {
  const loader = dirname(createRequire(import.meta.url).resolve('@grpc/proto-loader/package.json'));
  const options = ['--longs=Number', '--defaults', '--arrays', '--objects', '--oneofs', '--importFileExtension=.js'];
  execFileSync(
    process.execPath,
    [
      join(loader, 'build/bin/proto-loader-gen-types.js'),
      ...options,
      '--grpcLib=@grpc/grpc-js',
      `--includeDirs=${home}`,
      `--outDir=${directory}`,
      ...protoFiles,
    ],
    { cwd: home, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  // The tool writes the absolute path of its source into every file: that is this machine's, not the project's.
  for (const [name, text] of filesBelow(directory)) {
    writeFileSync(
      join(directory, name),
      `// @ts-nocheck: the tool declares more than it uses.\n${text.replaceAll(home, 'proto')}`,
    );
  }
  writeFileSync(join(directory, 'index.ts'), indexOf(directory));
}

const temporary = mkdtempSync(join(tmpdir(), 'concordat-types-'));
try {
  generateInto(temporary);
  if (process.argv.includes('--check')) {
    const [wanted, found] = [filesBelow(temporary), filesBelow(generated)];
    const names = [...new Set([...wanted.keys(), ...found.keys()])].sort();
    const drifted = names.filter((name) => wanted.get(name) !== found.get(name));
    if (drifted.length > 0) {
      say(`proto/src/generated differs from the .proto files: ${drifted.join(', ')}\nRun: npm run proto:types`);
      process.exitCode = 1;
    } else {
      say(`proto/src/generated matches the .proto files (${wanted.size} files)`);
    }
  } else {
    rmSync(generated, { recursive: true, force: true });
    cpSync(temporary, generated, { recursive: true });
    say(`wrote ${filesBelow(generated).size} files to proto/src/generated`);
  }
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
