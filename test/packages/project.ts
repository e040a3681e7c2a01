import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../..');

/** What `package.json` says, as far as it is looked at here. */
export interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly license?: string;
  readonly type?: string;
  readonly engines?: { readonly node?: string };
  readonly files?: readonly string[];
  readonly exports?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly bin?: Readonly<Record<string, string>>;
}

/** A workspace as it would be published. */
export interface PackedPackage {
  readonly manifest: Manifest;
  readonly tarball: string;
  /** Paths inside the package. */
  readonly files: readonly string[];
}

/** What a finished program left. */
export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function readManifest(workspace: string): Manifest {
  return JSON.parse(readFileSync(join(root, workspace, 'package.json'), 'utf8'));
}

/** The workspaces that are published: all that do not say `private`. */
export function publishableWorkspaces(): string[] {
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { workspaces: string[] };
  return workspaces.filter((workspace) => readManifest(workspace).private !== true);
}

/** Pack every publishable workspace as `npm publish` would. @throws Error with npm's words. */
export function packWorkspaces(directory: string): PackedPackage[] {
  const workspaces = publishableWorkspaces();
  const flags = workspaces.flatMap((workspace) => ['--workspace', workspace]);
  const stdout = npm(root, ['pack', '--json', '--pack-destination', directory, ...flags]);
  const reports = Object.values(JSON.parse(stdout)) as { name: string; filename: string; files: { path: string }[] }[];
  return workspaces.map((workspace) => {
    const manifest = readManifest(workspace);
    const report = reports.find(({ name }) => name === manifest.name);
    if (report === undefined) throw new Error(`npm packed no ${manifest.name}: ${stdout}`);
    return {
      manifest,
      tarball: join(directory, report.filename),
      files: report.files.map(({ path }) => path),
    };
  });
}

/** An empty project that has installed only what is named: tarballs of ours, or names of the registry. */
export class Project {
  readonly directory: string;

  constructor(directory: string, install: readonly string[]) {
    this.directory = directory;
    mkdirSync(directory);
    this.write('package.json', JSON.stringify({ name: 'empty', version: '1.0.0', private: true }));
    // Nothing needed may depend on an install script, so none runs.
    npm(directory, ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', ...install]);
  }

  write(name: string, text: string): string {
    const path = join(this.directory, name);
    writeFileSync(path, text);
    return path;
  }

  run(command: string, args: readonly string[]): Finished {
    const { status, stdout, stderr, error } = spawnSync(command, args, {
      cwd: this.directory,
      env: outsideEnvironment(),
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
    if (error !== undefined) throw error;
    return { status, stdout, stderr };
  }

  node(args: readonly string[]): Finished {
    return this.run(process.execPath, args);
  }

  /** Names of everything installed, nested copies too. */
  installed(): Set<string> {
    const { packages } = JSON.parse(readFileSync(join(this.directory, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, unknown>;
    };
    return new Set(
      Object.keys(packages)
        .filter((path) => path !== '')
        .map((path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)),
    );
  }
}

/** This process's environment without what `npm run` in this repository added: a stranger's shell. */
export function outsideEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) =>
        !/^npm_(package|lifecycle|config_local_prefix|config_workspace)|^INIT_CWD$|^NODE_V8_COVERAGE$/.test(name),
    ),
  );
}

function npm(cwd: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync('npm', args, {
    cwd,
    env: outsideEnvironment(),
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`npm ${args[0]} ended with ${status}:\n${stderr.slice(-2_000)}`);
  return stdout;
}
