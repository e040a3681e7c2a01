export {
  type AnswerCall,
  type AnswerFrame,
  answerFromWire,
  answerToWire,
  type ReceivedCall,
  receiptFromWire,
  receiptToWire,
} from './answers.js';
export { type AssignmentFrame, assignmentFromWire, assignmentToWire, type Welcome } from './assignments.js';
export { type BlobMessage, blobMessage, chunkFromWire, chunkToWire, type ReceivedChunk } from './chunks.js';
export { correlationHeader, newCorrelationId, readCorrelationId } from './correlation.js';
export {
  decodeToErrors,
  guardDefinition,
  includeDir,
  loaderOptions,
  protoFiles,
  requireDecoded,
} from './definition.js';
export {
  type CommandResult,
  conclude,
  concludeFailure,
  type DescribedError,
  describeError,
  type EnvelopeIo,
  writeLine,
} from './envelope.js';
export { errorIndex, errorPage } from './error-page.js';
export type * as wire from './generated/index.js';
export type { ConcordatPackage } from './generated/index.js';
export { planRefusalsFromWire, planRefusalsToWire } from './plan-refusals.js';
export {
  type CurrentModel,
  type GroupStanding,
  type ShownResult,
  servedChunkFromWire,
  servedChunkToWire,
  shownResultFromWire,
  shownResultToWire,
  verdictFromWire,
  verdictToWire,
} from './results.js';
export { sessionCodec } from './session-codec.js';
export {
  type ReceiptPlace,
  type ReceiptsPage,
  receiptPlaceFromWire,
  receiptsPageFromWire,
  receiptsPageToWire,
} from './shown-receipts.js';
export { type SignedRosterFrame, signedFromWire, signedRosterFromWire } from './signed.js';
export { errorFromWire, errorToWire, errorTrailer, exitCodeOf, statusTable, type WireError } from './status.js';
export {
  decodeFromTrainer,
  decodeToTrainer,
  encodeFromTrainer,
  encodeToTrainer,
  type FromTrainer,
  type ToTrainer,
  type TrainerChunkFrame,
  type TrainerMetricFrame,
  type TrainerTaskFrame,
  type TrainerTaskKey,
  trainerFrameLength,
  trainerProtocolVersion,
} from './trainer-frames.js';
export { type UploadBegun, uploadBegunFromWire, uploadBegunToWire } from './uploads.js';
