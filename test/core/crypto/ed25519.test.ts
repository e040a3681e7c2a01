import { createPublicKey, verify } from 'node:crypto';
import { fromHex, toHex, utf8Encode } from '@concordat/core';
import { expect } from 'chai';
import nacl from 'tweetnacl';
import { ports } from '../../support/crypto-ports.js';
import { ruleThrownBy } from '../../support/rules.js';

const hex = fromHex;
const text = utf8Encode;

const message1024 = [
  '08b8b2b733424243760fe426a4b54908632110a66c2f6591eabd3345e3e4eb98fa6e264bf09efe12ee50f8f54e9f77b1',
  'e355f6c50544e23fb1433ddf73be84d879de7c0046dc4996d9e773f4bc9efe5738829adb26c81b37c93a1b270b20329d',
  '658675fc6ea534e0810a4432826bf58c941efb65d57a338bbd2e26640f89ffbc1a858efcb8550ee3a5e1998bd177e93a',
  '7363c344fe6b199ee5d02e82d522c4feba15452f80288a821a579116ec6dad2b3b310da903401aa62100ab5d1a36553e',
  '06203b33890cc9b832f79ef80560ccb9a39ce767967ed628c6ad573cb116dbefefd75499da96bd68a8a97b928a8bbc10',
  '3b6621fcde2beca1231d206be6cd9ec7aff6f6c94fcd7204ed3455c68c83f4a41da4af2b74ef5c53f1d8ac70bdcb7ed1',
  '85ce81bd84359d44254d95629e9855a94a7c1958d1f8ada5d0532ed8a5aa3fb2d17ba70eb6248e594e1a2297acbbb39d',
  '502f1a8c6eb6f1ce22b3de1a1f40cc24554119a831a9aad6079cad88425de6bde1a9187ebb6092cf67bf2b13fd65f270',
  '88d78b7e883c8759d2c4f5c65adb7553878ad575f9fad878e80a0c9ba63bcbcc2732e69485bbc9c90bfbd62481d9089b',
  'eccf80cfe2df16a2cf65bd92dd597b0707e0917af48bbb75fed413d238f5555a7a569d80c3414a8d0859dc65a46128ba',
  'b27af87a71314f318c782b23ebfe808b82b0ce26401d2e22f04d83d1255dc51addd3b75a2b1ae0784504df543af8969b',
  'e3ea7082ff7fc9888c144da2af58429ec96031dbcad3dad9af0dcbaaaf268cb8fcffead94f3c7ca495e056a9b47acdb7',
  '51fb73e666c6c655ade8297297d07ad1ba5e43f1bca32301651339e22904cc8c42f58c30c04aafdb038dda0847dd988d',
  'cda6f3bfd15c4b4c4525004aa06eeff8ca61783aacec57fb3d1f92b0fe2fd1a85f6724517b65e614ad6808d6f6ee34df',
  'f7310fdc82aebfd904b01e1dc54b2927094b2db68d6f903b68401adebf5a7e08d78ff4ef5d63653a65040cf9bfd4aca7',
  '984a74d37145986780fc0b16ac451649de6188a7dbdf191f64b5fc5e2ab47b57f7f7276cd419c17a3ca8e1b939ae49e4',
  '88acba6b965610b5480109c8b17b80e1b7b750dfc7598d5d5011fd2dcc5600a32ef5b52a1ecc820e308aa342721aac09',
  '43bf6686b64b2579376504ccc493d97e6aed3fb0f9cd71a43dd497f01f17c0e2cb3797aa2a2f256656168e6c496afc5f',
  'b93246f6b1116398a346f1a641f3b041e989f7914f90cc2c7fff357876e506b50d334ba77c225bc307ba537152f3f161',
  '0e4eafe595f6d9d90d11faa933a15ef1369546868a7f3a45a96768d40fd9d03412c091c6315cf4fde7cb68606937380d',
  'b2eaaa707b4c4185c32eddcdd306705e4dc1ffc872eeee475a64dfac86aba41c0618983f8741c5ef68d3a101e8a3b8ca',
  'c60c905c15fc910840b94c00a0b9d0',
].join('');

