const aboutRounds = [
  'decline',
  'ready',
  'advertise',
  'share',
  'confirm',
  'upload begin',
  'upload header',
  'upload chunk',
  'certify',
  'reveal',
  'abort',
] as const;
const aboutResults = ['show', 'chunks', 'sign'] as const;

/** Messages of a participant that has been admitted, by what they say. `Membership.Roster` says nothing. */
export const spokenToCoordinators = ['plan', 'blob', 'receipts', 'approved', ...aboutRounds, ...aboutResults] as const;

export type SpokenToCoordinators = (typeof spokenToCoordinators)[number];

/** A round is about one of these: whoever says something wrong there may be excluded from it. */
export const ofRounds: readonly SpokenToCoordinators[] = aboutRounds;
/** Only said of checked sums. */
export const ofResults: readonly SpokenToCoordinators[] = aboutResults;

/** One bit of one message. */
export interface AnswerFlip {
  readonly what: SpokenToCoordinators;
  readonly at: number;
  readonly bit: number;
}

/** What became of it. */
export interface FlippedAnswer {
  readonly flip: AnswerFlip;
  /** The code and the rule that the coordinator refused by; empty when it took the message. */
  readonly refusals: readonly string[];
  /** How the round ended: `sum of …`, `aborted`. */
  readonly end: string;
  /** What must not be. */
  readonly wrong: readonly string[];
}

/** Methods that say them. `UploadMaskedUpdate` says a header and then its chunks, `Answer` an approval or a decline. */
export const whatPathsSay: Readonly<Record<string, SpokenToCoordinators>> = {
  '/concordat.v1.Plans/Get': 'plan',
  '/concordat.v1.Blobs/Get': 'blob',
  '/concordat.v1.Blobs/BeginMaskedUpdate': 'upload begin',
  '/concordat.v1.Blobs/UploadMaskedUpdate': 'upload header',
  '/concordat.v1.Rounds/Receipts': 'receipts',
  '/concordat.v1.Rounds/Answer': 'approved',
  '/concordat.v1.Rounds/Ready': 'ready',
  '/concordat.v1.Rounds/Advertise': 'advertise',
  '/concordat.v1.Rounds/Share': 'share',
  '/concordat.v1.Rounds/Confirm': 'confirm',
  '/concordat.v1.Rounds/Certify': 'certify',
  '/concordat.v1.Rounds/Reveal': 'reveal',
  '/concordat.v1.Rounds/Abort': 'abort',
  '/concordat.v1.Results/Show': 'show',
  '/concordat.v1.Results/Chunks': 'chunks',
  '/concordat.v1.Results/Sign': 'sign',
};
