import {
  configHash,
  dealersId,
  inputsHash,
  type OwnSession,
  ownSession,
  type Signed,
  signBody,
  type Transcript,
  toBitmap,
  toHex,
  type UploadBody,
} from '@concordat/core';
import { expect } from 'chai';
import { OpenedSession } from '../../../support/opened-session.js';
import { detailThrownBy, ruleThrownBy } from '../../../support/rules.js';
import { codec, crypto } from '../../../support/session.js';

const opened = new OpenedSession();
const { transcript } = opened;

function flipped(bytes: Uint8Array, at = bytes.length - 1): Uint8Array {
  return bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
}

function replaced<Item>(items: readonly Item[], at: number, change: (item: Item) => Item): readonly Item[] {
  return items.map((item, i) => (i === at ? change(item) : item));
}

/** The rule that a changed transcript breaks; own: one that saw no certificate before. */
function ruleOf(changes: Partial<Transcript>, own = opened.own('1')): string | undefined {
  return ruleThrownBy(() => opened.read({ ...transcript, ...changes }, '1', own));
}

/** The detail of the error with which it is refused. */
function detailOf(changes: Partial<Transcript>, own = opened.own('1')) {
  return detailThrownBy(() => opened.read({ ...transcript, ...changes }, '1', own));
}

/** As if the participant had not come to sign or reveal: the certificate is all that it has. */
function latecomerOf(session: OpenedSession): OwnSession {
  const { statement: _, ...unsigned } = session.own('1');
  return { ...unsigned, certified: false };
}

const latecomer = latecomerOf(opened);

/** A certificate with good signatures of `signers` on these uploads of these survivors: cohort indexes. */
function certificateOn(
  session: OpenedSession,
  uploads: readonly Signed[],
  { survivors = [0, 1, 2], signers = survivors }: { survivors?: readonly number[]; signers?: readonly number[] } = {},
): Transcript['certificate'] {
  const { cohort, order, session: played } = session;
  const { sid2 } = order;
  const members = survivors.map((index, at) => ({ index, bodyHash: crypto.sha256(uploads[at]!.body) }));
  const body = codec.survivors.encode({
    sid2,
    survivors: toBitmap(cohort.length, survivors),
    inputsHash: inputsHash(crypto, sid2, cohort.length, members),
  });
  const signatures = signers.map((participant) => {
    const signer = played.signers.get(cohort[participant]!)!;
    return { participant, signature: signBody(crypto, signer, 'CSA1/survivors', body).signature };
  });
  return { body, signatures };
}

/** An upload header that its participant signed. */
function uploadOf(session: OpenedSession, index: number, body: UploadBody): Signed {
  const signer = session.session.signers.get(session.cohort[index]!)!;
  return signBody(crypto, signer, 'CSA1/upload', codec.upload.encode(body));
}