/** RFC 8032 §7.1, all five. */
const vectors = [
  {
    name: 'TEST 1',
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    key: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    name: 'TEST 2',
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    key: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    name: 'TEST 3',
    seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    key: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
  {
    name: 'TEST 1024',
    seed: 'f5e5767cf153319517630f226876b86c8160cc583bc013744c6bf255f5cc0ee5',
    key: '278117fc144c72340f67d0f2316e8386ceffbf2b2428c9c51fef7c597f1d426e',
    message: message1024,
    signature:
      '0aab4c900501b3e24d7cdf4663326a3a87df5e4843b2cbdb67cbf6e460fec350aa5371b1508f9f4528ecea23c436d94b5e8fcd4f681e30a6ac00a9704a188a03',
  },
  {
    name: 'TEST SHA(abc)',
    seed: '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42',
    key: 'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
    message:
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    signature:
      'dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704',
  },
];

/** L, the order of the base point. */
const order = 2n ** 252n + 27742317777372353535851937790883648493n;

/** The signature with `times` · L added to S. */
function plusOrder(signature: Uint8Array, times: bigint): Uint8Array {
  const forged = signature.slice();
  let s = BigInt(`0x${toHex(signature.slice(32).reverse())}`) + times * order;
  for (let i = 32; i < 64; i++, s >>= 8n) forged[i] = Number(s & 255n);
  return forged;
}

/** All encodings of the eight points of small order: canonical ones first, then −0 and y ≥ p. */
const smallOrderKeys = [
  '00'.repeat(32),
  `${'00'.repeat(31)}80`,
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  `01${'00'.repeat(30)}80`,
  `ec${'ff'.repeat(31)}`,
  `ed${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(31)}`,
  `ee${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(31)}`,
];

// Where verifiers differ (C2SP/CCTV, ed25519vectors.json, by number): a key of the full group with a small part, R of small order (which
// libsodium alone refuses, so all do) or not canonical, and equations that hold only when multiplied by the cofactor.
const mixed = '10eb7c3acfb2bed3e0d6ab89bf5a3d6afddd1176ce4812e38d9fd485058fdb1f';
const mixedToo = 'dd1483c5304d412c1f29547640a5c2950222ee8931b7ed1c72602b7afa7024e0';
const edgeCases: readonly {
  readonly number: number;
  readonly why: string;
  readonly key: string;
  readonly message: string;
  readonly signature: string;
  readonly holds: boolean;
}[] = [
  {
    number: 1,
    why: 'key and R of order 4',
    key: '00'.repeat(32),
    message: 'ed25519vectors 11',
    signature: '00'.repeat(64),
    holds: false,
  },
  {
    number: 3,
    why: 'a key of order 4',
    key: '00'.repeat(32),
    message: 'ed25519vectors 3',
    signature:
      '36684ea91032ba5b1dbab2d02f4debc74c3327f2b3802e2e4d371aa42b12b56b05ba9a796274d80437afa36f1236563f2f3b0aa84cecddc3d20914615ba4fe02',
    holds: false,
  },
  {
    number: 4,
    why: 'R of small order, holds only times the cofactor',
    key: mixed,
    message: 'ed25519vectors 7',
    signature: `${'00'.repeat(32)}5e176f12cfb0d4e6eb6929b19ae4c998ef05c1c2cf628a9b1fa1c21312627108`,
    holds: false,
  },
  {
    number: 5,
    why: 'R of small order, refused where the equation holds as it is',
    key: mixed,
    message: 'ed25519vectors 3',
    signature: `${'00'.repeat(32)}9472a69cd9a701a50d130ed52189e2455b23767db52cacb8716fb896ffeeac09`,
    holds: false,
  },
  {
    number: 6,
    why: 'R with a small part, holds only times the cofactor',
    key: mixed,
    message: 'ed25519vectors 10',
    signature:
      '36684ea91032ba5b1dbab2d02f4debc74c3327f2b3802e2e4d371aa42b12b56bc02e2b9e63e385c058bf62b14b3a2b29ccefe8e38ddb536bc3f9865320a3d801',
    holds: false,
  },
  {
    number: 7,
    why: 'R with a small part, holds as it is',
    key: mixed,
    message: 'ed25519vectors',
    signature:
      '36684ea91032ba5b1dbab2d02f4debc74c3327f2b3802e2e4d371aa42b12b56bbbfd00bd9c259d8d222d15e67a3d8228585050dbb9b9585be20d8fadc721da03',
    holds: true,
  },
  {
    number: 11,
    why: 'a key that is not canonical',
    key: `ed${'ff'.repeat(30)}7f`,
    message: 'ed25519vectors',
    signature:
      '36684ea91032ba5b1dbab2d02f4debc74c3327f2b3802e2e4d371aa42b12b56b05ba9a796274d80437afa36f1236563f2f3b0aa84cecddc3d20914615ba4fe02',
    holds: false,
  },
  {
    number: 17,
    why: 'R that is not canonical',
    key: mixed,
    message: 'ed25519vectors 3',
    signature: `ed${'ff'.repeat(30)}7fad7a355469b5c87e550469f6b2de409ee723acd584bf35f86b80c384e8ceb702`,
    holds: false,
  },
  {
    number: 19,
    why: 'R that is not canonical, hashed as if it were',
    key: mixed,
    message: 'ed25519vectors 3',
    signature: `ed${'ff'.repeat(30)}7f9472a69cd9a701a50d130ed52189e2455b23767db52cacb8716fb896ffeeac09`,
    holds: false,
  },
  {
    number: 246,
    why: 'R of order 2, holds only times the cofactor',
    key: mixedToo,
    message: 'ed25519vectors 1',
    signature: `ec${'ff'.repeat(30)}7f109d35eafa88df6c5770dd5ef7023b3965891d0c4050d2e9c7906613229d6c0e`,
    holds: false,
  },
  {
    number: 247,
    why: 'R of order 2, refused where the equation holds as it is',
    key: mixedToo,
    message: 'ed25519vectors 10',
    signature: `ec${'ff'.repeat(30)}7f86e5c516a446a3c8e69728091c2be6eb479dfe18bb36efd34e08fd8acc730407`,
    holds: false,
  },
  {
    number: 249,
    why: 'another R with a small part, holds as it is',
    key: mixedToo,
    message: 'ed25519vectors 8',
    signature:
      '37d3076f21bd3bec4ee4ebee360fe0e3b288557810e7dda72edae09650d5caf96f525d28c69be17ff4c0922ec4de39da15d46baad32dde92e4c37201b5cbd103',
    holds: true,
  },
];

describe('The libraries behind Ed25519', () => {
  const identity = hex(smallOrderKeys[2]!);
  const universal = Uint8Array.of(...identity, ...new Uint8Array(32));

  it('accept one signature over everything under the identity key: the trap that the strict keys are for', () => {
    const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), identity]);
    const openssl = createPublicKey({ key: der, format: 'der', type: 'spki' });
    expect(verify(null, Buffer.from('anything'), openssl, universal)).to.equal(true);
    expect(nacl.sign.detached.verify(text('anything'), universal, identity)).to.equal(true);
  });

  it('accept S + L in tweetnacl: the trap that the strict signatures are for', () => {
    const { key, signature } = vectors[0]!;
    expect(nacl.sign.detached.verify(hex(''), plusOrder(hex(signature), 1n), hex(key))).to.equal(true);
  });
});

