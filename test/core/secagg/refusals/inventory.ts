/** One line of "What a client refuses", or a refusal that another part of the protocol's text demands. */
export interface InventoryLine {
  readonly line: string;
  /** Rules whose cases prove it against the participant machine. */
  readonly rules?: readonly string[];
  /** Tests that prove it where the rule lives elsewhere: `test/… › full title`. */
  readonly tests?: readonly string[];
}

const round = 'test/core/round/participation/refusals.test.ts';
const participation = 'test/core/round/participation.test.ts';
const policy = 'test/client-sdk/policy/evaluate-policy.test.ts';
const succession = 'test/core/roster/succession.test.ts';
const machine = 'test/core/secagg/participant.test.ts';
const crypto = 'test/core/crypto';

/** What a client refuses. */
export const refusedByAClient: readonly InventoryLine[] = [
  { line: 'unknown suite', rules: ['config.suite', 'malformed'] },
  {
    line: 'C outside its policy or the approved plan',
    rules: [
      'config.signature',
      'config.runId',
      'config.round',
      'config.parameters',
      'config.clippingNorm',
      'config.maxWeight',
      'config.minCohort',
      'config.maxCohort',
      'config.minSurvivors',
      'config.maxColluders',
      'config.privacy',
      'config.stepMillis',
      'config.kind',
      'config.segments',
      'config.segments.name',
      'config.segments.length',
      'config.segments.bits',
      'config.segments.quantBits',
      'config.segments.bound',
      'config.segments.kind',
    ],
    tests: [
      `${policy} › a policy that does not exist refuses everything`,
      `${policy} › a policy says rule, required, offered and fix`,
      `${round} › A participant in a run refuses a plan outside its policy`,
    ],
  },
  {
    line: 'model, plan or roster hash different from the bytes in hand',
    rules: ['config.planHash', 'config.rosterHash', 'config.baseModelHash'],
  },
  { line: 'cohort member not in the roster', rules: ['cohort.roster'] },
  { line: 'two of one organization', rules: ['cohort.organization'] },
  {
    line: 'an addition not approved',
    tests: [
      `${succession} › a later roster needs approval when it adds a member, unless the policy accepts additions`,
      `${policy} › a policy lets nobody in who was not approved, unless it says so`,
    ],
  },
  { line: 'bad or duplicate key', rules: ['cohort.key', 'cohort.duplicate-key'] },
  { line: 'own entry absent or altered', rules: ['cohort.self-absent', 'cohort.self-altered'] },
  { line: 'a second cohort for one advertisement', rules: ['cohort.second', 'config.second'] },
  {
    line: 'advertise for a round ≤ the last seen',
    tests: [
      `${round} › A participant in a run refuses a round up to the last whose session it entered`,
      `${participation} › a participant that was killed does not enter a round up to the last one that it entered`,
    ],
  },
  {
    line: 'a contribution on a base model for which it signed survivors',
    tests: [`${round} › A participant in a run refuses a base model for which it signed survivors, in whatever run`],
  },
  {
    line: 'more contributions on it than allowed',
    tests: [
      `${round} › A participant in a run refuses more contributions on one base model than its policy allows`,
      `${participation} › a participant that was killed does not contribute to a base model more often than its policy allows`,
    ],
  },
  {
    line: 'n < max(minCohort, c + 2) or > maxCohort',
    rules: ['cohort.min', 'cohort.colluders', 'cohort.max'],
  },
  { line: 'minSurvivors > n', rules: ['cohort.survivors'] },
  {
    line: 'T > n (which n ≥ c + 2 excludes)',
    tests: [
      'test/core/secagg/thresholds.test.ts › Thresholds hold for every cohort to 20 and every number of colluders: one certificate, T ≤ n, two honest',
    ],
  },
  { line: '|U2| < T or self not in U2', rules: ['dealers.too-few', 'dealers.self'] },
  { line: 'U3 ⊄ U2', rules: ['survivors.dealers'] },
  { line: 'self missing or own digest different', rules: ['survivors.self', 'survivors.own-upload'] },
  {
    line: 'a bad upload signature',
    rules: ['survivors.upload-signature', 'survivors.upload', 'survivors.list', 'survivors.inputs'],
  },
  { line: '|U3| too small', rules: ['survivors.too-few'] },
  { line: 'a certificate that is short', rules: ['certificate.short'] },
  { line: 'a certificate that repeats a signer', rules: ['certificate.repeated'] },
  { line: 'a certificate with a signer outside U3', rules: ['certificate.signer'] },
  {
    line: 'a certificate on another statement',
    rules: ['certificate.signature', 'certificate.second', 'survivors.session'],
  },
  {
    line: 'a second survivors statement for a sid',
    rules: ['survivors.second'],
    tests: [`${machine} › A participant keeps its promises across a restart`],
  },
  { line: 'survivors or reveal after abort', rules: ['abort.signed'] },
  { line: 'abort after reveal', rules: ['abort.revealed'] },
  {
    line: 'NaN/Inf, wrong shape',
    tests: [
      'test/core/update/encode.test.ts › an encoded update is refused with NaN or an infinity, naming tensor and index',
      'test/core/update/encode.test.ts › an encoded update is refused in a wrong shape',
      `${participation} › a participant with NaN in its update refuses by name, and tells the coordinator the rule but not the place`,
    ],
  },
  {
    line: 'exhausted budget (there is none yet: a mechanism that would spend one is refused)',
    rules: ['config.privacy'],
    tests: [
      'test/core/round/plan.test.ts › a plan that asks for what does not exist yet privacy.mechanism is refused by name',
    ],
  },
];