describe('A transcript', () => {
  it('gives what it takes to compute the sum, and the very keystreams that opened it', () => {
    const checked = opened.read();
    expect(checked.uploads.map(({ participant }) => participant)).to.deep.equal(['1', '2', '3']);
    const sorted = (keys: typeof checked.maskKeys) => keys.map(({ key, sign }) => `${sign} ${String(key)}`).sort();
    expect(sorted(checked.maskKeys)).to.deep.equal(sorted(opened.order.maskKeys));
    expect(opened.read(transcript, '1', latecomer).uploads).to.have.length(3);
  });

  it('is refused with another configuration, cohort or set of dealers than the participant’s own', () => {
    expect(ruleOf({ config: flipped(transcript.config) })).to.equal('check.config');
    expect(ruleOf({ adverts: replaced(transcript.adverts, 1, flipped) })).to.equal('check.cohort');
    expect(ruleOf({ adverts: transcript.adverts.slice(1) })).to.equal('check.cohort');
    expect(ruleOf({ shares: replaced(transcript.shares, 2, flipped) })).to.equal('check.dealers');
    expect(ruleOf({ shares: transcript.shares.slice(1) })).to.equal('check.dealers');
    expect(ruleOf({ dealers: Uint8Array.of(0b0111), shares: transcript.shares.slice(0, 3) })).to.equal('check.dealers');
    expect(ruleOf({ dealers: Uint8Array.of(0b11111) })).to.equal('malformed');
  });

  it('is refused with the participant’s own hash and the one that it has', () => {
    const own = opened.own('1');
    const config = flipped(transcript.config);
    expect(detailOf({ config })).to.deep.equal({
      rule: 'check.config',
      required: toHex(own.configHash),
      offered: toHex(configHash(crypto, config)),
    });
    const shares = replaced(transcript.shares, 2, flipped);
    const members = shares.map((share, index) => ({ index, bodyHash: crypto.sha256(share) }));
    expect(detailOf({ shares })).to.deep.equal({
      rule: 'check.dealers',
      required: toHex(own.sid2),
      offered: toHex(dealersId(crypto, own.sid, 4, members)),
    });
    const counted = { rule: 'check.dealers', required: 4, offered: 3 };
    expect(detailOf({ shares: transcript.shares.slice(1) })).to.deep.equal(counted);
  });

  it('is refused with a certificate on another statement than the one signed here', () => {
    const statement = codec.survivors.decode(transcript.certificate.body);
    const body = codec.survivors.encode({ ...statement, survivors: Uint8Array.of(0b1111) });
    expect(detailOf({ certificate: { ...transcript.certificate, body } })).to.deep.equal({
      rule: 'check.certificate',
      required: toHex(crypto.sha256(transcript.certificate.body)),
      offered: toHex(crypto.sha256(body)),
    });
  });

  it('is refused without T good signatures of survivors, by one that saw no certificate before', () => {
    const { body, signatures } = transcript.certificate;
    const signed = (list: typeof signatures) => ruleOf({ certificate: { body, signatures: list } }, latecomer);
    expect(signed(signatures)).to.equal(undefined);
    expect(signed(signatures.slice(1))).to.equal('check.certificate');
    expect(signed([signatures[0]!, signatures[0]!, signatures[1]!])).to.equal('check.certificate');
    expect(signed(replaced(signatures, 0, (one) => ({ ...one, signature: flipped(one.signature) })))).to.equal(
      'check.certificate',
    );
    expect(signed(replaced(signatures, 0, (one) => ({ ...one, participant: 3 })))).to.equal('check.certificate');
    expect(signed(replaced(signatures, 0, (one) => ({ ...one, participant: 200 })))).to.equal('check.certificate');
    const foreign = codec.survivors.encode({ ...codec.survivors.decode(body), sid2: new Uint8Array(32) });
    expect(ruleOf({ certificate: { body: foreign, signatures } }, latecomer)).to.equal('check.certificate');
  });

  it('counts no good signature of a member whose update is not in the sum', () => {
    const read = (signers: readonly number[]) =>
      detailOf({ certificate: certificateOn(opened, transcript.uploads, { signers }) }, latecomer);
    expect(read([0, 1, 2])).to.equal(undefined);
    expect(read([0, 1, 3])).to.deep.equal({ rule: 'check.certificate', required: 3, offered: 2 });
  });

  it('counts no signature of a member that the roster does not name any more', () => {
    const publicKeys = new Map([...opened.publicKeys].filter(([id]) => id !== '2'));
    const read = (own: typeof latecomer) => () => opened.read(transcript, '1', own, publicKeys);
    expect(detailThrownBy(read(latecomer))).to.include({ rule: 'check.certificate', required: 3, offered: 2 });
    // It was certified here before; its upload is named by the certificate.
    expect(ruleThrownBy(read(opened.own('1')))).to.equal(undefined);
  });

  it('is refused with other uploads than the certificate is about, or unsigned ones', () => {
    const body = (one: Signed) => ({ ...one, body: flipped(one.body) });
    const signature = (one: Signed) => ({ ...one, signature: flipped(one.signature) });
    expect(ruleOf({ uploads: replaced(transcript.uploads, 1, body) })).to.equal('check.inputs');
    const counted = { rule: 'check.inputs', required: 3, offered: 2 };
    expect(detailOf({ uploads: transcript.uploads.slice(1) })).to.deep.equal(counted);
    expect(detailOf({ uploads: replaced(transcript.uploads, 1, signature) })).to.deep.equal({
      rule: 'check.upload',
      required: `${opened.order.layout.lengthBytes} bytes of 2, signed`,
      offered: 'a signature that does not verify',
      participant: '2',
    });
  });

  it('is refused with an upload that is about something else, whoever signed and certified it', () => {
    const honest = codec.upload.decode(transcript.uploads[1]!.body);
    const { lengthBytes } = honest;
    const read = (body: UploadBody) => {
      const uploads = replaced(transcript.uploads, 1, () => uploadOf(opened, 1, body));
      return detailOf({ uploads, certificate: certificateOn(opened, uploads) }, latecomer);
    };
    expect(read(honest)).to.equal(undefined);
    for (const changed of [
      { participant: 0 },
      { sid2: new Uint8Array(32) },
      { lengthBytes: lengthBytes + 48 },
      { participant: 0, sid2: new Uint8Array(32) },
    ]) {
      expect(read({ ...honest, ...changed })).to.deep.equal({
        rule: 'check.upload',
        required: `${lengthBytes} bytes of 2, signed`,
        offered: 'an upload about something else',
        participant: '2',
      });
    }
  });

  it('is refused with a secret to which no dealer committed', () => {
    // b of a survivor; s of the dealer that was lost. The lowest bits of an X25519 secret do not count, the middle ones do.
    expect(detailOf({ secrets: replaced(transcript.secrets, 0, flipped) })).to.deep.equal({
      rule: 'check.secret',
      required: 'the secret under H(b)',
      offered: 'another one',
      participant: '1',
    });
    const other = replaced(transcript.secrets, 3, (secret) => flipped(secret, 16));
    expect(detailOf({ secrets: other })).to.deep.equal({
      rule: 'check.secret',
      required: 'the secret of the advertised mask key',
      offered: 'another one',
      participant: '4',
    });
  });

  it('is refused with a secret less or more than there are dealers', () => {
    const { secrets } = transcript;
    for (const changed of [secrets.slice(1), secrets.slice(0, -1), [...secrets, secrets[0]!]]) {
      const counted = { rule: 'check.secret', required: 4, offered: changed.length };
      expect(detailOf({ secrets: changed })).to.deep.equal(counted);
    }
  });

  it('is refused with a survivor that dealt no shares, even when T members signed for it', () => {
    const few = new OpenedSession({ participants: 5, silentFrom: new Map([['5', 'share']]) });
    const { uploads } = few.transcript;
    expect(few.transcript.shares).to.have.length(4);
    const added = [...uploads, uploadOf(few, 4, { ...codec.upload.decode(uploads[0]!.body), participant: 4 })];
    const certificate = certificateOn(few, added, { survivors: [0, 1, 2, 3, 4] });
    const read = () => few.read({ ...few.transcript, uploads: added, certificate }, '1', latecomerOf(few));
    expect(detailThrownBy(read)).to.deep.equal({
      rule: 'check.secret',
      required: 'survivors that are dealers',
      offered: '5',
    });
  });

  it('is nothing to one whose update is not in the sum', () => {
    const lost = opened.session.participantRecords.get('4')!;
    expect(ownSession(lost)).to.equal(undefined);
    const other = { ...opened.own('1'), contentDigest: new Uint8Array(32) };
    expect(detailThrownBy(() => opened.read(transcript, '1', other))).to.deep.equal({
      rule: 'check.survivor',
      required: '00'.repeat(32),
      offered: 'the uploads of 1, 2, 3',
    });
  });
});

