import {
  type BoxesFrame,
  type CertificateFrame,
  dealersId,
  framesSent,
  inputsHash,
  type ProposalFrame,
  type SessionStep,
  type SurvivorsBody,
  signBody,
  survivors,
  toBitmap,
} from '@concordat/core';
import { expect } from 'chai';
import { flip, forged, n, staysBy, victim } from '../../support/forged-frames.js';
import { replaced } from '../../support/mutations.js';
import { codec, crypto, InMemorySession, type SessionOptions } from '../../support/session.js';

describe('A participant refuses to sign survivors', () => {
  const proposed = (frame: ProposalFrame, session: InMemorySession, change: Partial<SurvivorsBody>): ProposalFrame => {
    const body = codec.survivors.encode({ ...codec.survivors.decode(frame.proposal.body), ...change });
    return { ...frame, proposal: signBody(crypto, session.coordinator, 'CSA1/proposal', body) };
  };
  const upload = (
    frame: ProposalFrame,
    index: number,
    change: Partial<ProposalFrame['uploads'][number]['upload']>,
  ) => ({
    ...frame,
    uploads: replaced(frame.uploads, index, {
      participant: index,
      upload: { ...frame.uploads[index]!.upload, ...change },
    }),
  });
  const headerOf = (session: InMemorySession, frame: ProposalFrame, index: number, change: object) => {
    const body = { ...codec.upload.decode(frame.uploads[index]!.upload.body), ...change };
    return signBody(crypto, session.signers.get(String(index + 1))!, 'CSA1/upload', codec.upload.encode(body));
  };
  const silent = (id: string, step: SessionStep): Partial<SessionOptions> => ({ silentFrom: new Map([[id, step]]) });

  it('that the coordinator did not propose', () => {
    const session = forged('proposal', (frame) => ({
      ...frame,
      proposal: { ...frame.proposal, signature: flip(frame.proposal.signature) },
    }));
    expect(staysBy(session)).to.equal('survivors.proposal');
  });

  it('of another session', () => {
    const session = forged('proposal', (frame, session) => proposed(frame, session, { sid2: new Uint8Array(32) }));
    expect(staysBy(session)).to.equal('survivors.session');
  });

  it('who are not all dealers', () => {
    const everyone = { survivors: toBitmap(n, [0, 1, 2, 3, 4]) };
    const session = forged('proposal', (frame, session) => proposed(frame, session, everyone), silent('5', 'confirm'));
    expect(staysBy(session)).to.equal('survivors.dealers');
  });

  it('who are too few', () => {
    const three = { survivors: toBitmap(n, [0, 1, 2]) };
    const session = forged('proposal', (frame, session) => proposed(frame, session, three));
    expect(staysBy(session)).to.equal('survivors.too-few');
  });

  it('who are fewer than the plan demands, although they are T', () => {
    const four = { survivors: toBitmap(n, [0, 1, 2, 3]) };
    const session = forged('proposal', (frame, session) => proposed(frame, session, four), { minSurvivors: 5 });
    expect(staysBy(session)).to.equal('survivors.too-few');
  });

  it('without itself', () => {
    const others = { survivors: toBitmap(n, [1, 2, 3, 4]) };
    const session = forged('proposal', (frame, session) => proposed(frame, session, others));
    expect(staysBy(session)).to.equal('survivors.self');
  });

  it('whose uploads are not shown', () => {
    const session = forged('proposal', (frame) => ({ ...frame, uploads: frame.uploads.slice(0, 4) }));
    expect(staysBy(session)).to.equal('survivors.list');
  });

  it('with an upload that is not signed by its participant', () => {
    const session = forged('proposal', (frame) =>
      upload(frame, 2, { signature: flip(frame.uploads[2]!.upload.signature) }),
    );
    expect(staysBy(session)).to.equal('survivors.upload-signature');
  });

  it('with an upload of another session or length', () => {
    for (const change of [{ sid2: new Uint8Array(32) }, { lengthBytes: 48 }]) {
      const session = forged('proposal', (frame, session) => upload(frame, 2, headerOf(session, frame, 2, change)));
      expect(staysBy(session)).to.equal('survivors.upload');
    }
  });

  it('with another upload in its own name', () => {
    const session = forged('proposal', (frame, session) =>
      upload(frame, 0, headerOf(session, frame, 0, { merkleRoot: new Uint8Array(32) })),
    );
    expect(staysBy(session)).to.equal('survivors.own-upload');
  });

  it('for other uploads than it is shown', () => {
    const session = forged('proposal', (frame, session) =>
      upload(frame, 2, headerOf(session, frame, 2, { merkleRoot: new Uint8Array(32) })),
    );
    expect(staysBy(session)).to.equal('survivors.inputs');
  });

  it('a second time, however valid the other proposal is', () => {
    const session = forged('certificate', (frame, session) => {
      session.toParticipant(victim, secondProposal(session));
      return frame;
    });
    expect(staysBy(session)).to.equal('survivors.second');
    expect(session.participants.get(victim)!.phase).to.equal('revealed');
  });
});

