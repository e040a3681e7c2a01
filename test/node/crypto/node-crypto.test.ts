import { createPublicKey, verify } from 'node:crypto';
import { FederatedError, fromHex, toHex, utf8Encode } from '@concordat/core';
import { nodeCrypto as crypto } from '@concordat/node';
import { expect } from 'chai';

const hex = fromHex;
const text = utf8Encode;
const range = (from: number, to: number): Uint8Array => Uint8Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('SHA-256', () => {
  it('gives the examples of FIPS 180-4, in one part or several', () => {
    expect(toHex(crypto.sha256())).to.equal('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect(toHex(crypto.sha256(text('abc')))).to.equal(abc);
    expect(toHex(crypto.sha256(text('a'), text(''), text('bc')))).to.equal(abc);
    expect(toHex(crypto.sha256(text('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq')))).to.equal(
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    );
  });
});

describe('HKDF', () => {
  it('gives the first 32 bytes of RFC 5869 A.1 to A.3', () => {
    const key = new Uint8Array(22).fill(0x0b);
    expect(toHex(crypto.hkdf(key, range(0, 12), range(0xf0, 0xf9)))).to.equal(
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf',
    );
    expect(toHex(crypto.hkdf(range(0, 0x4f), range(0x60, 0xaf), range(0xb0, 0xff)))).to.equal(
      'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c',
    );
    expect(toHex(crypto.hkdf(key, new Uint8Array(0), new Uint8Array(0)))).to.equal(
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d',
    );
  });
});

describe('the keystream', () => {
  const key = new Uint8Array(32);

  it('is AES-256 of the counter block, from 0', () => {
    // AES-256 of 0, 1 and 2 under the zero key: SP 800-38A §6.5 with the known answers of the GCM specification, cases 13 and 14.
    expect(toHex(crypto.keystream(key, 0, 48))).to.equal(
      'dc95c078a2408989ad48a21492842087530f8afbc74536b9a963b4f1c4cb738bcea7403d4d606b6e074ec5d3baf39d18',
    );
  });

  it('is the same bytes wherever it is entered and however much is asked for', () => {
    const whole = crypto.keystream(key, 0, 200_000);
    for (const [from, length] of [
      [16, 16],
      [49_152, 49_152],
      [65_536, 100_001],
      [131_072, 7],
    ] as const) {
      expect(crypto.keystream(key, from, length), `${from}`).to.deep.equal(whole.slice(from, from + length));
    }
    expect(crypto.keystream(key, 0, 0)).to.have.length(0);
  });

  it('carries its counter beyond 2^32 blocks', () => {
    const from = 2 ** 36 - 16;
    expect(crypto.keystream(key, from, 32).slice(16)).to.deep.equal(crypto.keystream(key, 2 ** 36, 16));
  });

  it('starts at whole blocks only, with a whole key', () => {
    for (const from of [1, -16, 0.5, 2 ** 60]) expect(() => crypto.keystream(key, from, 1)).to.throw(FederatedError);
    expect(() => crypto.keystream(new Uint8Array(16), 0, 1)).to.throw(FederatedError);
  });
});

describe('X25519', () => {
  it('gives the vectors of RFC 7748 §5.2', () => {
    const scalar = hex('a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4');
    const u = hex('e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c');
    expect(toHex(crypto.x25519(scalar, u))).to.equal(
      'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
    );
    const nine = Uint8Array.of(9, ...new Uint8Array(31));
    expect(toHex(crypto.x25519(nine, nine))).to.equal(
      '422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079',
    );
  });

  it('gives the second vector only with the top bit clear, as the suite demands', () => {
    const scalar = hex('4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d');
    const u = hex('e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493');
    expect(() => crypto.x25519(scalar, u))
      .to.throw(FederatedError)
      .with.property('code', 'verification');
    u[31]! &= 0x7f;
    expect(toHex(crypto.x25519(scalar, u))).to.equal(
      '95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957',
    );
  });

  it('agrees as in RFC 7748 §6.1', () => {
    const alice = hex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a');
    const bob = hex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb');
    expect(toHex(crypto.x25519PublicKey(alice))).to.equal(
      '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
    );
    expect(toHex(crypto.x25519PublicKey(bob))).to.equal(
      'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
    );
    const shared = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742';
    expect(toHex(crypto.x25519(alice, crypto.x25519PublicKey(bob)))).to.equal(shared);
    expect(toHex(crypto.x25519(bob, crypto.x25519PublicKey(alice)))).to.equal(shared);
  });

  it('refuses keys of low order, at or above 2^255 − 19, or of another length', () => {
    const secret = new Uint8Array(32).fill(1);
    const bad = [
      '00'.repeat(32),
      `01${'00'.repeat(31)}`,
      'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
      '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
      `ec${'ff'.repeat(30)}7f`,
      `ed${'ff'.repeat(30)}7f`,
      `f2${'ff'.repeat(30)}7f`,
      'ff'.repeat(32),
      '09'.repeat(31),
    ];
    for (const key of bad) {
      expect(() => crypto.x25519(secret, hex(key)), key)
        .to.throw(FederatedError)
        .with.property('code', 'verification');
    }
  });
});

describe('Ed25519', () => {
  const vectors = [
    {
      seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
      key: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      message: '',
      signature:
        'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    },
    {
      seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
      key: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
      message: '72',
      signature:
        '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    },
    {
      seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
      key: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
      message: 'af82',
      signature:
        '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
    },
  ];

  it('gives the vectors of RFC 8032 §7.1', () => {
    for (const { seed, key, message, signature } of vectors) {
      expect(toHex(crypto.ed25519PublicKey(hex(seed)))).to.equal(key);
      expect(toHex(crypto.ed25519Sign(hex(message), hex(seed)))).to.equal(signature);
      expect(crypto.ed25519Verify(hex(message), hex(signature), hex(key))).to.equal(true);
    }
  });

  it('refuses another message, key or signature, and wrong lengths, without an exception', () => {
    const [{ key, signature }, other] = [vectors[0]!, vectors[1]!];
    expect(crypto.ed25519Verify(hex('00'), hex(signature), hex(key))).to.equal(false);
    expect(crypto.ed25519Verify(hex(''), hex(signature), hex(other.key))).to.equal(false);
    expect(crypto.ed25519Verify(hex(''), hex(other.signature), hex(key))).to.equal(false);
    expect(crypto.ed25519Verify(hex(''), hex(signature).subarray(1), hex(key))).to.equal(false);
    expect(crypto.ed25519Verify(hex(''), hex(signature), hex(key).subarray(1))).to.equal(false);
  });

  it('refuses S + L, a second signature for the same statement', () => {
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const { key, signature } = vectors[0]!;
    const forged = hex(signature);
    let s = BigInt(`0x${toHex(forged.slice(32).reverse())}`) + order;
    for (let i = 32; i < 64; i++, s >>= 8n) forged[i] = Number(s & 255n);
    expect(crypto.ed25519Verify(hex(''), forged, hex(key))).to.equal(false);
  });

  it('refuses small-order keys, for which the library accepts one signature over everything', () => {
    const identity = Uint8Array.of(1, ...new Uint8Array(31));
    const universal = Uint8Array.of(...identity, ...new Uint8Array(32));
    const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), identity]);
    const library = createPublicKey({ key: der, format: 'der', type: 'spki' });
    expect(verify(null, Buffer.from('anything'), library, universal), 'the trap this test is for').to.equal(true);
    expect(crypto.ed25519Verify(text('anything'), universal, identity)).to.equal(false);
    const others = [
      '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
      '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
      `ec${'ff'.repeat(30)}7f`,
      `ec${'ff'.repeat(30)}ff`,
      '00'.repeat(32),
      `${'00'.repeat(31)}80`,
      `01${'00'.repeat(30)}80`,
      // Not canonical: p and p + 1 for 0 and 1.
      `ed${'ff'.repeat(30)}7f`,
      `ee${'ff'.repeat(30)}7f`,
    ];
    for (const key of others) expect(crypto.ed25519Verify(text('x'), universal, hex(key)), key).to.equal(false);
  });
});

describe('the secret box', () => {
  const key = hex('1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389');
  const nonce = hex('69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37');
  const message = hex(
    'be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f41db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f937763848645e0705',
  );
  const box =
    'f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5';

  it('gives the vector of NaCl', () => {
    expect(toHex(crypto.secretboxSeal(message, nonce, key))).to.equal(box);
    expect(crypto.secretboxOpen(hex(box), nonce, key)).to.deep.equal(message);
  });

  it('does not open when a bit is changed', () => {
    const damaged = hex(box);
    damaged[40]! ^= 1;
    expect(crypto.secretboxOpen(damaged, nonce, key)).to.equal(undefined);
  });
});
