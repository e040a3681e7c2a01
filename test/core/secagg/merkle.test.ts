import { fromHex, merkleLeaf, merklePaths, merkleRoot, merkleVerify, toHex, utf8Encode } from '@concordat/core';
import { expect } from 'chai';
import { ports } from '../../support/crypto-ports.js';
import { crypto } from '../../support/session.js';

// Inputs and roots of the reference implementation of RFC 6962 (certificate-transparency, merkle_tree_test).
const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const roots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const leavesOf = (count: number) =>
  Array.from({ length: count }, (_, i) => merkleLeaf(crypto, utf8Encode(`leaf ${i}`)));

describe('A Merkle tree', () => {
  for (const { name, crypto } of ports) {
    it(`has the roots of RFC 6962 with ${name}`, () => {
      roots.forEach((root, index) => {
        const leaves = inputs.slice(0, index + 1).map((input) => merkleLeaf(crypto, fromHex(input)));
        expect(toHex(merkleRoot(crypto, leaves)), `${index + 1} leaves`).to.equal(root);
      });
      expect(toHex(merkleRoot(crypto, []))).to.equal(
        'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      );
    });
  }

  it('proves every leaf of every size to 20 under its root, and nowhere else', () => {
    for (let count = 1; count <= 20; count++) {
      const leaves = leavesOf(count);
      const root = merkleRoot(crypto, leaves);
      merklePaths(crypto, leaves).forEach((path, index) => {
        const proof = { leaf: leaves[index]!, index, count, path, root };
        expect(merkleVerify(crypto, proof)).to.equal(true);
        expect(merkleVerify(crypto, { ...proof, index: (index + 1) % count }), 'another index').to.equal(count === 1);
        expect(merkleVerify(crypto, { ...proof, leaf: leavesOf(21)[20]! }), 'another leaf').to.equal(false);
        expect(merkleVerify(crypto, { ...proof, path: [...path, root] }), 'a longer path').to.equal(false);
        if (path.length > 0)
          expect(merkleVerify(crypto, { ...proof, path: path.slice(1) }), 'a shorter path').to.equal(false);
      });
    }
  });

  it('does not take an index outside, or a path of wrong lengths', () => {
    const leaves = leavesOf(4);
    const proof = {
      leaf: leaves[0]!,
      index: 0,
      count: 4,
      path: merklePaths(crypto, leaves)[0]!,
      root: merkleRoot(crypto, leaves),
    };
    expect(merkleVerify(crypto, { ...proof, index: -1 })).to.equal(false);
    // Its lowest bits are those of index 0.
    expect(merkleVerify(crypto, { ...proof, index: -4 })).to.equal(false);
    expect(merkleVerify(crypto, { ...proof, index: 4 })).to.equal(false);
    expect(merkleVerify(crypto, { ...proof, path: [new Uint8Array(31), proof.path[1]!] })).to.equal(false);
  });
});