describe('A participant refuses a certificate', () => {
  it('that is short', () => {
    const session = forged('certificate', (frame) => ({ ...frame, signatures: frame.signatures.slice(0, 3) }));
    expect(staysBy(session)).to.equal('certificate.short');
  });

  it('that counts a signer twice', () => {
    const session = forged('certificate', (frame) => ({
      ...frame,
      signatures: [frame.signatures[0]!, ...frame.signatures.slice(0, 3)],
    }));
    expect(staysBy(session)).to.equal('certificate.repeated');
  });

  it('with a signer who did not survive', () => {
    const session = forged(
      'certificate',
      (frame, session) => {
        const { signature } = signBody(crypto, session.signers.get('5')!, 'CSA1/survivors', frame.body);
        return { ...frame, signatures: [...frame.signatures.slice(0, 3), { participant: 4, signature }] };
      },
      { silentFrom: new Map([['5', 'upload']]) },
    );
    expect(staysBy(session)).to.equal('certificate.signer');
  });

  it('with a signature on something else', () => {
    const session = forged('certificate', (frame) => {
      const [first] = frame.signatures;
      return { ...frame, signatures: replaced(frame.signatures, 0, { ...first!, signature: flip(first!.signature) }) };
    });
    expect(staysBy(session)).to.equal('certificate.signature');
  });

  it('on another statement than it signed, with T true signatures', () => {
    const session = forged('certificate', (_, session) =>
      certificateOn(session, secondProposal(session).proposal.body),
    );
    expect(staysBy(session)).to.equal('survivors.second');
    expect(session.replies.some(({ from, frame }) => from === victim && frame.type === 'reveal')).to.equal(false);
  });

  it('that comes second, after its reveal', () => {
    const session = new InMemorySession({ participants: n, maxColluders: 1 }).run();
    session.toParticipant(victim, certificateOn(session, secondProposal(session).proposal.body));
    expect(staysBy(session)).to.equal('certificate.second');
  });
});

describe('A participant that was not in the sum', () => {
  it('reveals all the same: it only helps the others to finish', () => {
    const session = forged('proposal', (frame) => frame, { silentFrom: new Map([['5', 'upload']]) });
    expect(survivors(session.aggregator)).to.deep.equal(['1', '2', '3', '4']);
    const last = session.participantRecords.get('5')!.at(-1)!;
    expect(last).to.include({ type: 'revealed', included: false });
  });

  it('never reveals both kinds of share for one dealer, nor anything without a certificate', () => {
    const session = forged('proposal', (frame) => frame, { silentFrom: new Map([['5', 'upload']]) });
    for (const { frame } of session.replies) {
      if (frame.type !== 'reveal') continue;
      const { shares } = codec.reveal.decode(frame.reveal.body);
      expect(shares.map(({ dealer, kind }) => `${dealer} ${kind}`)).to.deep.equal([
        '0 self',
        '1 self',
        '2 self',
        '3 self',
        '4 mask',
      ]);
    }
  });
});

/** A second proposal without participant "5" that would pass every check but the first one's existence. */
function secondProposal(session: InMemorySession): ProposalFrame {
  const frames = framesSent(session.aggregator, victim);
  const dealers = frames.find((frame) => frame.type === 'dealers')!;
  const { uploads } = frames.find((frame) => frame.type === 'proposal')!;
  const kept = uploads.slice(0, 4);
  const [cohort] = frames.filter((frame) => frame.type === 'cohort');
  expect(cohort!.adverts.length).to.equal(n);
  const { sid2 } = codec.upload.decode(uploads[0]!.upload.body);
  const { sid } = codec.share.decode((frames[2] as BoxesFrame).boxes[0]!.share.body);
  const listed = dealers.shares.map(({ dealer, bodyHash }) => ({ index: dealer, bodyHash }));
  expect(dealersId(crypto, sid, n, listed)).to.deep.equal(sid2);
  const members = kept.map(({ participant, upload }) => ({ index: participant, bodyHash: crypto.sha256(upload.body) }));
  const body = codec.survivors.encode({
    sid2,
    survivors: toBitmap(
      n,
      members.map(({ index }) => index),
    ),
    inputsHash: inputsHash(crypto, sid2, n, members),
  });
  return { type: 'proposal', proposal: signBody(crypto, session.coordinator, 'CSA1/proposal', body), uploads: kept };
}

/** T true signatures on a statement: what colluding signers could make. */
function certificateOn(session: InMemorySession, body: Uint8Array): CertificateFrame {
  const signatures = [0, 1, 2, 3].map((participant) => ({
    participant,
    signature: signBody(crypto, session.signers.get(String(participant + 1))!, 'CSA1/survivors', body).signature,
  }));
  return { type: 'certificate', body, signatures };
}
