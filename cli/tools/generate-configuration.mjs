// Writes the JSON Schemas of the configuration files and the tables of docs/configuration.md from the declared settings
// (built: npm run build). With --check it writes nothing and fails when one differs.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  declarationJsonSchema,
  enrolSettings,
  participantJsonSchema,
  participantSettings,
  policyJsonSchema,
} from '@concordat/client-sdk';
import { coordinatorJsonSchema, coordinatorSettings, operatorSettings } from '@concordat/coordinator';
import { schemaTable, settingsTable } from '@concordat/node';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const document = 'docs/configuration.md';
const say = (text) => process.stderr.write(`${text}\n`);
const read = (path) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : '');

const tables = {
  'coordinator start': settingsTable(coordinatorSettings),
  'the operator’s commands': settingsTable(operatorSettings),
  'participant serve': settingsTable(participantSettings),
  'participant enroll': settingsTable(enrolSettings),
  'policy.yaml': schemaTable(policyJsonSchema()),
  'data.yaml': schemaTable(declarationJsonSchema()),
  'a column of data.yaml': schemaTable(declarationJsonSchema().properties.columns.items),
};

/** The document with each table between its marks replaced; a table without marks is an error. */
function withTables(text) {
  return Object.entries(tables).reduce((whole, [name, table]) => {
    const [begin, end] = [`<!-- table: ${name} -->\n`, '<!-- end -->'];
    const from = whole.indexOf(begin);
    if (from === -1) throw new Error(`${document} has no place for the table "${name}"`);
    return `${whole.slice(0, from + begin.length)}${table}\n${whole.slice(whole.indexOf(end, from))}`;
  }, text);
}

const json = (schema) => `${JSON.stringify(schema, undefined, 2)}\n`;
const wanted = {
  'coordinator/schema/coordinator.schema.json': json(coordinatorJsonSchema()),
  'client-sdk/schema/participant.schema.json': json(participantJsonSchema()),
  'client-sdk/schema/policy.schema.json': json(policyJsonSchema()),
  'client-sdk/schema/data.schema.json': json(declarationJsonSchema()),
  [document]: withTables(read(document)),
};

const drifted = Object.keys(wanted).filter((path) => wanted[path] !== read(path));
if (!process.argv.includes('--check')) {
  for (const path of drifted) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), wanted[path]);
  }
  say(`wrote ${drifted.join(', ') || 'nothing: all is up to date'}`);
} else if (drifted.length > 0) {
  say(`differs from the declared settings: ${drifted.join(', ')}\nRun: npm run docs:configuration`);
  process.exitCode = 1;
} else say(`schemas and ${document} match the declared settings (${Object.keys(wanted).length} files)`);
