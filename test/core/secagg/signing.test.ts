import { concat, FederatedError, signBody, utf8Encode, verifyBody, verifyBodyHash } from '@concordat/core';
import { identityFromSeed } from '@concordat/node';
import { expect } from 'chai';
import { codec, crypto, InMemorySession } from '../../support/session.js';

const seed = new Uint8Array(32).fill(7);
const signer = identityFromSeed(seed);
const body = utf8Encode('a body');

describe('A signed body', () => {
  it('is signed over label, zero byte and digest', () => {
    const message = concat(utf8Encode('CSA1/upload'), Uint8Array.of(0), crypto.sha256(body));
    expect(signBody(crypto, signer, 'CSA1/upload', body).signature).to.deep.equal(crypto.ed25519Sign(message, seed));
  });

  it('verifies from its bytes and from its digest alone', () => {
    const signed = signBody(crypto, signer, 'CSA1/share', body);
    expect(verifyBody(crypto, signer.publicKey, 'CSA1/share', signed)).to.equal(true);
    const { signature } = signed;
    const byHash = { bodyHash: crypto.sha256(body), signature };
    expect(verifyBodyHash(crypto, signer.publicKey, 'CSA1/share', byHash)).to.equal(true);
  });

  it('does not verify under another label, key or body', () => {
    const signed = signBody(crypto, signer, 'CSA1/proposal', body);
    const other = identityFromSeed(new Uint8Array(32).fill(8));
    expect(verifyBody(crypto, signer.publicKey, 'CSA1/survivors', signed)).to.equal(false);
    expect(verifyBody(crypto, other.publicKey, 'CSA1/proposal', signed)).to.equal(false);
    expect(verifyBody(crypto, signer.publicKey, 'CSA1/proposal', { ...signed, body: utf8Encode('b body') })).to.equal(
      false,
    );
    expect(verifyBody(crypto, signer.publicKey, 'CSA1/proposal', { ...signed, signature: new Uint8Array(3) })).to.equal(
      false,
    );
  });

  /** What participant "1" says of a configuration that its codec does not decode. */
  const refusalOf = (thrown: Error): { readonly error: FederatedError; readonly bytes: number } => {
    const decode = (): never => {
      throw thrown;
    };
    const bytes = codec.config.encode(new InMemorySession({ participants: 3 }).config).length;
    const session = new InMemorySession({
      participants: 3,
      onPorts: (id, ports) =>
        id === '1' ? { ...ports, codec: { ...codec, config: { ...codec.config, decode } } } : ports,
    }).run();
    return { error: session.refusals[0]!.error, bytes };
  };

  it('that does not decode is malformed, with what its codec threw', () => {
    const cause = new RangeError('index out of range');
    const { error, bytes } = refusalOf(cause);
    expect([error.code, error.detail, error.cause]).to.deep.equal(['malformed', { bytes }, cause]);
  });

  it('keeps the error of its codec that is one of ours', () => {
    const ours = new FederatedError('malformed', 'a field is too long', { detail: { field: 'sid' } });
    expect(refusalOf(ours).error).to.equal(ours);
  });
});
