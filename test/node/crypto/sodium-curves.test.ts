import { loadSodiumCurves, nodeCrypto, openSslCrypto } from '@concordat/node';
import { expect } from 'chai';

// What its functions do is claimed, beside those of the other implementations, in test/core/crypto.
describe('The curves of libsodium', () => {
  it('are those of the port where sodium-native is installed', function () {
    const curves = loadSodiumCurves();
    if (curves === undefined) this.skip();
    expect(Object.keys(curves)).to.have.members(['x25519', 'ed25519Verify']);
    expect(nodeCrypto.ed25519Verify).to.not.equal(openSslCrypto.ed25519Verify);
    expect(nodeCrypto.x25519).to.not.equal(openSslCrypto.x25519);
  });

  it('are OpenSSL’s where it is not', function () {
    if (loadSodiumCurves() !== undefined) this.skip();
    expect(nodeCrypto).to.deep.equal(openSslCrypto);
  });
});
