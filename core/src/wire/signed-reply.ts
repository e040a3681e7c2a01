import type { SessionReply, Signed } from './messages.js';

/** The signed body that a client's answer to a step carries: its digest is what a receipt acknowledges. */
export function signedOf(frame: SessionReply): Signed {
  switch (frame.type) {
    case 'advertise':
      return frame.advert;
    case 'share':
      return frame.share;
    case 'confirm':
      return frame.confirm;
    case 'upload':
      return frame.upload;
    case 'certify':
    case 'abort':
      return frame.statement;
    case 'reveal':
      return frame.reveal;
  }
}
