import { FederatedError } from '@concordat/core';
import { type UploadBegun, uploadBegunFromWire, uploadBegunToWire, type wire } from '@concordat/proto';
import { expect } from 'chai';
import { methodOf } from './services.js';

const begin = methodOf<wire.UploadHeader, wire.UploadBegun>('Blobs', 'BeginMaskedUpdate');
const lengthBytes = 5 * 49_152 + 96;

const through = (begun: UploadBegun) => throughBytes(begin.responseSerialize(uploadBegunToWire(begun) as never));
const throughBytes = (bytes: Uint8Array) =>
  uploadBegunFromWire(
    begin.responseDeserialize(Buffer.from(bytes)) as unknown as wire.UploadBegun__Output,
    lengthBytes,
  );

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return error instanceof FederatedError ? error.code : String(error);
  }
  return 'nothing';
}

describe('the answer to who begins an upload', () => {
  const receipt = { body: Uint8Array.of(1, 2), signature: new Uint8Array(64).fill(3) };

  it('is read as it was said, also when nothing is there', () => {
    const said: UploadBegun[] = [
      { type: 'offset', committedOffset: 0 },
      { type: 'offset', committedOffset: 5 * 49_152 },
      { type: 'complete', receipt },
    ];
    for (const begun of said) expect(through(begun)).to.deep.equal(begun);
  });

  it('is no offset inside a chunk, behind the vector, at its end, or beyond what a number holds; and not nothing', () => {
    for (const committedOffset of [1, 49_151, 6 * 49_152, lengthBytes, 2 ** 53]) {
      expect(
        codeOf(() => through({ type: 'offset', committedOffset })),
        String(committedOffset),
      ).to.equal('malformed');
    }
    expect(codeOf(() => throughBytes(new Uint8Array(0)))).to.equal('malformed');
    expect(codeOf(() => throughBytes(Uint8Array.of(0x12, 0)))).to.equal('malformed');
  });
});
