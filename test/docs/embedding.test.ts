import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lies } from '@concordat/client-sdk/testing';
import { expect } from 'chai';
import { repository } from '../support/test-titles.js';

const read = (path: string): string => readFileSync(join(repository, path), 'utf8');
const run = (...args: readonly string[]) => spawnSync(process.execPath, args, { cwd: repository, encoding: 'utf8' });

interface Component {
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses?: readonly object[];
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
}

interface Bom {
  readonly bomFormat: string;
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** What comes with the SDK. @param flags of the tool. */
function bomOf(...flags: readonly string[]): Bom {
  const { status, stdout, stderr } = run('tools/sbom.mjs', 'client-sdk', ...flags);
  expect(status, stderr).to.equal(0);
  return JSON.parse(stdout) as Bom;
}

const isOurs = ({ name }: Component): boolean => name.startsWith('@concordat/');

describe('docs/embedding.md', () => {
  const text = read('docs/embedding.md');

  it('links to files that exist, and is found from the README', () => {
    for (const [, target] of text.matchAll(/\]\(([^)#:]+)\)/g))
      expect(() => read(join('docs', target!)), target).to.not.throw();
    expect(read('README.md')).to.include('docs/embedding.md');
  });

  it('counts the lies of the conformance suite', () => {
    expect(lies).to.have.length(13);
    expect(text).to.include('against thirteen that lie');
  });
});

describe('what the client SDK promises', () => {
  it('has a doc comment on every export', () => {
    const { status, stdout, stderr } = run('tools/api-report.mjs', '--undocumented');
    expect(status, stderr).to.equal(0);
    expect(stdout).to.equal('');
  });

  it('is written down as it is', () => {
    const { status, stdout } = run('tools/api-report.mjs', '--check');
    expect(status, stdout).to.equal(0);
  });
});

describe('the bill of materials of the client SDK', () => {
  const needed = bomOf('--no-optional').components;

  it('names everything once, with version, licence and digest', () => {
    const { bomFormat, components, dependencies } = bomOf();
    expect(bomFormat).to.equal('CycloneDX');
    expect(new Set(components.map(({ purl }) => purl)).size).to.equal(components.length);
    for (const one of components.filter((component) => !isOurs(component))) {
      expect(one.licenses, one.purl).to.have.length(1);
      expect(one.hashes?.[0]?.alg, one.purl).to.equal('SHA-512');
    }
    const known = new Set(dependencies.map(({ ref }) => ref));
    for (const { dependsOn } of dependencies) for (const ref of dependsOn) expect(known.has(ref), ref).to.equal(true);
  });

  it('has no package that the lock file does not have', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, { version?: string }> };
    const locked = new Set(
      Object.entries(packages).map(([path, { version }]) => `${path.replace(/^.*node_modules\//, '')}@${version}`),
    );
    for (const one of needed.filter((component) => !isOurs(component))) {
      expect(locked.has(`${one.name}@${one.version}`), one.purl).to.equal(true);
    }
  });

  it('has at most 65 packages of others beside the training library, and at most 120 with it', () => {
    expect(needed.filter((one) => !isOurs(one)).length).to.be.at.most(120);
    const { dependencies } = bomOf('--no-optional');
    const edges = new Map(dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
    const reached = new Set<string>();
    const walk = (ref: string): void => {
      if (reached.has(ref) || ref.startsWith('pkg:npm/%40tensorflow/')) return;
      reached.add(ref);
      for (const next of edges.get(ref)!) walk(next);
    };
    walk([...edges.keys()].find((ref) => ref.startsWith('pkg:npm/%40concordat/client-sdk@'))!);
    const others = [...reached].filter((ref) => !ref.startsWith('pkg:npm/%40concordat/'));
    expect(others).to.have.length.within(20, 65);
  });
});
