import {
  bounds,
  type CertificateFrame,
  type DealtBox,
  type DeliveredBox,
  FederatedError,
  type SessionFrame,
} from '@concordat/core';
import * as field from './fields.js';
import type * as wire from './generated/index.js';
import { signedFromWire } from './signed.js';

/** What a coordinator says inside a session, as the wire's object. */
export function sessionFrameToWire(frame: SessionFrame): wire.SessionFrame {
  switch (frame.type) {
    case 'open':
      return { open: frame.config };
    case 'cohort':
      return { cohort: { adverts: [...frame.adverts] } };
    case 'boxes':
      return { boxes: { boxes: frame.boxes.map((box) => ({ ...box, path: [...box.path] })) } };
    case 'dealers':
      return { dealers: { dealers: frame.dealers, shares: [...frame.shares] } };
    case 'proposal':
      return { proposal: { proposal: frame.proposal, uploads: [...frame.uploads] } };
    case 'certificate':
      return { certificate: { body: frame.body, signatures: [...frame.signatures] } };
    case 'abort-proposal':
      return { abortProposal: { sid: frame.sid } };
    case 'abort-certificate':
      return { abortCertificate: { body: frame.body, signatures: [...frame.signatures] } };
  }
}

/** @throws `malformed` out of bounds or without a frame this version knows. */
export function sessionFrameFromWire(value: wire.SessionFrame__Output | null | undefined): SessionFrame {
  const frame = field.present(value, 'session frame');
  switch (frame.frame) {
    case 'open':
      return { type: 'open', config: signedFromWire(frame.open) };
    case 'cohort':
      return {
        type: 'cohort',
        adverts: ofCohort(frame.cohort?.adverts, 'adverts').map((advert) => signedFromWire(advert)),
      };
    case 'boxes':
      return { type: 'boxes', boxes: ofCohort(frame.boxes?.boxes, 'boxes').map(deliveredBox) };
    case 'dealers':
      return readDealers(field.present(frame.dealers, 'dealers'));
    case 'proposal':
      return readProposal(field.present(frame.proposal, 'proposal'));
    case 'certificate':
      return { type: 'certificate', ...certificateFromWire(field.present(frame.certificate, 'certificate')) };
    case 'abortProposal':
      return { type: 'abort-proposal', sid: field.hashBytes(frame.abortProposal?.sid, 'sid') };
    case 'abortCertificate':
      return {
        type: 'abort-certificate',
        ...certificateFromWire(field.present(frame.abortCertificate, 'abort certificate')),
      };
    default:
      throw new FederatedError('malformed', 'session frame of a kind this version does not know', {
        fix: 'Run the same version of the software on both sides.',
      });
  }
}

/** A box as its dealer sends it: 80 bytes, or none for the dealer's own index. @throws `malformed` otherwise. */
export function dealtBoxFromWire(box: wire.DealtBox__Output): DealtBox {
  return {
    box: box.box.length === 0 ? new Uint8Array(0) : field.fixedBytes(box.box, 80, 'box'),
    selfShareHash: field.hashBytes(box.selfShareHash, 'selfShareHash'),
    maskShareHash: field.hashBytes(box.maskShareHash, 'maskShareHash'),
  };
}

/** Items of which there is at most one per cohort member. @throws `malformed` for more. */
export function ofCohort<Item>(items: readonly Item[] | null | undefined, name: string): readonly Item[] {
  return field.list(items, 0, bounds.cohortMax, name);
}

function deliveredBox(box: wire.DeliveredBox__Output): DeliveredBox {
  return {
    ...dealtBoxFromWire(box),
    dealer: field.cohortIndex(box.dealer, 'dealer'),
    share: signedFromWire(box.share),
    // log2(256) levels.
    path: field.list(box.path, 0, 8, 'path').map((hash) => field.hashBytes(hash, 'path')),
  };
}

function readDealers(dealers: wire.Dealers__Output): SessionFrame {
  return {
    type: 'dealers',
    dealers: field.bitmapBytes(dealers.dealers, 'dealers'),
    shares: ofCohort(dealers.shares, 'shares').map((share) => ({
      dealer: field.cohortIndex(share.dealer, 'dealer'),
      bodyHash: field.hashBytes(share.bodyHash, 'bodyHash'),
      signature: field.fixedBytes(share.signature, 64, 'signature'),
    })),
  };
}

function readProposal(proposal: wire.Proposal__Output): SessionFrame {
  return {
    type: 'proposal',
    proposal: signedFromWire(proposal.proposal),
    uploads: ofCohort(proposal.uploads, 'uploads').map((entry) => ({
      participant: field.cohortIndex(entry.participant, 'participant'),
      upload: signedFromWire(entry.upload),
    })),
  };
}

/** @throws `malformed` out of bounds. */
export function certificateFromWire(certificate: wire.Certificate__Output): Omit<CertificateFrame, 'type'> {
  return {
    body: field.someBytes(certificate.body, 1, bounds.certificateBytesMax, 'body'),
    signatures: ofCohort(certificate.signatures, 'signatures').map((entry) => ({
      participant: field.cohortIndex(entry.participant, 'participant'),
      signature: field.fixedBytes(entry.signature, 64, 'signature'),
    })),
  };
}
