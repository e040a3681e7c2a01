import { ownSession, type Signed, type Transcript } from '@concordat/core';
import { expect } from 'chai';
import { OpenedSession } from '../../../support/opened-session.js';
import { detailThrownBy, ruleThrownBy } from '../../../support/rules.js';
import { codec } from '../../../support/session.js';

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

/** As if the participant had not come to sign or reveal: the certificate is all that it has. */
const { statement: _, ...unsigned } = opened.own('1');
const latecomer = { ...unsigned, certified: false };

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

  it('is refused with a certificate on another statement than the one signed here', () => {
    const statement = codec.survivors.decode(transcript.certificate.body);
    const body = codec.survivors.encode({ ...statement, survivors: Uint8Array.of(0b1111) });
    expect(ruleOf({ certificate: { ...transcript.certificate, body } })).to.equal('check.certificate');
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
    expect(ruleOf({ uploads: transcript.uploads.slice(1) })).to.equal('check.inputs');
    expect(ruleOf({ uploads: replaced(transcript.uploads, 1, signature) })).to.equal('check.upload');
  });

  it('is refused with a secret to which no dealer committed', () => {
    // b of a survivor; s of the dealer that was lost. The lowest bits of an X25519 secret do not count, the middle ones do.
    expect(ruleOf({ secrets: replaced(transcript.secrets, 0, flipped) })).to.equal('check.secret');
    const other = replaced(transcript.secrets, 3, (secret) => flipped(secret, 16));
    expect(ruleOf({ secrets: other })).to.equal('check.secret');
    expect(ruleOf({ secrets: transcript.secrets.slice(1) })).to.equal('check.secret');
  });

  it('is nothing to one whose update is not in the sum', () => {
    const lost = opened.session.participantRecords.get('4')!;
    expect(ownSession(lost)).to.equal(undefined);
    const other = { ...opened.own('1'), contentDigest: new Uint8Array(32) };
    expect(ruleThrownBy(() => opened.read(transcript, '1', other))).to.equal('check.survivor');
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

  it('is nothing once the session was aborted', () => {
    const records = opened.session.participantRecords.get('1')!;
    const { sid } = opened.own('1');
    expect(ownSession([...records, { type: 'abort-signed', sid, body: sid }])).to.equal(undefined);
    expect(ownSession([...records, { type: 'abort-certified', sid, signers: [] }])).to.equal(undefined);
  });
});
