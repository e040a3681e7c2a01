import {
  type AdvertBody,
  type CohortFrame,
  type ProposalFrame,
  type SessionFrame,
  type Signed,
  type SurvivorsBody,
  signBody,
  toBitmap,
} from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { sessionCodec as codec } from '@concordat/proto';
import { replaced } from '../../support/mutations.js';
import type { Lies, Stage } from '../stage.js';

/** Who is lied to. */
export const victim = 'acme';

type FrameOf<Type extends SessionFrame['type']> = Extract<SessionFrame, { type: Type }>;

/** Lie to "acme" in one kind of frame, to the others never. */
export function lying<Type extends SessionFrame['type']>(
  type: Type,
  forge: (frame: FrameOf<Type>, stage: Stage) => SessionFrame | readonly SessionFrame[],
): Lies {
  return {
    down(to, frame, stage) {
      if (to !== victim || frame.type !== type) return [frame];
      const forged = forge(frame as FrameOf<Type>, stage);
      return 'type' in forged ? [forged] : forged;
    },
  };
}

/** One bit of it is another. */
export const flip = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => (i === 5 ? byte ^ 1 : byte));

/** A signed body of one participant with other fields, signed again by it: what a colluder can make. */
export function advertOf(stage: Stage, advert: Signed, change: Partial<AdvertBody>): Signed {
  const body = codec.advert.decode(advert.body);
  return signBody(
    nodeCrypto,
    stage.consortium.signers.get(body.participantId)!,
    'CSA1/advert',
    codec.advert.encode({ ...body, ...change }),
  );
}

/** A cohort with another advertisement at one index. */
export const withAdvert = (frame: CohortFrame, index: number, advert: Signed): CohortFrame => ({
  ...frame,
  adverts: replaced(frame.adverts, index, advert),
});

/** A proposal of these survivors, signed by the coordinator. @param uploads of all who may be named. */
export function proposalOf(
  stage: Stage,
  uploads: ProposalFrame['uploads'],
  change: Partial<SurvivorsBody> & Pick<SurvivorsBody, 'sid2' | 'inputsHash'>,
): ProposalFrame {
  const survivors = toBitmap(
    5,
    uploads.map(({ participant }) => participant),
  );
  const body = codec.survivors.encode({ survivors, ...change });
  return {
    type: 'proposal',
    proposal: signBody(nodeCrypto, stage.consortium.coordinatorKey, 'CSA1/proposal', body),
    uploads,
  };
}

/** A true signature of a survivor on a statement. */
export function statementOf(stage: Stage, participant: number, body: Uint8Array) {
  const signer = stage.consortium.signers.get(stage.present[participant]!)!;
  return { participant, signature: signBody(nodeCrypto, signer, 'CSA1/survivors', body).signature };
}