for (const { name, crypto } of ports) {
  describe(`Ed25519 of ${name}`, () => {
    for (const { name: vector, seed, key, message, signature } of vectors) {
      it(`gives ${vector} of RFC 8032 §7.1`, () => {
        expect(toHex(crypto.ed25519PublicKey(hex(seed)))).to.equal(key);
        expect(toHex(crypto.ed25519Sign(hex(message), hex(seed)))).to.equal(signature);
        expect(crypto.ed25519Verify(hex(message), hex(signature), hex(key))).to.equal(true);
      });
    }

    it('refuses another message, key or signature, and wrong lengths, without an exception', () => {
      const [{ key, signature }, other] = [vectors[0]!, vectors[1]!];
      const verified = (message: string, by: Uint8Array, under: Uint8Array) =>
        crypto.ed25519Verify(hex(message), by, under);
      expect(verified('00', hex(signature), hex(key))).to.equal(false);
      expect(verified('', hex(signature), hex(other.key))).to.equal(false);
      expect(verified('', hex(other.signature), hex(key))).to.equal(false);
      for (const length of [0, 1, 32, 63, 65]) expect(verified('', new Uint8Array(length), hex(key))).to.equal(false);
      for (const length of [0, 1, 31, 33]) expect(verified('', hex(signature), new Uint8Array(length))).to.equal(false);
      expect(verified('', hex(signature).subarray(1), hex(key))).to.equal(false);
      expect(verified('', hex(signature), hex(key).subarray(1))).to.equal(false);
    });

    it('refuses S + L, a second signature for the same statement, and S = L', () => {
      for (const { key, message, signature } of vectors) {
        for (const times of [1n, 2n, 7n, 14n]) {
          expect(crypto.ed25519Verify(hex(message), plusOrder(hex(signature), times), hex(key))).to.equal(false);
        }
      }
      const nothing = Uint8Array.of(...hex(smallOrderKeys[2]!), ...new Uint8Array(32));
      expect(crypto.ed25519Verify(text('x'), plusOrder(nothing, 1n), hex(vectors[0]!.key))).to.equal(false);
    });

    it('refuses every encoding of every key of small order', () => {
      for (const key of smallOrderKeys) {
        for (const R of smallOrderKeys) {
          const universal = Uint8Array.of(...hex(R), ...new Uint8Array(32));
          for (const message of ['x', 'y', 'z', 'another']) {
            expect(crypto.ed25519Verify(text(message), universal, hex(key)), key).to.equal(false);
          }
        }
      }
    });

    it('takes the equation without the cofactor, and R as the bytes it says', () => {
      for (const { number, why, key, message, signature, holds } of edgeCases) {
        expect(crypto.ed25519Verify(text(message), hex(signature), hex(key)), `${number}: ${why}`).to.equal(holds);
      }
    });

    it('refuses a key that is on no curve', () => {
      const { message, signature } = vectors[0]!;
      expect(crypto.ed25519Verify(hex(message), hex(signature), hex(`02${'00'.repeat(31)}`))).to.equal(false);
    });

    it('signs with a seed of 32 bytes only', () => {
      for (const length of [0, 31, 33, 64]) {
        const seed = new Uint8Array(length);
        expect(ruleThrownBy(() => crypto.ed25519Sign(text('x'), seed))).to.equal('invalid-argument');
        expect(ruleThrownBy(() => crypto.ed25519PublicKey(seed))).to.equal('invalid-argument');
      }
    });
  });
}
