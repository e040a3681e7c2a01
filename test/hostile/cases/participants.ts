import {
  type CryptoPort,
  type ParticipantMessage,
  type RevealedShare,
  type SessionReply,
  type SignatureLabel,
  type Signed,
  type Signer,
  signBody,
} from '@concordat/core';
import { identityFromSeed, nodeCrypto } from '@concordat/node';
import { chunkToWire, sessionCodec as codec } from '@concordat/proto';
import type { Member } from '../../coordinator/consortium.js';
import { beginUpload, sendUpload } from '../../coordinator/machine-participant.js';
import { replaced } from '../../support/mutations.js';
import { otherCommitment } from '../../support/other-commitment.js';
import type { ParticipantCase } from '../lying-participant.js';
import { withOrderAdded } from './cohorts.js';
import { flip } from './forging.js';

const others = 'sum of bluebird, cobalt, delta, echo';
const all = 'sum of acme, bluebird, cobalt, delta, echo';
const refusing = (...rules: readonly string[]) => ({ refuses: { coordinator: rules }, ends: [others] });

type ReplyOf<Type extends SessionReply['type']> = Extract<SessionReply, { type: Type }>;

/** Say something else in one step. */
function saying<Type extends SessionReply['type']>(
  type: Type,
  lie: (frame: ReplyOf<Type>, signer: Signer) => SessionReply,
) {
  return {
    says: (message: ParticipantMessage, { member }: { readonly member: Member }): readonly ParticipantMessage[] => {
      if (message.type !== 'session' || message.frame.type !== type) return [message];
      return [{ ...message, frame: lie(message.frame as ReplyOf<Type>, member.signer) }];
    },
  };
}

/** The same body with other fields, signed again. */
function resigned<Body>(
  signer: Signer,
  label: SignatureLabel,
  bodyCodec: { encode(body: Body): Uint8Array; decode(bytes: Uint8Array): Body },
  signed: Signed,
  change: (body: Body) => Partial<Body>,
): Signed {
  const body = bodyCodec.decode(signed.body);
  return signBody(nodeCrypto, signer, label, bodyCodec.encode({ ...body, ...change(body) }));
}

/** Primitives with which a machine seals noise for some receivers, under a root that says so: only who opens a box sees it. */
function noiseFor(...receivers: readonly number[]): CryptoPort {
  // "acme" is index 0 and seals for 1, 2, 3, 4, in this order.
  let sealed = 0;
  return {
    ...nodeCrypto,
    secretboxSeal: (plaintext, nonce, key) => {
      sealed += 1;
      return receivers.includes(sealed) ? new Uint8Array(80).fill(9) : nodeCrypto.secretboxSeal(plaintext, nonce, key);
    },
  };
}

const revealing = (change: (shares: readonly RevealedShare[]) => readonly RevealedShare[]) =>
  saying('reveal', (frame, signer) => ({
    ...frame,
    reveal: resigned(signer, 'CSA1/reveal', codec.reveal, frame.reveal, ({ shares }) => ({ shares: change(shares) })),
  }));

/** u = 1, of order four. */
const lowOrder = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0));
const stranger = identityFromSeed(new Uint8Array(32).fill(66));

