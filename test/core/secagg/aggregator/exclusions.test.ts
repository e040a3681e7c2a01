import {
  type ErrorDetail,
  type RevealBody,
  type SessionReply,
  type SignatureLabel,
  type Signed,
  signBody,
  survivors,
} from '@concordat/core';
import { expect } from 'chai';
import { replaced } from '../../../support/mutations.js';
import { codec, crypto, InMemorySession, type SessionOptions } from '../../../support/session.js';

const bad = '3';
const other = new Uint8Array(32).fill(5);
const otherHex = '05'.repeat(32);
const digest = /[0-9a-f]{64}/g;
type ReplyOf<Type extends SessionReply['type']> = Extract<SessionReply, { type: Type }>;

/** What the error says by which "3" of six (c = 2, T = 5) was excluded at one step; digests it cannot know are written #. */
function saidOf<Type extends SessionReply['type']>(
  type: Type,
  change: (frame: ReplyOf<Type>, session: InMemorySession) => SessionReply,
  options: Partial<SessionOptions> = {},
): ErrorDetail {
  const onReply = (from: string, frame: SessionReply, session: InMemorySession) =>
    from === bad && frame.type === type ? change(frame as ReplyOf<Type>, session) : frame;
  const session = new InMemorySession({ participants: 6, maxColluders: 2, onReply, ...options }).run();
  const [rejection] = session.rejections;
  if (rejection === undefined) throw new Error('nobody was excluded');
  const { error } = rejection;
  expect([rejection.from, rejection.step]).to.deep.equal([bad, type]);
  expect(session.records.filter((record) => record.type === 'blamed')).to.deep.equal([
    { type: 'blamed', participant: bad, reason: error.detail.rule },
  ]);
  expect(session.aggregator.absent.get(bad)).to.equal(error.message);
  expect(session.opened!.map((lanes) => [...lanes])).to.deep.equal(session.sumOf(survivors(session.aggregator)));
  const unknown = (value: unknown) =>
    typeof value === 'string' ? value.replace(digest, (hex) => (hex === otherHex ? 'other' : '#')) : value;
  return Object.fromEntries(Object.entries(error.detail).map(([name, value]) => [name, unknown(value)])) as ErrorDetail;
}

/** The same body with other fields, signed by "3". */
function resigned<Body>(
  session: InMemorySession,
  label: SignatureLabel,
  bodyCodec: { encode(body: Body): Uint8Array; decode(bytes: Uint8Array): Body },
  signed: Signed,
  change: (body: Body) => Partial<Body>,
): Signed {
  const body = bodyCodec.decode(signed.body);
  return signBody(crypto, session.signers.get(bad)!, label, bodyCodec.encode({ ...body, ...change(body) }));
}

