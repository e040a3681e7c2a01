// Print a bill of materials of a workspace: everything that whoever installs it gets, from package-lock.json, without a network.
// Usage: sbom.mjs [workspace] [--no-optional]. CycloneDX 1.5 as JSON, the same bytes every time.
// `npm sbom --workspace` leaves out what a development tool of the repository needs as well; in a project of one's own it is right.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const { packages } = JSON.parse(readFileSync(resolve(root, 'package-lock.json'), 'utf8'));
const workspace = process.argv.slice(2).find((argument) => !argument.startsWith('--')) ?? 'client-sdk';
const optional = !process.argv.includes('--no-optional');

/** Where Node finds a package from another one's place. */
function placeOf(name, from) {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const path = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
    if (packages[path] !== undefined) return packages[path].link === true ? packages[path].resolved : path;
    if (at === '') return undefined;
  }
}

const nameOf = (path) => packages[path].name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
const purlOf = (path) => `pkg:npm/${nameOf(path).replace('@', '%40')}@${packages[path].version}`;

/** Place → what it needs. */
const graph = new Map();
function collect(path) {
  if (graph.has(path)) return;
  const { dependencies = {}, optionalDependencies = {} } = packages[path];
  const names = [...Object.keys(dependencies), ...(optional ? Object.keys(optionalDependencies) : [])];
  const wanted = names.filter((name) => optional || optionalDependencies[name] === undefined);
  const places = wanted.map((name) => placeOf(name, path)).filter((place) => place !== undefined);
  graph.set(path, places);
  for (const place of places) collect(place);
}

function componentOf(path) {
  const { version, license, integrity } = packages[path];
  const [algorithm, digest] = integrity?.split('-') ?? [];
  const content = digest === undefined ? undefined : Buffer.from(digest, 'base64').toString('hex');
  return {
    type: 'library',
    'bom-ref': purlOf(path),
    name: nameOf(path),
    version,
    purl: purlOf(path),
    ...(license === undefined ? {} : { licenses: [licenceOf(license)] }),
    ...(content === undefined ? {} : { hashes: [{ alg: algorithm.toUpperCase().replace('SHA', 'SHA-'), content }] }),
  };
}

/** An identifier or an expression of SPDX; or, as npm has it of others, the file that says it. */
function licenceOf(license) {
  if (license.startsWith('SEE LICENSE IN')) return { license: { name: license } };
  return /[ (]/.test(license) ? { expression: license } : { license: { id: license } };
}

const byPurl = (paths) =>
  [...new Map(paths.map((path) => [purlOf(path), path])).entries()].sort(([a], [b]) => (a < b ? -1 : 1));

if (packages[workspace]?.name === undefined) throw new Error(`there is no workspace ${workspace}`);
collect(workspace);
const bom = {
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  version: 1,
  metadata: { component: { ...componentOf(workspace), type: 'library' } },
  components: byPurl([...graph.keys()].filter((path) => path !== workspace)).map(([, path]) => componentOf(path)),
  dependencies: byPurl([...graph.keys()]).map(([ref, path]) => ({
    ref,
    dependsOn: [...new Set(graph.get(path).map(purlOf))].sort(),
  })),
};
process.stdout.write(`${JSON.stringify(bom, undefined, 2)}\n`);
