import { type ErrorCode, FederatedError } from '@concordat/core';
import { expect } from 'chai';
import { victim } from './forged-frames.js';
import { ruleOf } from './rules.js';
import type { InMemorySession } from './session.js';

/** What a refusal says was required or offered: the value itself, or its form where it depends on keys. */
export type Said = string | number | RegExp;

/** One thing participant "1" must refuse, and all that the refusal must be. */
export interface RefusalCase {
  /** Completes the sentence "a participant refuses …". */
  readonly what: string;
  readonly rule: string;
  readonly code: ErrorCode;
  readonly required: Said;
  readonly offered: Said;
  /**
   * `session`: it is over for this participant, nothing was uploaded yet. `frame`: the frame alone, because after the upload the
   * others still need this participant's shares.
   */
  readonly refuses: 'session' | 'frame';
  readonly play: () => InMemorySession;
}

/** A digest in hex. */
export const digest = /^[0-9a-f]{64}$/;
export const badSignature = 'a signature that does not verify';

/**
 * Play a case and hold the refusal against it: code, rule, required, offered and a fix; journalled before it is reported; nothing
 * sent, masked or revealed in answer; the session over, or untouched, as the case says; and nobody else troubled.
 */
export function expectRefusal(one: RefusalCase): void {
  const session = one.play();
  const steps = session.steps.filter(({ participant }) => participant === victim);
  const at = steps.findIndex(({ effects }) => effects.some(({ type }) => type === 'refuse'));
  expect(at, `nothing was refused; expected ${one.rule}`).to.be.greaterThan(-1);
  const { before, after, effects } = steps[at]!;
  const [error] = effects.flatMap((effect) => (effect.type === 'refuse' ? [effect.error] : []));
  expectError(error, one);
  const record = { type: 'refused', code: one.code, rule: one.rule, message: error!.message };
  expect(effects[0]).to.deep.equal({ type: 'journal', record });
  expect(session.refusals.map(({ participant }) => participant)).to.deep.equal([victim]);
  const happened = effects.map((effect) => (effect.type === 'journal' ? effect.record.type : effect.type));
  if (one.refuses === 'frame') {
    expect(happened).to.deep.equal(['refused', 'refuse']);
    expect(after, 'the session goes on as it was').to.equal(before);
    return;
  }
  expect(happened).to.deep.equal(['refused', 'refuse', 'ended', 'erase']);
  expect([after.phase, Object.keys(after).sort()]).to.deep.equal(['ended', ['options', 'phase', 'slots']]);
  expect(steps.slice(at + 1).flatMap((step) => step.effects)).to.deep.equal([]);
}

/** The error of a refusal: one class, and every word it owes. */
export function expectError(
  error: unknown,
  expected: { readonly code: ErrorCode; readonly rule: string; readonly required: Said; readonly offered: Said },
): void {
  if (!(error instanceof FederatedError)) throw new Error(`not a FederatedError: ${String(error)}`);
  expect([error.code, ruleOf(error)]).to.deep.equal([expected.code, expected.rule]);
  expectSaid(error.detail.required, expected.required, 'required');
  expectSaid(error.detail.offered, expected.offered, 'offered');
  expect(error.fix, 'what to do').to.be.a('string').and.not.equal('');
}

function expectSaid(said: unknown, expected: Said, what: string): void {
  if (expected instanceof RegExp) expect(String(said), what).to.match(expected);
  else expect(said, what).to.equal(expected);
}
