export {
  concat,
  equalBytes,
  fromBase64url,
  fromHex,
  inOneBlock,
  readU16,
  readU32,
  toBase64url,
  toHex,
  u16,
  u32,
  utf8Decode,
  utf8Encode,
} from './bytes.js';
export {
  requireBytes,
  requireInfo,
  requireSharedSecret,
  requireStreamRange,
  requireX25519Key,
  zeroSharedSecret,
} from './crypto/arguments.js';
export { sequentialKeystream } from './crypto/keystream.js';
export type { CryptoPort, Keystream, Signer } from './crypto/port.js';
export { portableCrypto } from './crypto/portable-crypto.js';
export { isStrictEd25519Key, isStrictEd25519Signature, isStrictX25519Key } from './crypto/strict-keys.js';
export {
  type ErrorCode,
  type ErrorDetail,
  type ErrorGuide,
  type ErrorOptions,
  errorCodes,
  errorGuides,
  errorPageOf,
  errorPages,
  FederatedError,
  refusal,
} from './errors.js';
export { isId, requireId } from './ids.js';
export { plainKernels } from './kernels/plain-kernels.js';
export type { Addend, Kernels, LaneBits } from './kernels/port.js';
export type { Random } from './random.js';
export {
  type Approval,
  decodeApproval,
  signApproval,
  signPlan,
  verifyApproval,
  verifyPlanSignature,
} from './roster/approval.js';
export {
  decodeInvitation,
  type EnrolmentClaim,
  encodeInvitation,
  type Invitation,
  identityFingerprint,
  proveEnrolment,
  sameFingerprint,
  verifyEnrolment,
} from './roster/invitation.js';
export {
  type PlanDecision,
  type PlanDecisionDraft,
  participantRole,
  readPlanDecision,
  requireDecisionFor,
  signPlanDecision,
} from './roster/plan-decision.js';
export {
  decodeRoster,
  encodeRoster,
  type KeyRotation,
  type MemberRole,
  type Roster,
  type RosterMember,
  type RosterOperator,
  rosterView,
} from './roster/roster.js';
export {
  certifyRosterKey,
  decodeRosterKeyCertificate,
  type RosterKeyCertificate,
  type SignedRoster,
  signRoster,
  type VerifiedRoster,
  verifyRoster,
} from './roster/signed-roster.js';
export { acceptRoster, type RosterChanges, type RosterSuccession, rotateKey } from './roster/succession.js';
export {
  type ApprovalRule,
  type ApprovalTally,
  approvalRuleInWords,
  approvalsRequired,
  type PlanRefusal,
  type PlanWord,
  refusalsForOthers,
  tallyApprovals,
} from './round/approval-rule.js';
export { approvalsOf, visibleRefusals } from './round/coordination/approvals.js';
export {
  type AnswerStep,
  type CoordinationEffect,
  type CoordinationEvent,
  type CoordinationOptions,
  type CoordinationPorts,
  type CoordinationRecord,
  type RoundDropout,
  type RoundGroup,
  type RoundPhase,
  type RoundRecord,
  type RunEndRule,
  type RunOutcome,
  type RunProgress,
  type RunWait,
  roundPhases,
  type SpoiledGroup,
} from './round/coordination/contract.js';
export { waitAt } from './round/coordination/waiting.js';
export {
  type CoordinationState,
  type CoordinationStep,
  openCoordination,
  stepCoordination,
} from './round/coordination.js';
export { compareDataSchemas, type DataDifference } from './round/data-comparison.js';
export { exampleSizes, widthOf } from './round/data-schema/sizes.js';
export {
  type CategoryColumn,
  type DataColumn,
  type DataSchema,
  digestDataSchema,
  type ImageColumn,
  type MissingRule,
  type NumberColumn,
  parseDataSchema,
  requireDataSchema,
} from './round/data-schema.js';
export { exampleCountBucket, exampleCountEdges } from './round/example-count.js';
export { drawGroups, type Grouping, groupingOf, groupsRequired, roundMinimum } from './round/grouping.js';
export {
  blankSum,
  isMadeByParameter,
  ModelCheck,
  type ModelCheckOptions,
  type ParameterRange,
  parametersIn,
  requireGroups,
  requireSameParameters,
  requireStaleness,
  totalsChunks,
} from './round/model-check.js';
export { type OpenedGroup, openSums } from './round/open-sums.js';
export type {
  ApprovedRun,
  ParticipationEffect,
  ParticipationEvent,
  ParticipationOptions,
  ParticipationPorts,
  ParticipationProgress,
  ParticipationRecord,
} from './round/participation/contract.js';
export { keptSessions } from './round/participation/leftovers.js';
export type { SessionName } from './round/participation/memory.js';
export {
  JournalledSteps,
  type OfferedReceipt,
  type ProofPorts,
  type ProvedStep,
  proveStep,
  recoveredRecord,
} from './round/participation/proof.js';
export { type CheckableSession, checkableSessions } from './round/participation/results.js';
export { declineOf } from './round/participation/state.js';
export {
  openParticipation,
  type ParticipationState,
  type ParticipationStep,
  stepParticipation,
} from './round/participation.js';
export { describeApproval, describePlan } from './round/plan/describe.js';
export { comparePlans, differenceLine, type PlanDifference } from './round/plan/difference.js';
export { completePlan, type PlanDraft } from './round/plan/draft.js';
export { describePrecision } from './round/plan/precision.js';
export {
  describeGroups,
  describeMode,
  describeTolerance,
  threeNeedAll,
  toleratedDropouts,
} from './round/plan/tolerance.js';
export {
  type AsyncRules,
  type Deadlines,
  decodePlan,
  encodePlan,
  type GroupCombination,
  type GroupRules,
  hashPlan,
  type Plan,
  type PlanApproval,
  type PlannedMetric,
  parsePlan,
  type Rotation,
  type RoundMode,
  requirePlan,
  type ShortfallRule,
  type StalenessWeight,
  type Task,
  type TensorShape,
  type Weighting,
} from './round/plan.js';
export { isRotated, planParameters, planSegments, roundSegments } from './round/segments.js';
export { type Candidate, chooseCohort, chosenSize, selectable, shuffle } from './round/selection.js';
export { meanScale, scaleMean } from './round/staleness.js';
export { fedAvg, type Strategy } from './round/strategy.js';
export { sessionTerms } from './round/terms.js';
export { type Rule, type RuleGuide, rules, rulesOf } from './rules.js';
export type {
  Abandonment,
  AggregatorEffect,
  AggregatorEvent,
  AggregatorOptions,
  AggregatorPhase,
  AggregatorPorts,
  AggregatorRecord,
  Dropout,
  SessionAnswer,
  SessionStep,
  SumOrder,
} from './secagg/aggregator/contract.js';
export { type JournalledSession, restoreAggregator } from './secagg/aggregator/restore.js';
export {
  type ReleaseTally,
  type ResultTally,
  releaseOf,
  type SessionResult,
  survivorOf,
  takeVerdict,
  tallyOf,
} from './secagg/aggregator/results.js';
export {
  type AggregatorState,
  type AggregatorStep,
  abortsLacking,
  awaited,
  awaitedAborts,
  cohortOf,
  dropped,
  framesSent,
  isOver,
  openAggregator,
  signersOf,
  stepAggregator,
  survivors,
} from './secagg/aggregator.js';
export { bitmapBytes, fromBitmap, toBitmap } from './secagg/bitmap.js';
export { chooseChunks } from './secagg/check/choose-chunks.js';
export {
  ChunkCheck,
  type ChunkCheckOptions,
  laneAt,
  requireChunks,
} from './secagg/check/chunk-check.js';
export { type OwnSession, ownSession } from './secagg/check/own-session.js';
export {
  chunkBytesAt,
  chunkCount,
  type ExpectedChunk,
  requireChunk,
  type ServedChunk,
} from './secagg/check/served-chunk.js';
export { type CheckedTranscript, readTranscript, type TranscriptFacts } from './secagg/check/transcript.js';
export { invert, type Multiplier, multiplierOf, multiply } from './secagg/field.js';
export { configHash, dealersId, inputsHash, sessionId, taggedHash } from './secagg/identifiers.js';
export {
  type Layout,
  laneBytes,
  laneMagnitude,
  layoutOf,
  type PlacedSegment,
  requireRing,
} from './secagg/layout.js';
export {
  addKeystreams,
  addKeystreamsToPart,
  addToPart,
  addVector,
  type ByteRange,
  type MaskingOptions,
  type MaskKey,
  type VectorPart,
  vectorRoot,
} from './secagg/masking.js';
export { merkleLeaf, merklePaths, merkleRoot, merkleVerify } from './secagg/merkle.js';
export { openSum } from './secagg/opening.js';
export { packLanes, type UnpackedSegment, unpackLanes } from './secagg/packing.js';
export type {
  ApprovedTerms,
  ParticipantEffect,
  ParticipantEvent,
  ParticipantOptions,
  ParticipantPhase,
  ParticipantPorts,
  ParticipantRecord,
} from './secagg/participant/contract.js';
export { type Finding, type GivenVerdict, giveVerdict, verdictGiven } from './secagg/participant/verdict.js';
export { openParticipant, type ParticipantState, type ParticipantStep, stepParticipant } from './secagg/participant.js';
export {
  checkVerdict,
  type ReadAggregate,
  readAggregate,
  signAggregate,
  signDispute,
  signResult,
} from './secagg/result.js';
export { addLanes, addLanesBytewise } from './secagg/ring.js';
export type { RosterEntry, RosterView } from './secagg/roster-view.js';
export { combine, lagrangeAtZero, type ShamirShare, split } from './secagg/shamir.js';
export { type SignatureLabel, signBody, verifyBody, verifyBodyHash } from './secagg/signing.js';
export { defaultColluders, type Thresholds, thresholdOf, thresholds } from './secagg/thresholds.js';
export { printable } from './text.js';
export { clipDelta, l2Norm } from './update/clip.js';
export { combineGroups, combineMeans, type GroupCombiner, type GroupSum } from './update/combine.js';
export { type DecodedSum, decodeEvaluation, decodeSum, type MeanMetric, meanInPlace } from './update/decode.js';
export { deltaSteps, requireFinite } from './update/delta.js';
export { encodeEvaluation, encodeUpdate, type MetricValues } from './update/encode.js';
export { quantize } from './update/quantize.js';
export { defaultRotation, rotate, rotateBack, rotatedBound, rotationSigns } from './update/rotation.js';
export {
  decodeSafetensors,
  encodeSafetensors,
  float32Of,
  littleEndianBytes,
  modelHash,
  type PlacedTensor,
  placeSafetensors,
  type SafetensorsPlaces,
} from './update/safetensors.js';
export {
  flattenTensors,
  type NamedTensor,
  parameterCount,
  requireFiniteModel,
  requireParameters,
  splitTensors,
  tensorSize,
  type Weights,
} from './update/tensors.js';
export { integerWeight, weightUnit } from './update/weight.js';
export { bounds } from './wire/bounds.js';
export { canonicalJson, type JsonValue, parseCanonical } from './wire/canonical.js';
export * from './wire/messages.js';
export { signedOf } from './wire/signed-reply.js';
