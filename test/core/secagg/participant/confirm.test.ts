import { type BoxesFrame, type ShareBody, signBody } from '@concordat/core';
import { expect } from 'chai';
import { flip, forged, victim } from '../../../support/forged-frames.js';
import { replaced } from '../../../support/mutations.js';
import { codec, crypto, InMemorySession } from '../../../support/session.js';

/** The bitmap of the dealers that participant "1" confirmed. */
const confirmedBy = (session: InMemorySession): Uint8Array => {
  const reply = session.replies.find(({ from, frame }) => from === victim && frame.type === 'confirm')!.frame;
  return reply.type === 'confirm' ? codec.confirm.decode(reply.confirm.body).confirmed : new Uint8Array(0);
};

type Box = BoxesFrame['boxes'][number];

describe('A participant that opens boxes', () => {
  const damage: readonly [string, (box: Box) => Box][] = [
    ['a box that does not open', (box) => ({ ...box, box: flip(box.box) })],
    ['a box of another length', (box) => ({ ...box, box: box.box.slice(1) })],
    ['a share hash that is not the signed one', (box) => ({ ...box, selfShareHash: flip(box.selfShareHash) })],
    ['a path to another root', (box) => ({ ...box, path: box.path.slice(1) })],
    [
      'a share body its dealer did not sign',
      (box) => ({ ...box, share: { ...box.share, signature: flip(box.share.signature) } }),
    ],
  ];
  for (const [what, change] of damage) {
    it(`does not confirm ${what}, and goes on without accusing anybody`, () => {
      const session = forged('boxes', (frame) => ({
        ...frame,
        boxes: replaced(frame.boxes, 0, change(frame.boxes[0]!)),
      }));
      expect([...confirmedBy(session)]).to.deep.equal([0b11101]);
      expect(session.refusals).to.deep.equal([]);
      expect(session.records).to.deep.include({ type: 'unconfirmed', dealer: '2', participant: victim });
      expect(session.opened!.map((lanes) => [...lanes])).to.deep.equal(session.sumOf(session.ids));
    });
  }

  for (const [kind, at] of [
    ['self', 5],
    ['mask', 40],
  ] as const) {
    it(`does not confirm a dealer whose box holds another ${kind} share than it signed`, () => {
      let sealed = 0;
      const session = new InMemorySession({
        participants: 5,
        maxColluders: 1,
        onPorts: (id, ports) => (id === '2' ? { ...ports, crypto: { ...ports.crypto, secretboxSeal } } : ports),
      }).run();
      // The first box that "2" seals is for "1".
      function secretboxSeal(plaintext: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array {
        const wrong = plaintext.map((byte, i) => (i === at && sealed === 0 ? byte ^ 1 : byte));
        sealed++;
        return crypto.secretboxSeal(wrong, nonce, key);
      }
      expect([...confirmedBy(session)]).to.deep.equal([0b11101]);
      expect(session.opened!.map((lanes) => [...lanes])).to.deep.equal(session.sumOf(session.ids));
    });
  }

  const signedNonsense: readonly [string, (body: ShareBody) => Uint8Array][] = [
    ['that does not decode', () => new Uint8Array(3)],
    ['as another dealer', (body) => codec.share.encode({ ...body, dealer: 2 })],
    ['in another session', (body) => codec.share.encode({ ...body, sid: flip(body.sid) })],
  ];
  for (const [what, bodyOf] of signedNonsense) {
    it(`does not confirm a dealer that signed a share body ${what}, with a root that fits its box`, () => {
      const session = forged('boxes', (frame, { signers }) => {
        const box = frame.boxes[0]!;
        const body = bodyOf(codec.share.decode(box.share.body));
        const share = signBody(crypto, signers.get('2')!, 'CSA1/share', body);
        return { ...frame, boxes: replaced(frame.boxes, 0, { ...box, share }) };
      });
      expect([...confirmedBy(session)]).to.deep.equal([0b11101]);
      expect(session.refusals).to.deep.equal([]);
    });
  }

  it('confirms nobody whose box is missing', () => {
    const session = forged('boxes', (frame) => ({ ...frame, boxes: frame.boxes.slice(1) }));
    expect([...confirmedBy(session)]).to.deep.equal([0b11101]);
  });

  it('masks with a dealer it did not confirm, and reveals nothing for it', () => {
    const session = forged('boxes', (frame) => ({ ...frame, boxes: frame.boxes.slice(1) }));
    expect(session.opened!.map((lanes) => [...lanes])).to.deep.equal(session.sumOf(session.ids));
    const reply = session.replies.find(({ from, frame }) => from === victim && frame.type === 'reveal')!.frame;
    const shares = reply.type === 'reveal' ? codec.reveal.decode(reply.reveal.body).shares : [];
    expect(shares.map(({ dealer }) => dealer)).to.deep.equal([0, 2, 3, 4]);
  });
});
