export { type Clock, systemClock, type Transport } from '@concordat/node';
export { type ClientOptions, FederatedClient, type RecordsSource, type RunOptions } from './client.js';
export { registerExplainCommand } from './commands/explain-command.js';
export type { CommandIo } from './commands/io.js';
export { addParticipantCommands, registerParticipantCommands } from './commands/participant-commands.js';
export { participantProgram, runParticipantCommand } from './commands/participant-program.js';
export { type CheckedParticipant, checkParticipant } from './configuration/check.js';
export {
  enrolSettings,
  type Overrides,
  type ParticipantSettings,
  participantJsonSchema,
  participantSettings,
  readParticipantSettings,
} from './configuration/settings.js';
export { type DataSchema, dataSchemaDigest, imagesSchema } from './data/data-schema.js';
export { type DataSet, requireDataSet, type Targets } from './data/data-set.js';
export { type HoldoutSplit, splitHoldout } from './data/holdout-split.js';
export { imagesFile, labelsFile, readIdxDirectory } from './data/idx-directory.js';
export type { EgressEntry } from './egress.js';
export { type EnrolOptions, type EnrolResult, enroll, type InvitationSource } from './enrol.js';
export type { ClientEvent, RunEnd } from './events.js';
export type { Enrolment } from './keys/enrolment-file.js';
export { type AcceptedRoster, KeyStore, type KeyStoreOptions, type TlsIdentity } from './keys/key-store.js';
export { SealedRoots, type SealedRootsOptions } from './keys/sealed-roots.js';
export { denseNetwork, type LayersModel } from './model/dense-network.js';
export { readLayersModel } from './model/read-layers-model.js';
export { readTfjsDirectory, writeTfjsDirectory } from './model/tfjs-directory.js';
export { evaluatePolicy, type Proposal, policyRefusal, type RuleResult } from './policy/evaluate-policy.js';
export { listedMembers } from './policy/known-members.js';
export { type Policy, parsePolicy, policyJsonSchema, readPolicy } from './policy/policy.js';
export type { RandomPurpose, RandomSource } from './random-source.js';
export { type RecoverOptions, type Recovery, recover } from './recover.js';
export { type RenewOptions, type RenewResult, renewCertificate } from './renewal.js';
export { encodeDelta, type MaskingPorts, maskUpdate } from './run/masking.js';
export { checkResult, type ResultCheck, type ResultCheckOptions, type ResultCheckPorts } from './run/result-check.js';
export { type ShownPlan, type ShowPlanOptions, showPlan } from './shown-plan.js';
export { type ParticipantWrite, participantWrites } from './state/durable-writes.js';
export { ParticipantState } from './state/participant-state.js';
export { Spool } from './state/spool.js';
export { type DirectoryHolder, type StandbyOptions, standBy } from './state/standby.js';
export { type EngineName, engineNames } from './trainer/engine-names.js';
export { createEvaluator, type HoldoutEvaluator } from './trainer/evaluator.js';
export type {
  EngineDescription,
  EvaluateRequest,
  EvaluateResult,
  FitProgress,
  FitRequest,
  FitResult,
  Trainer,
  TrainingTask,
} from './trainer/trainer.js';
export type { DataSource } from './trainer/worker-messages.js';
export { createTrainer, type TrainerOptions } from './trainer/worker-trainer.js';
export { AddressList } from './transport/address-list.js';
export { pauseMillis } from './transport/backoff.js';
export type { CheckInOptions } from './transport/check-in.js';
export {
  type CallLimits,
  Connection,
  type ConnectionOptions,
  type CoordinatorHealth,
  connect,
} from './transport/connection.js';
export { Downloads } from './transport/downloads.js';
export type { MaskedUpload } from './transport/masked-upload.js';
export { type CheckedRound, type VerifyRoundOptions, verifyRound } from './verify-round.js';