export const participantCases: readonly ParticipantCase[] = [
  { lie: 'does not lie is in the exact sum', verdict: { refuses: {}, ends: [all] } },
  {
    lie: 'advertises in the name of another',
    verdict: refusing('cohort.signature'),
    behaviour: saying('advertise', ({ advert }, signer) => ({
      type: 'advertise',
      advert: resigned(signer, 'CSA1/advert', codec.advert, advert, () => ({ participantId: 'bluebird' })),
    })),
  },
  {
    lie: 'advertises a key of low order',
    verdict: refusing('cohort.key'),
    behaviour: saying('advertise', ({ advert }, signer) => ({
      type: 'advertise',
      advert: resigned(signer, 'CSA1/advert', codec.advert, advert, () => ({ sealingKey: lowOrder })),
    })),
  },
  {
    lie: 'advertises one key twice',
    verdict: refusing('cohort.duplicate-key'),
    behaviour: saying('advertise', ({ advert }, signer) => ({
      type: 'advertise',
      advert: resigned(signer, 'CSA1/advert', codec.advert, advert, ({ maskKey }) => ({ sealingKey: maskKey })),
    })),
  },
  {
    lie: 'replays an advertisement for another configuration',
    verdict: refusing('cohort.config'),
    behaviour: saying('advertise', ({ advert }, signer) => ({
      type: 'advertise',
      advert: resigned(signer, 'CSA1/advert', codec.advert, advert, () => ({ configHash: new Uint8Array(32) })),
    })),
  },
  {
    lie: 'spells its signature a second way, S + L',
    verdict: refusing('cohort.signature'),
    behaviour: saying('advertise', ({ advert: { body, signature } }) => ({
      type: 'advertise',
      advert: { body, signature: withOrderAdded(signature) },
    })),
  },
  {
    lie: 'signs with a key that is not its own',
    verdict: refusing('cohort.signature'),
    behaviour: saying('advertise', ({ advert }) => ({
      type: 'advertise',
      advert: signBody(nodeCrypto, stranger, 'CSA1/advert', advert.body),
    })),
  },
  {
    lie: 'deals other boxes than it signed (wrong commitment)',
    verdict: refusing('share.root'),
    behaviour: saying('share', (frame) => ({ ...frame, boxes: replaced(frame.boxes, 1, frame.boxes[2]!) })),
  },
  {
    lie: 'deals for another session',
    verdict: refusing('share.session'),
    behaviour: saying('share', (frame, signer) => ({
      ...frame,
      share: resigned(signer, 'CSA1/share', codec.share, frame.share, () => ({ sid: new Uint8Array(32) })),
    })),
  },
  {
    lie: 'deals bad boxes for all but T',
    // T members confirm it: it stays a dealer, and whoever got noise reveals nothing for it.
    verdict: { refuses: {}, ends: [all] },
    behaviour: { crypto: noiseFor(4) },
  },
  {
    lie: 'deals bad boxes for one more than may collude',
    verdict: { refuses: {}, ends: [others] },
    behaviour: { crypto: noiseFor(3, 4) },
  },
  {
    lie: 'confirms nobody, not even itself',
    verdict: refusing('confirm.dealers'),
    behaviour: saying('confirm', (frame, signer) => ({
      ...frame,
      confirm: resigned(signer, 'CSA1/confirm', codec.confirm, frame.confirm, () => ({ confirmed: new Uint8Array(1) })),
    })),
  },
  {
    lie: 'signs another statement than was proposed',
    verdict: { refuses: { coordinator: ['certify.statement'] }, ends: [all] },
    behaviour: saying('certify', (frame, signer) => ({
      ...frame,
      statement: resigned(signer, 'CSA1/survivors', codec.survivors, frame.statement, () => ({
        inputsHash: new Uint8Array(32),
      })),
    })),
  },
  {
    lie: 'signs the statement with one bit wrong',
    verdict: { refuses: { coordinator: ['certify.signature'] }, ends: [all] },
    behaviour: saying('certify', ({ statement: { body, signature } }) => ({
      type: 'certify',
      statement: { body, signature: flip(signature) },
    })),
  },
  {
    lie: 'reveals a wrong share',
    verdict: { refuses: { coordinator: ['reveal.share'] }, ends: [all] },
    behaviour: revealing((shares) => replaced(shares, 1, { ...shares[1]!, share: new Uint8Array(32).fill(5) })),
  },
  {
    lie: 'reveals the other kind of share',
    verdict: { refuses: { coordinator: ['reveal.kind'] }, ends: [all] },
    behaviour: revealing((shares) => replaced(shares, 1, { ...shares[1]!, kind: 'mask' })),
  },
  {
    lie: 'reveals two shares of one dealer',
    verdict: { refuses: { coordinator: ['reveal.kind'] }, ends: [all] },
    behaviour: revealing((shares) => [...shares.slice(0, 4), shares[0]!]),
  },
  {
    lie: 'reveals and aborts',
    verdict: { refuses: { coordinator: ['protocol'] }, ends: [all] },
    behaviour: {
      says: (message, { member }) => {
        if (message.type !== 'session' || message.frame.type !== 'reveal') return [message];
        const { sid2 } = codec.reveal.decode(message.frame.reveal.body);
        const statement = signBody(nodeCrypto, member.signer, 'CSA1/abort', codec.abort.encode({ sid: sid2 }));
        return [message, { ...message, frame: { type: 'abort', statement } }];
      },
    },
  },
  {
    lie: 'gives two answers to one question',
    verdict: { refuses: { coordinator: ['conflict'] }, ends: [all] },
    behaviour: {
      says: (message, { member }) => {
        if (message.type !== 'session' || message.frame.type !== 'confirm') return [message];
        const { confirm } = message.frame;
        const other = resigned(member.signer, 'CSA1/confirm', codec.confirm, confirm, () => ({
          confirmed: Uint8Array.of(0b1111),
        }));
        return [message, { ...message, frame: { type: 'confirm', confirm: other } }];
      },
    },
  },
  {
    lie: 'is ready with an update of another model (stale)',
    verdict: { refuses: { coordinator: ['model.hash'] }, ends: [others] },
    behaviour: {
      says: (message) => (message.type === 'ready' ? [{ ...message, baseModelHash: new Uint8Array(32) }] : [message]),
    },
    during: (event, { hurry }) => {
      if (event.type === 'waiting' && event.phase === 'train' && event.awaited.join() === 'acme') hurry();
    },
  },
  {
    lie: 'announces a vector of another length',
    verdict: refusing('upload.length'),
    behaviour: saying('upload', ({ upload }, signer) => ({
      type: 'upload',
      upload: resigned(signer, 'CSA1/upload', codec.upload, upload, ({ lengthBytes }) => ({
        lengthBytes: lengthBytes - 48,
      })),
    })),
  },
  {
    lie: 'sends another vector than its header signs, then the right one',
    verdict: { refuses: { coordinator: ['verification'] }, ends: [all] },
    behaviour: {
      firstUpload: (frames) =>
        frames.map((frame) =>
          frame.chunk
            ? { chunk: chunkToWire(Number(frame.chunk.offset), flip(new Uint8Array(frame.chunk.data as Uint8Array))) }
            : frame,
        ),
    },
  },
  {
    lie: 'begins with one vector and asks how much there is of another',
    verdict: { refuses: { coordinator: ['conflict'] }, ends: [all] },
    behaviour: {
      send: async (frames, member, acme) => {
        await beginUpload(member, frames);
        const { key = null, upload } = frames[0]!.header!;
        const other = resigned(member.signer, 'CSA1/upload', codec.upload, upload as Signed, () => ({
          merkleRoot: new Uint8Array(32),
        }));
        await acme.lie(beginUpload(member, [{ header: { key, upload: other } }]));
        return sendUpload(member, frames).sent;
      },
    },
  },
  {
    lie: 'goes on with its vector where the coordinator is not, before it and behind it',
    verdict: { refuses: { coordinator: ['unavailable', 'malformed', 'malformed'] }, ends: [all] },
    behaviour: {
      send: async ([header, ...chunks], member, acme) => {
        const vector = Buffer.concat(chunks.map(({ chunk }) => new Uint8Array(chunk!.data as Uint8Array)));
        const piece = (at: number, end?: number) => ({ chunk: chunkToWire(at, vector.subarray(at, end)) });
        const half = vector.length >> 1;
        await acme.lie(sendUpload(member, [header!, piece(0, half)]).sent);
        await acme.lie(sendUpload(member, [header!, piece(half)]).sent);
        await acme.lie(sendUpload(member, [header!, piece(0, half), piece(half - 1)]).sent);
        return sendUpload(member, [header!, ...chunks]).sent;
      },
    },
  },
  {
    lie: 'sends its vector when the step is over (late vector)',
    verdict: { refuses: { coordinator: ['protocol'] }, ends: [others] },
    behaviour: { stallInUploadOf: { round: 1, afterBytes: 0 } },
    during: async (event, { acme, hurry }) => {
      if (event.type === 'waiting' && event.phase === 'upload' && event.awaited.join() === 'acme') hurry();
      if (event.type !== 'phase' || event.phase !== 'certify') return;
      const vector = acme.vectors.get(1)!;
      const frames = [...acme.uploads[0]!, { chunk: chunkToWire(0, vector) }];
      await sendUpload(acme.member, frames).sent.catch((error) => acme.rejections.push(error));
    },
  },
  {
    lie: 'sends messages that are cut off, empty, too large or not of the wire',
    // gRPC itself answers what is too large.
    verdict: { refuses: { coordinator: ['malformed', 'malformed', 'unavailable', 'malformed'] }, ends: [all] },
    during: async (event, { acme, raw }) => {
      if (event.type !== 'phase' || event.phase !== 'share') return;
      const path = '/concordat.v1.Rounds/Confirm';
      const junk = [
        Uint8Array.of(10, 200, 1),
        new Uint8Array(0),
        new Uint8Array(3 * 1024 * 1024),
        new Uint8Array(64).fill(255),
      ];
      for (const bytes of junk) await raw(path, bytes).catch((error) => acme.rejections.push(error));
    },
  },
  {
    lie: 'commits to another secret than it shares',
    // Found when its secret is rebuilt, by the shares that the others revealed: they are barred from this model, the run is paused with
    // the name of the dealer, and the operator ends it.
    verdict: {
      refuses: {},
      ends: ['no sum: acme: the shares it dealt do not rebuild the secret it committed to'],
    },
    behaviour: { crypto: otherCommitment() },
    during: async (event, { end }) => {
      if (event.type === 'paused' && event.reason.startsWith('acme: ')) await end('a bad dealer');
    },
  },
];
