export type { NamedTensor } from '@concordat/core';
export { type Clock, systemClock, type Transport } from '@concordat/node';
export type { ApprovalsParts, AwaitedApproval, RunTerms } from './approval/approvals.js';
export { Approvals } from './approval/approvals.js';
export { approverKeyText, isApproverKey } from './approval/approver-key.js';
export {
  approvePlan,
  type DecideOptions,
  decisionsOn,
  exportPlan,
  importDecision,
  type PolicyPlace,
  withdrawPlan,
} from './approval/decide.js';
export { decisionText, parseDecision, readDecisionFile } from './approval/decision-file.js';
export { type DecisionPlace, keepDecision, readDecisions } from './approval/decisions.js';
export {
  type ExplainedExport,
  explainExport,
  exportText,
  type PlanExport,
  parseExport,
} from './approval/plan-export.js';
export type { ProposedPlanOptions } from './approval/proposed-plan.js';
export { type Answer, type OpenedExport, openExport, signExport } from './approval/sign-export.js';
export {
  type PlanStanding,
  type RoleStanding,
  requiredRoles,
  roleText,
  standingOf,
  whyNotApproved,
} from './approval/standing.js';
export { type ClientOptions, FederatedClient, type RunOptions } from './client.js';
export { registerApproverCommands } from './commands/approver-commands.js';
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
export { readDataDirectory } from './data/data-directory.js';
export { dataSchemaDigest, type ImagesSchema, imagesSchema } from './data/data-schema.js';
export { type DataSet, requireDataSet, type Targets } from './data/data-set.js';
export {
  checkDeclaration,
  type DataDeclaration,
  type DeclarationReading,
  declarationFile,
  declarationJsonSchema,
  declareData,
  parseDeclaration,
  readDeclaration,
  type WrittenDeclaration,
} from './data/declaration.js';
export { openRecords } from './data/declared-records.js';
export {
  type ExampleBlock,
  type ExamplePart,
  type Examples,
  heldExamples,
  type StreamedRecords,
  type StreamOptions,
  streamedExamples,
} from './data/examples.js';
export { type HoldoutSplit, splitHoldout } from './data/holdout-split.js';
export { imagesFile, labelsFile, readIdxDirectory, readIdxFiles } from './data/idx-directory.js';
export { collectRecords, type Records, type Row, recordsOf, type SourceRow } from './data/records.js';
export { type ColumnSummary, type RecordsSummary, summarizeRecords } from './data/records-summary.js';
export { type DoctorOptions, examine } from './doctor/doctor.js';
export type { Finding } from './doctor/finding.js';
export { checkDisk, checkNode } from './doctor/place-checks.js';
export { type DryRun, type DryRunOptions, type DryTraining, dryRun } from './dry-run/dry-run.js';
export type { ForecastMessage } from './dry-run/forecast.js';
export type { EgressMark } from './egress/egress-chain.js';
export { type EgressEntry, EgressLog, type EgressLogOptions, type KeptEntry } from './egress/egress-log.js';
export { type EgressDamage, type ReadEgress, readEgress, requireUndamaged } from './egress/egress-reading.js';
export { type EgressReport, type KindTotal, type RoundTotal, reportEgress } from './egress/egress-report.js';
export { type ExposedRound, type ExposureOptions, exposureOf, type Learned } from './egress/exposure.js';
export { reportLines } from './egress/report-lines.js';
export { reportPage } from './egress/report-page.js';
export { type EnrolOptions, type EnrolResult, enroll, type InvitationSource } from './enrol.js';
export type { ClientEvent, RunEnd } from './events.js';
export type { Enrolment } from './keys/enrolment-file.js';
export type { IdentitySigner } from './keys/identity-signer.js';
export { type AcceptedRoster, KeyStore, type KeyStoreOptions, type TlsIdentity } from './keys/key-store.js';
export { SealedRoots, type SealedRootsOptions } from './keys/sealed-roots.js';
export { denseNetwork, type LayersModel } from './model/dense-network.js';
export { encodeLayersModel, readLayersModel } from './model/read-layers-model.js';
export { readTfjsDirectory, writeTfjsDirectory } from './model/tfjs-directory.js';
export { evaluatePolicy, type Proposal, policyRefusal, type RuleResult } from './policy/evaluate-policy.js';
export { listedMembers } from './policy/known-members.js';
export { type Policy, parsePolicy, policyJsonSchema, readPolicy } from './policy/policy.js';
export { roundBar } from './policy/round-rules.js';
export { quotesRefusal } from './policy/told-refusals.js';
export type { RandomPurpose, RandomSource } from './random-source.js';
export type { RecordsSource, ThreadOptions } from './records-source.js';
export { type RecoverOptions, type Recovery, recover } from './recover.js';
export { type RenewOptions, type RenewResult, renewCertificate } from './renewal.js';
export { Consent, type ConsentParts, type OfferPatience } from './run/consent.js';
export { encodeDelta, type MaskingPorts, maskUpdate } from './run/masking.js';
export {
  checkRecords,
  type RecordsHere,
  type RecordsResult,
  recordsHere,
  recordsRefusal,
} from './run/records-check.js';
export { checkResult, type ResultCheck, type ResultCheckOptions, type ResultCheckPorts } from './run/result-check.js';
export { type ShownPlan, type ShowPlanOptions, showPlan } from './shown-plan.js';
export { type ParticipantWrite, participantWrites } from './state/durable-writes.js';
export { ParticipantState } from './state/participant-state.js';
export {
  type ParticipationSwitch,
  pauseParticipation,
  readSwitch,
  resumeParticipation,
  whyNot,
  withdrawFromRun,
} from './state/participation-switch.js';
export { Spool } from './state/spool.js';
export { type DirectoryHolder, type StandbyOptions, standBy } from './state/standby.js';
export { type EngineName, engineNames } from './trainer/engine-names.js';
export { createEvaluator, type HoldoutEvaluator } from './trainer/evaluator.js';
export {
  createExternalTrainer,
  type ExternalTrainerOptions,
  type ExternalTrainerPlace,
  type TrainerPatience,
  type TrainerStatus,
} from './trainer/external/external-trainer.js';
export { trainerEnvironment } from './trainer/external/launched-trainers.js';
export type { LocalRule } from './trainer/local-rule.js';
export { tensorflowEnvironment } from './trainer/tensorflow-environment.js';
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
export { Downloads, type DownloadsOptions } from './transport/downloads.js';
export type { MaskedUpload } from './transport/masked-upload.js';
export { parseProxy, proxiedTransport, proxyOfEnvironment } from './transport/proxy.js';
export { type CheckedRound, type VerifyRoundOptions, verifyRound } from './verify-round.js';