describe('What a participant knows of its own session', () => {
  it('is in its journal as soon as a vector was bound to it, and not before', () => {
    const records = opened.session.participantRecords.get('1')!;
    const masked = records.findIndex(({ type }) => type === 'masked');
    expect(ownSession(records.slice(0, masked))).to.equal(undefined);
    const bound = ownSession(records.slice(0, masked + 1))!;
    expect(bound).to.include({ certified: false });
    expect('statement' in bound).to.equal(false);
    expect(ownSession(records)).to.include({ certified: true });
  });

  it('is nothing when one of the records that make it is missing', () => {
    const records = opened.session.participantRecords.get('1')!;
    for (const missing of ['advertised', 'cohort-accepted', 'dealers-accepted', 'masked']) {
      expect(ownSession(records.filter(({ type }) => type !== missing)), missing).to.equal(undefined);
    }
  });

  it('holds the one survivors statement that was signed, revealed on, or both', () => {
    const records = opened.session.participantRecords.get('1')!;
    const { body } = transcript.certificate;
    const without = (left: string) => ownSession(records.filter(({ type }) => type !== left))!;
    expect(without('revealed')).to.deep.include({ statement: body, certified: false });
    expect(without('survivors-signed')).to.deep.include({ statement: body, certified: true });
    expect(ownSession(records)!.statement).to.deep.equal(body);
  });

  it('is nothing once the session was aborted', () => {
    const records = opened.session.participantRecords.get('1')!;
    const { sid } = opened.own('1');
    expect(ownSession([...records, { type: 'abort-signed', sid, body: sid }])).to.equal(undefined);
    expect(ownSession([...records, { type: 'abort-certified', sid, signers: [] }])).to.equal(undefined);
  });
});
