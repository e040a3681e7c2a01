import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type ErrorCode, errorCodes, FederatedError, rulesOf } from '@concordat/core';
import { expect } from 'chai';

const root = resolve(import.meta.dirname, '../../..');

const sources = ['core', 'proto', 'node', 'client-sdk', 'coordinator', 'sim', 'cli'].flatMap((workspace) =>
  readdirSync(join(root, workspace, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/generated|^rules[/.]/.test(name))
    .map((name) => readFileSync(join(root, workspace, 'src', name), 'utf8')),
);

/** Every `rule: '…'` that an error of a literal code carries. Those of `refusal` and `contradiction` are held by the compiler. */
const carried = sources.flatMap((text) =>
  [...text.matchAll(/new FederatedError\(\s*'([a-z-]+)',((?!new FederatedError\(|;\n)[\s\S])*?\brule: '([^']+)'/g)].map(
    ([, code, , rule]) => ({ code: code as ErrorCode, rule: rule! }),
  ),
);

describe('the list of rules', () => {
  it('has every rule that a source gives to an error, under its code', () => {
    expect(carried).to.have.length.above(10);
    expect(carried.filter(({ code, rule }) => !rulesOf(code).has(rule))).to.deep.equal([]);
  });

  it('has no rule that no source names', () => {
    const all = sources.join('\n');
    const listed = errorCodes.flatMap((code) => [...rulesOf(code).keys()]);
    const named = (rule: string) => all.includes(`'${rule}'`) || rule.startsWith('config.');
    expect(listed.filter((rule) => !named(rule))).to.deep.equal([]);
  });

  it('says for each what is required and what to do, as sentences of one line', () => {
    for (const code of errorCodes) {
      for (const [rule, { required, fix }] of rulesOf(code)) {
        expect(required, rule).to.match(/^[^\n|]{10,}[^.\n|]$/);
        expect(fix, rule).to.match(/^[A-Z][^\n|]{5,}\.$/);
      }
    }
  });
});

describe('an error', () => {
  it('says what its rule says to do, unless it knows better', () => {
    const detail = { rule: 'cohort.order' };
    expect(new FederatedError('verification', 'no', { detail }).fix).to.include(
      rulesOf('verification').get('cohort.order')!.fix,
    );
    expect(new FederatedError('verification', 'no', { detail, fix: 'Look twice.' }).fix).to.match(/^Look twice\. /);
  });

  it('names the page of its code once, also when it is made of another error’s fix', () => {
    const first = new FederatedError('refused', 'no', { fix: 'Ask.' });
    const second = new FederatedError('malformed', 'no', { fix: first.fix });
    expect(first.fix).to.equal('Ask. More: docs/errors/refused.md (type: concordat explain refused).');
    expect(second.fix).to.equal('Ask. More: docs/errors/malformed.md (type: concordat explain malformed).');
  });

  it('is not talked into another rule by a peer', () => {
    for (const rule of ['__proto__', 'constructor', 'toString', '']) {
      expect(new FederatedError('refused', 'no', { detail: { rule } }).fix).to.match(/^Read the rule in the detail/);
    }
  });
});
