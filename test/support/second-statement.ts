import {
  type BoxesFrame,
  type CertificateFrame,
  dealersId,
  framesSent,
  inputsHash,
  type ProposalFrame,
  signBody,
  toBitmap,
} from '@concordat/core';
import { expect } from 'chai';
import { n, victim } from './forged-frames.js';
import { codec, crypto, type InMemorySession } from './session.js';

/** A second proposal without participant "5" that would pass every check but the first one's existence. */
export function secondProposal(session: InMemorySession): ProposalFrame {
  const frames = framesSent(session.aggregator, victim);
  const dealers = frames.find((frame) => frame.type === 'dealers')!;
  const { uploads } = frames.find((frame) => frame.type === 'proposal')!;
  const kept = uploads.slice(0, 4);
  const { sid2 } = codec.upload.decode(uploads[0]!.upload.body);
  const { sid } = codec.share.decode((frames[2] as BoxesFrame).boxes[0]!.share.body);
  const listed = dealers.shares.map(({ dealer, bodyHash }) => ({ index: dealer, bodyHash }));
  expect(dealersId(crypto, sid, n, listed)).to.deep.equal(sid2);
  const members = kept.map(({ participant, upload }) => ({ index: participant, bodyHash: crypto.sha256(upload.body) }));
  const indexes = members.map(({ index }) => index);
  const body = codec.survivors.encode({
    sid2,
    survivors: toBitmap(n, indexes),
    inputsHash: inputsHash(crypto, sid2, n, members),
  });
  return { type: 'proposal', proposal: signBody(crypto, session.coordinator, 'CSA1/proposal', body), uploads: kept };
}

/** T true signatures on a statement: what colluding signers could make. */
export function certificateOn(session: InMemorySession, body: Uint8Array): CertificateFrame {
  const signatures = [0, 1, 2, 3].map((participant) => ({
    participant,
    signature: signBody(crypto, session.signers.get(String(participant + 1))!, 'CSA1/survivors', body).signature,
  }));
  return { type: 'certificate', body, signatures };
}