/** Refusals that the rest of the text demands, by its heading. */
export const refusedElsewhere: readonly InventoryLine[] = [
  {
    line: 'Encodings: another spelling of a document, unknown keys',
    tests: [
      'test/core/wire/canonical.test.ts › canonical JSON refuses every second spelling of a document',
      'test/core/round/plan.test.ts › a plan is accepted from the wire only in canonical bytes',
      'test/core/round/plan.test.ts › a plan with a wrong field epochz = 1 names epochz',
    ],
  },
  {
    line: 'Encodings: a second encoding of a body; a bitmap of another length or with padding',
    tests: [
      'test/proto/session-codec.test.ts › the session codec refuses a second encoding of the same value',
      'test/core/secagg/bitmap.test.ts › A bitmap is refused with another length or a set padding bit',
      `${machine} › A participant never throws on a damaged frame`,
    ],
  },
  { line: 'Encodings: a cohort out of byte order', rules: ['cohort.order'] },
  {
    line: 'Encodings: a signature for something else',
    rules: ['cohort.signature', 'cohort.config', 'survivors.proposal'],
    tests: ['test/core/secagg/signing.test.ts › A signed body does not verify under another label, key or body'],
  },
  {
    line: 'Session secrets: a second process per identity; a root of another round, run or device',
    tests: [
      'test/node/durable/directory-lock.test.ts › a directory lock is held by one at a time, also within one process, and the refusal says by whom',
      'test/client-sdk/keys/sealed-roots.test.ts › sealed session roots do not open for another round, another run or on another device',
    ],
  },
  {
    line: 'Messages: boxes that are not one from each dealer, or other boxes later',
    rules: ['boxes.dealers', 'boxes.second'],
  },
  {
    line: 'Messages: a dealer whose box does not open or match is not confirmed, and nobody is accused',
    tests: [
      'test/core/secagg/participant/confirm.test.ts › A participant that opens boxes does not confirm a box that does not open, and goes on without accusing anybody',
      'test/core/secagg/participant/confirm.test.ts › A participant that opens boxes does not confirm a path to another root, and goes on without accusing anybody',
      'test/core/secagg/participant/confirm.test.ts › A participant that opens boxes does not confirm a share hash that is not the signed one, and goes on without accusing anybody',
    ],
  },
  {
    line: 'Messages: a receipt that is not the coordinator’s, or about something else',
    tests: [`${machine} › A participant refuses a receipt that is not the coordinator’s, or about something else`],
  },
  {
    line: 'Frozen sets: a second U2; share bodies other than the confirmed ones, unsigned or not listed',
    rules: ['dealers.second', 'dealers.share', 'dealers.signature', 'dealers.list'],
  },
  {
    line: 'Frozen sets: no reveal of either kind for an excluded dealer',
    tests: [
      'test/core/secagg/participant/reveal.test.ts › A participant that reveals reveals nothing of dealers outside U2',
      'test/core/secagg/participant/reveal.test.ts › A participant that reveals never reveals both kinds of share for one dealer',
    ],
  },
  {
    line: 'Sign once: an abort for a sid that it did not accept',
    rules: ['abort.session'],
  },
  {
    line: 'Consumption: an abort certificate that is short, repeats a signer, has a signer outside the cohort, or is on another abort',
    rules: ['abort.short', 'abort.repeated', 'abort.signer', 'abort.signature'],
  },
  {
    line: 'Sign once: nothing in a session that it refused or left, or whose secrets it erased when it had revealed',
    tests: [
      `${machine} › A participant stays out of a session it refused or left, or whose secrets it erased when it had revealed`,
    ],
  },
  {
    line: 'Consumption: an update already consumed',
    tests: [
      `${round} › An update that was bound to a session stays with it from its first uploaded byte, and a later round on the same base trains afresh`,
    ],
  },
  {
    line: 'Consumption: an upload or a survivors signature in a session that was left',
    tests: [
      `${machine} › A participant stays out of a session it refused or left, or whose secrets it erased when it had revealed`,
      `${participation} › a participant ignores what belongs to no round of its own`,
      'test/core/round/participation/restart.test.ts › What an earlier process left open is not gone on with once it was left',
    ],
  },
  {
    line: 'Consumption: metrics of one model twice in a run',
    tests: [`${participation} › a participant that was killed does not send metrics twice for one run and model`],
  },
  {
    line: 'Keys and masks: small-order and non-canonical keys, S ≥ L, a zero Diffie–Hellman result, alike in both implementations',
    rules: ['cohort.key'],
    tests: [
      `${crypto}/ed25519.test.ts › Ed25519 of node:crypto refuses every encoding of every key of small order`,
      `${crypto}/ed25519.test.ts › Ed25519 of the portable twin refuses every encoding of every key of small order`,
      `${crypto}/ed25519.test.ts › Ed25519 of node:crypto refuses S + L, a second signature for the same statement, and S = L`,
      `${crypto}/ed25519.test.ts › Ed25519 of the portable twin refuses S + L, a second signature for the same statement, and S = L`,
      `${crypto}/x25519.test.ts › A Diffie–Hellman result of all zeros is what the library gives for low order, and is refused on its own account`,
      `${crypto}/portable-crypto.test.ts › The portable twin has the same X25519, and refuses the same keys with the same words`,
    ],
  },
  {
    line: 'Ring: a segment that could overflow, or out of its bounds',
    rules: ['segments.ring', 'segments.quantBits', 'segments.bytes'],
    tests: [
      'test/core/secagg/layout.test.ts › A layout refuses what leaves its bounds, by name',
      'test/proto/session-codec.test.ts › the session codec refuses configurations out of bounds',
    ],
  },
  {
    line: 'Ring: no examples; exact counts and metrics that the policy does not allow',
    tests: [
      'test/core/update/encode.test.ts › a weight needs an example',
      `${policy} › a policy refuses by weighting.exactCounts`,
      `${policy} › a policy refuses by metrics`,
    ],
  },
  {
    line: 'Ring: a vector of another length than the layout',
    tests: [`${machine} › A participant does not sign a vector of another length than the layout`],
  },
  {
    line: 'Roster: a fork, an earlier epoch, a changed key or operator; a certificate that ran out',
    tests: [
      `${succession} › a later roster is refused as a fork or as a return to an earlier epoch`,
      `${succession} › a later roster needs approval for any other difference, whatever the policy says of additions`,
      'test/core/roster/signed-roster.test.ts › a signed roster is refused before and after the roster key is certified, with what to do',
      'test/client-sdk/keys/key-store.test.ts › the key store refuses a fork, an epoch of another root and an older one',
    ],
  },
  {
    line: 'Roster: more than c members outside the policy’s list of known fingerprints; fewer than two listed others in U3',
    rules: ['cohort.unlisted', 'survivors.unlisted'],
    tests: [
      'test/core/secagg/refusals.test.ts › A participant with a list goes on when it holds',
      'test/client-sdk/policy/known-members.test.ts › a list of known fingerprints names the members that have them, however they were typed',
    ],
  },
  {
    line: 'A participant that leaves says so',
    tests: [`${participation} › a participant that leaves says so, and the others go on`],
  },
];

