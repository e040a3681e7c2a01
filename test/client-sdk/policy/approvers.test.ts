import { approverKeyText, parsePolicy } from '@concordat/client-sdk';
import { FederatedError, toBase64url } from '@concordat/core';
import { expect } from 'chai';
import { signerOf } from '../transport/test-coordinator.js';

const [dpo, owner] = [41, 42].map((seed) => approverKeyText(signerOf(seed).publicKey)) as [string, string];
const file = (lines: string) =>
  `schema: concordat/policy/1\nproposers: [operator]\npurposes: [test]\ncohort: {min: 4}\n${lines}`;
const messageOf = (lines: string): string => {
  try {
    parsePolicy(file(lines));
    return 'nothing';
  } catch (error) {
    expect(error).to.be.instanceOf(FederatedError);
    return (error as FederatedError).message;
  }
};

describe('the approvers of a policy', () => {
  it('are roles with keys, and manual is what a policy is that says nothing', () => {
    const { approval, approvers } = parsePolicy(file(`approvers: {dpo: [${dpo}], data-owner: [${owner}]}`));
    expect([approval, approvers]).to.deep.equal(['manual', { dpo: [dpo], 'data-owner': [owner] }]);
    expect(parsePolicy(file('')).approvers).to.equal(undefined);
  });

  for (const [what, lines] of [
    ['no role', 'approvers: {}'],
    ['a role without keys', 'approvers: {dpo: []}'],
    ['text that is no key', 'approvers: {dpo: [my-key]}'],
    ['a key of small order', `approvers: {dpo: [${toBase64url(new Uint8Array(32))}]}`],
    ['a key with another last character', `approvers: {dpo: [${dpo.slice(0, -1)}${dpo.endsWith('9') ? '8' : '9'}]}`],
    ['a role that is no id', `approvers: {"The DPO": [${dpo}]}`],
    ['the role of the participant itself', `approvers: {participant: [${dpo}]}`],
    ['one key in two roles', `approvers: {dpo: [${dpo}], data-owner: [${dpo}]}`],
    ['one key twice', `approvers: {dpo: [${dpo}, ${dpo}]}`],
    [
      'seventeen roles',
      `approvers: {${Array.from({ length: 17 }, (_, i) => `r${i}: [${approverKeyText(signerOf(60 + i).publicKey)}]`).join(', ')}}`,
    ],
    ['nobody who is asked, since the file approves', `approval: automatic\napprovers: {dpo: [${dpo}]}`],
    ['an approval that there is not', 'approval: later'],
  ] as const) {
    it(`are refused with ${what}, with the line and what to do`, () => {
      expect(messageOf(lines)).to.match(
        /policy\.yaml:[56]: approv[a-z0-9. -]*: required .+; offered .+\. (Correct|Add|Did|Remove) ?/i,
      );
    });
  }
});
