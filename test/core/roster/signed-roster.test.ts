import { certifyRosterKey, FederatedError, signRoster, verifyRoster } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { expect } from 'chai';
import { certificate, day, first, gamma, now, root, rosterKey, trust } from './consortium.js';

const signed = signRoster(nodeCrypto, rosterKey, first, certificate);
const refusal = (run: () => unknown): FederatedError => {
  try {
    run();
  } catch (error) {
    expect(error).to.be.instanceOf(FederatedError);
    return error as FederatedError;
  }
  throw new Error('was accepted');
};

describe('a signed roster', () => {
  it('is verified with the root alone', () => {
    const { roster, hash } = verifyRoster(nodeCrypto, signed, trust);
    expect(roster).to.deep.equal(first);
    expect(hash).to.deep.equal(nodeCrypto.sha256(signed.document.body));
  });

  it('is refused under another root', () => {
    const error = refusal(() => verifyRoster(nodeCrypto, signed, { ...trust, rootKey: gamma.publicKey }));
    expect(error.code).to.equal('verification');
    expect(error.message).to.include('consortium root');
  });

  it('is refused when its document was changed or signed by another key', () => {
    const other = signRoster(nodeCrypto, gamma, first, certificate);
    expect(refusal(() => verifyRoster(nodeCrypto, other, trust)).message).to.include('certified roster key');
    const body = signed.document.body.slice();
    body[20]! ^= 1;
    const changed = { ...signed, document: { ...signed.document, body } };
    expect(refusal(() => verifyRoster(nodeCrypto, changed, trust)).code).to.equal('verification');
  });

  it('is refused before and after the roster key is certified, with what to do', () => {
    const early = refusal(() => verifyRoster(nodeCrypto, signed, { ...trust, now: now - 2 * day }));
    expect(early.fix).to.include('clock');
    const late = refusal(() => verifyRoster(nodeCrypto, signed, { ...trust, now: now + 90 * day }));
    expect(late.message).to.include('not valid now');
  });

  it('is refused in another consortium, also when only the certificate is of another', () => {
    expect(refusal(() => verifyRoster(nodeCrypto, signed, { ...trust, consortium: 'bank' })).detail).to.deep.equal({
      required: 'bank',
      offered: 'health',
    });
    const bank = certifyRosterKey(nodeCrypto, root, {
      consortium: 'bank',
      rosterKey: rosterKey.publicKey,
      notBefore: now,
      notAfter: now + day,
    });
    const mixed = signRoster(nodeCrypto, rosterKey, first, bank);
    expect(refusal(() => verifyRoster(nodeCrypto, mixed, trust)).message).to.include('certificate');
    expect(refusal(() => verifyRoster(nodeCrypto, mixed, { ...trust, consortium: 'bank' })).message).to.include(
      'roster is',
    );
  });

  it('cannot use a roster signature as a roster key certificate', () => {
    const swapped = { document: signed.document, rosterKey: signed.document };
    expect(refusal(() => verifyRoster(nodeCrypto, swapped, { ...trust, rootKey: rosterKey.publicKey })).code).to.equal(
      'verification',
    );
  });
});