/**
 * Rules in the same sources that no frame can reach at a participant: something before them says no. They are refusals of the
 * function they stand in, and its own tests hold them.
 */
export const refusedBefore: Readonly<Record<string, string>> = {
  'segments.count': 'test/core/secagg/layout.test.ts › A layout refuses what leaves its bounds, by name',
  'segments.bits': 'test/core/secagg/layout.test.ts › A layout refuses what leaves its bounds, by name',
  'segments.length': 'test/core/secagg/layout.test.ts › A layout refuses what leaves its bounds, by name',
  'segments.bound': 'test/core/secagg/layout.test.ts › A layout refuses what leaves its bounds, by name',
  'base.signed': `${round} › A participant in a run refuses a base model for which it signed survivors, in whatever run`,
  'base.contributions': `${round} › A participant in a run refuses more contributions on one base model than its policy allows`,
  'session.left': `${round} › A participant in a run refuses a round up to the last whose session it entered`,
  'upload.receipt': `${machine} › A participant refuses a receipt that is not the coordinator’s, or about something else`,
  'participant.leaving': `${participation} › a participant that leaves says so, and the others go on`,
  'result.second':
    'test/core/secagg/participant/verdict.test.ts › A verdict on a sum is one for a sid, for ever: no second hash, no dispute after a result, no result after a dispute',
  'result.disputed':
    'test/core/round/participation/results.test.ts › A participant that finds a sum wrong takes no part in that run any more, also after a restart',
  receipt:
    "test/core/round/participation/proof.test.ts › a receipt shown again does not prove anything when it is forged, altered, another kind of signature or somebody else's",
};
