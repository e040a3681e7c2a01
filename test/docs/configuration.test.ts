import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { declarationJsonSchema, participantJsonSchema, policyJsonSchema } from '@concordat/client-sdk';
import { coordinatorJsonSchema } from '@concordat/coordinator';
import { parseYaml } from '@concordat/node';
import { expect } from 'chai';
import { z } from 'zod';

const root = resolve(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** What an editor says: whether the text has the form of the committed schema. */
function fits(schemaPath: string, text: string): boolean {
  const reading = parseYaml(text, 'x.yaml');
  if (reading.type !== 'read') return false;
  return z.fromJSONSchema(JSON.parse(read(schemaPath))).safeParse(reading.file.document).success;
}

describe('the JSON Schemas', () => {
  it('that are committed are those of the declared settings', () => {
    for (const [path, schema] of [
      ['coordinator/schema/coordinator.schema.json', coordinatorJsonSchema()],
      ['client-sdk/schema/participant.schema.json', participantJsonSchema()],
      ['client-sdk/schema/policy.schema.json', policyJsonSchema()],
      ['client-sdk/schema/data.schema.json', declarationJsonSchema()],
    ] as const) {
      expect(JSON.parse(read(path)), path).to.deep.equal(schema);
    }
  });

  it('take the example policy, and refuse a rule that is misspelt or out of range', () => {
    const policy = read('examples/embedding/policy.yaml');
    const schema = 'client-sdk/schema/policy.schema.json';
    expect(fits(schema, policy)).to.equal(true);
    expect(fits(schema, `${policy}\nmetrix: []\n`)).to.equal(false);
    expect(fits(schema, policy.replace('min: 5', 'min: 2'))).to.equal(false);
  });

  it('take what the commands take and refuse what they refuse', () => {
    const participant = 'client-sdk/schema/participant.schema.json';
    expect(fits(participant, 'data: records\nonce: true\n')).to.equal(true);
    expect(fits(participant, 'data: records\nonce: yes\n')).to.equal(false);
    const coordinator = 'coordinator/schema/coordinator.schema.json';
    expect(fits(coordinator, 'address: "h:1"\nlisten: {host: "::", port: 1}\n')).to.equal(true);
    expect(fits(coordinator, 'address: "h:1"\nlisten: {host: "::", port: 65536}\n')).to.equal(false);
  });

  it('go with the packages', () => {
    for (const name of ['coordinator', 'client-sdk']) {
      expect(JSON.parse(read(`${name}/package.json`)).files, name).to.include('schema');
    }
  });
});
