import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { participantJsonSchema, policyJsonSchema, trainerEnvironment } from '@concordat/client-sdk';
import { bounds, errorCodes, rulesOf } from '@concordat/core';
import { parseYaml } from '@concordat/node';
import { expect } from 'chai';
import { repository } from '../support/test-titles.js';

const read = (path: string): string => readFileSync(join(repository, path), 'utf8');

describe('docs/trainers.md', () => {
  const text = read('docs/trainers.md');

  it('shows settings that there are', () => {
    const known = { ...participantJsonSchema().properties, ...policyJsonSchema().properties } as Record<
      string,
      { readonly properties?: object }
    >;
    const blocks = [...text.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)];
    expect(blocks).to.have.length(3);
    for (const [, block] of blocks) {
      const reading = parseYaml(block!, 'participant.yaml');
      if (reading.type !== 'read') throw new Error(`cannot be read: ${block}`);
      for (const [key, value] of Object.entries(reading.file.document as object)) {
        expect(known, key).to.have.property(key);
        if (typeof value === 'object') expect(known[key]!.properties).to.include.all.keys(Object.keys(value));
      }
    }
  });

  it('names every rule about trainers, and none that does not exist', () => {
    const rules = errorCodes.flatMap((code) => [...rulesOf(code).keys()]).filter((rule) => rule.startsWith('trainer.'));
    const elsewhere = ['trainer.directory', 'trainer.external'];
    const table = text.slice(text.indexOf('| rule |'), text.indexOf('A launched one is launched again'));
    for (const rule of rules.filter((one) => !elsewhere.includes(one))) expect(table, rule).to.include(`\`${rule}\``);
    const settings = ['trainer.silentSeconds', 'trainer.startSeconds'];
    for (const [, name] of text.matchAll(/`(trainer\.[a-zA-Z]+)`/g)) {
      expect([...rules, ...settings, 'trainer.attach', 'trainer.launch'], name).to.include(name);
    }
  });

  it('lists what a launched trainer gets of the environment', () => {
    for (const name of trainerEnvironment.filter((one) => !one.endsWith('_NUM_THREADS'))) {
      expect(text).to.include(`\`${name}\``);
    }
  });

  it('says the bounds of the protocol, as trainer.proto does', () => {
    for (const where of [text, read('proto/concordat/v1/trainer.proto')]) {
      expect(where).to.include(bounds.trainerMessageBytesMax.toLocaleString('en'));
      expect(where).to.include(bounds.frameBytes.toLocaleString('en'));
    }
  });

  it('links to files that exist', () => {
    for (const [, target] of text.matchAll(/\]\(([^)#:]+)\)/g))
      expect(() => read(join('docs', target!)), target).to.not.throw();
  });

  it('counts the lines with which the script in PyTorch joins', () => {
    const numbers = [...read('examples/pytorch-trainer/train.py').matchAll(/# (\d)/g)].map(([, number]) => number);
    expect(numbers).to.deep.equal(['1', '2', '3', '4', '5']);
  });
});