describe('What an excluded participant is told', () => {
  type AdvertKeys = { readonly sealingKey: Uint8Array; readonly maskKey: Uint8Array };
  const advertising = (keys: (own: AdvertKeys, others: AdvertKeys) => Partial<AdvertKeys>) =>
    saidOf('advertise', (frame, session) => {
      const second = session.replies.find(({ from }) => from === '2')!.frame as ReplyOf<'advertise'>;
      const others = codec.advert.decode(second.advert.body);
      return {
        ...frame,
        advert: resigned(session, 'CSA1/advert', codec.advert, frame.advert, (own) => keys(own, others)),
      };
    });

  it('of a key that occurs twice: its own two, or one of another', () => {
    const twice = {
      rule: 'cohort.duplicate-key',
      required: 'two keys that nobody else advertised',
      offered: 'one that occurs twice',
      participant: bad,
    };
    expect(advertising(({ maskKey }) => ({ sealingKey: maskKey }))).to.deep.equal(twice);
    expect(advertising((_, { sealingKey }) => ({ sealingKey }))).to.deep.equal(twice);
    expect(advertising((_, { maskKey }) => ({ sealingKey: maskKey }))).to.deep.equal(twice);
    expect(advertising((_, { sealingKey }) => ({ maskKey: sealingKey }))).to.deep.equal(twice);
    expect(advertising((_, { maskKey }) => ({ maskKey }))).to.deep.equal(twice);
  });

  it('of an advertisement in the name of another', () => {
    const said = saidOf('advertise', (_, session) => session.replies.find(({ from }) => from === '2')!.frame);
    expect(said).to.deep.equal({ rule: 'cohort.sender', required: bad, offered: '2' });
  });

  it('of boxes that are not those it signed', () => {
    const share = (change: (frame: ReplyOf<'share'>) => ReplyOf<'share'>) => saidOf('share', change);
    const withBox = (index: number, fields: Partial<ReplyOf<'share'>['boxes'][number]>) =>
      share((frame) => ({ ...frame, boxes: replaced(frame.boxes, index, { ...frame.boxes[index]!, ...fields }) }));
    const swapped = share((frame) => ({ ...frame, boxes: replaced(frame.boxes, 0, frame.boxes[1]!) }));
    expect(swapped).to.deep.equal({
      rule: 'share.root',
      required: 'boxes under the signed dealRoot',
      offered: 'others',
      participant: bad,
    });
    const few = share((frame) => ({ ...frame, boxes: frame.boxes.slice(1) }));
    expect(few).to.deep.equal({ rule: 'share.boxes', required: 6, offered: 5 });
    const wrong = { rule: 'share.box', required: 80 };
    expect(withBox(0, { box: new Uint8Array(79) })).to.deep.equal({ ...wrong, offered: 79 });
    expect(withBox(0, { selfShareHash: new Uint8Array(31) })).to.deep.equal({ ...wrong, offered: 80 });
    expect(withBox(0, { maskShareHash: new Uint8Array(33) })).to.deep.equal({ ...wrong, offered: 80 });
    expect(withBox(2, { box: new Uint8Array(80) })).to.deep.equal({ ...wrong, required: 0, offered: 80 });
  });

  it('of shares of another session or dealer', () => {
    const share = (fields: { sid?: Uint8Array; dealer?: number }) =>
      saidOf('share', (frame, session) => ({
        ...frame,
        share: resigned(session, 'CSA1/share', codec.share, frame.share, () => fields),
      }));
    const said = { rule: 'share.session', required: 'dealer 2 in #', participant: bad };
    expect(share({ sid: other })).to.deep.equal({ ...said, offered: 'dealer 2 in other' });
    expect(share({ dealer: 1 })).to.deep.equal({ ...said, offered: 'dealer 1 in #' });
  });

  it('of a confirmation of another session, of strangers, or without its sender', () => {
    const confirm = (fields: { sid?: Uint8Array; participant?: number; confirmed?: Uint8Array }, silent?: string) =>
      saidOf(
        'confirm',
        (frame, session) => ({
          ...frame,
          confirm: resigned(session, 'CSA1/confirm', codec.confirm, frame.confirm, () => fields),
        }),
        silent === undefined ? {} : { silentFrom: new Map([[silent, 'share']]), maxColluders: 1 },
      );
    const said = { rule: 'confirm.session', required: 'participant 2 in #', participant: bad };
    expect(confirm({ sid: other })).to.deep.equal({ ...said, offered: 'participant 2 in other' });
    expect(confirm({ participant: 1 })).to.deep.equal({ ...said, offered: 'participant 1 in #' });
    const dealers = { rule: 'confirm.dealers', participant: bad };
    expect(confirm({ confirmed: Uint8Array.of(0b111011) })).to.deep.equal({
      ...dealers,
      required: '0, 1, 2, 3, 4, 5',
      offered: '0, 1, 3, 4, 5',
    });
    expect(confirm({ confirmed: Uint8Array.of(0b111111) }, '6')).to.deep.equal({
      ...dealers,
      required: '0, 1, 2, 3, 4',
      offered: '0, 1, 2, 3, 4, 5',
    });
  });

  it('of an upload of another session or length', () => {
    const upload = (fields: { sid2?: Uint8Array; participant?: number; lengthBytes?: number }) =>
      saidOf('upload', (frame, session) => ({
        ...frame,
        upload: resigned(session, 'CSA1/upload', codec.upload, frame.upload, () => fields),
      }));
    const said = { rule: 'upload.session', required: 'dealer 2 in #', participant: bad };
    expect(upload({ sid2: other })).to.deep.equal({ ...said, offered: 'participant 2 in other' });
    expect(upload({ participant: 1 })).to.deep.equal({ ...said, offered: 'participant 1 in #' });
    expect(upload({ lengthBytes: 48 })).to.deep.equal({ rule: 'upload.length', required: 288, offered: 48 });
  });

  it('of a statement that is not the proposed one, or not signed by it', () => {
    const statement = saidOf('certify', (frame, session) => ({
      ...frame,
      statement: resigned(session, 'CSA1/survivors', codec.survivors, frame.statement, () => ({ inputsHash: other })),
    }));
    expect(statement).to.deep.equal({
      rule: 'certify.statement',
      required: 'the body of the proposal',
      offered: 'another body',
      participant: bad,
    });
    const signature = saidOf('certify', (frame) => ({
      ...frame,
      statement: { ...frame.statement, signature: new Uint8Array(64) },
    }));
    expect(signature).to.deep.equal({
      rule: 'certify.signature',
      required: 'a signature under CSA1/survivors',
      offered: 'a signature that does not verify',
      participant: bad,
    });
  });

  it('of a statement when its update is not in the sum', () => {
    let statement: SessionReply | undefined;
    const said: ErrorDetail[] = [];
    new InMemorySession({
      participants: 6,
      maxColluders: 1,
      onReply: (from, frame, session) => {
        if (from === bad && frame.type === 'upload') return undefined;
        if (frame.type !== 'certify' || statement !== undefined) return frame;
        statement = frame;
        for (const effect of session.toAggregator({ type: 'reply', from: bad, frame })) {
          if (effect.type === 'rejected') said.push(effect.error.detail);
        }
        return frame;
      },
    }).run();
    expect(said).to.deep.equal([{ rule: 'certify.signer', required: '0, 1, 3, 4, 5', offered: 2, participant: bad }]);
  });

  it('of a reveal of another session, statement or participant', () => {
    const reveal = (fields: Partial<RevealBody>) =>
      saidOf('reveal', (frame, session) => ({
        ...frame,
        reveal: resigned(session, 'CSA1/reveal', codec.reveal, frame.reveal, () => fields),
      }));
    const said = { rule: 'reveal.session', required: 'participant 2 on # in #', participant: bad };
    expect(reveal({ sid2: other })).to.deep.equal({ ...said, offered: 'participant 2 on # in other' });
    expect(reveal({ inputsHash: other })).to.deep.equal({ ...said, offered: 'participant 2 on other in #' });
    expect(reveal({ participant: 1 })).to.deep.equal({ ...said, offered: 'participant 1 on # in #' });
  });

  it('of a share that is of another dealer or kind, comes twice, or is not the committed one', () => {
    const reveal = (
      change: (shares: RevealBody['shares']) => RevealBody['shares'],
      options?: Partial<SessionOptions>,
    ) =>
      saidOf(
        'reveal',
        (frame, session) => ({
          ...frame,
          reveal: resigned(session, 'CSA1/reveal', codec.reveal, frame.reveal, ({ shares }) => ({
            shares: change(shares),
          })),
        }),
        options,
      );
    const wrong = {
      rule: 'reveal.kind',
      required: 'one share of each dealer, self of survivors, mask of the others',
      participant: bad,
    };
    const kind = reveal((shares) => replaced(shares, 1, { ...shares[1]!, kind: 'mask' }));
    expect(kind).to.deep.equal({ ...wrong, offered: 'mask', dealer: 1 });
    const twice = reveal((shares) => [...shares.slice(0, 5), shares[0]!]);
    expect(twice).to.deep.equal({ ...wrong, offered: 'self', dealer: 0 });
    const foreign = reveal((shares) => [...shares, { ...shares[0]!, dealer: 5, kind: 'mask' }], {
      maxColluders: 1,
      silentFrom: new Map([['6', 'share']]),
    });
    expect(foreign).to.deep.equal({ ...wrong, offered: 'mask', dealer: 5 });
    const share = reveal((shares) => replaced(shares, 1, { ...shares[1]!, share: other }));
    expect(share).to.deep.equal({
      rule: 'reveal.share',
      required: 'the share under the signed dealRoot',
      offered: 'another share',
      participant: bad,
      dealer: 1,
    });
  });
});
