export { exitCodeOf } from '@concordat/proto';
export { type BackupOptions, backUp, type CopyManifest } from './backup/backup.js';
export { type RestoreOptions, restore } from './backup/restore.js';
export { type BundleFile, type BundleParts, bundleFiles } from './bundle/bundle.js';
export { knownSecrets } from './bundle/known-secrets.js';
export { redacted } from './bundle/redact.js';
export { type CheckedConfiguration, checkConfiguration } from './check-configuration.js';
export { type CommandIo, registerCoordinatorCommands } from './commands/index.js';
export {
  type CoordinatorConfiguration,
  type CoordinatorSettings,
  configurationOf,
  coordinatorJsonSchema,
  coordinatorSettings,
  type LogLevel,
  type Overrides,
  operatorSettings,
  readOperatorSettings,
  readSettings,
  resolveConfiguration,
} from './configuration.js';
export { type OperatorKeys, readOperatorKeys } from './consortium-directory.js';
export { Coordinator, type CoordinatorOptions, type ResumedRun } from './coordinator.js';
export { type MembershipChange, membershipChanges } from './enrolment/enrolment.js';
export type { Evaluator, PublishedModel } from './evaluator.js';
export { explainRound } from './explain/explain-round.js';
export type { ResultFact, RoundFact } from './explain/round-facts.js';
export { type RoundStory, type StoryLine, tellRound } from './explain/round-story.js';
export { type InitOptions, type InitResult, initConsortium } from './init.js';
export { type EndedRound, forkedPlan, mayTrainFrom } from './model/forked-plan.js';
export { type ModelDirectory, readModelDirectory } from './model/model-directory.js';
export { type PreparedPlan, preparePlan } from './model/plan-document.js';
export type { CertificateEnd } from './observe/certificate-ends.js';
export { LineBudget } from './observe/line-budget.js';
export { openObservationServer } from './observe/observation-server.js';
export { textLine } from './observe/text-lines.js';
export { renewOperatorCertificate } from './renewal/operator-certificate.js';
export { renewRosterKeyCertificate } from './renewal/roster-key-certificate.js';
export { renewServerCertificate } from './renewal/server-certificate.js';
export { Deliveries, type DeliveriesOptions, type Delivery } from './run/deliveries.js';
export { type ExpectedUpload, ExpectedUploads } from './run/expected-uploads.js';
export { type NextModelOptions, writeNextModel } from './run/next-model.js';
export { isLargeSum, openSpooledSum, type SpooledOrder, type SpooledSum } from './run/open-sum.js';
export { removeOrphans } from './run/orphans.js';
export {
  type DroppedParticipant,
  Progress,
  type ProgressEvent,
  type RoundReport,
  type SequencedEvent,
} from './run/progress.js';
export { decodeRecord, encodeRecord } from './run/record-json.js';
export { ResultDesk, type ResultDeskOptions, type VerdictNews } from './run/results.js';
export { RoundSums, type RoundSumsOptions } from './run/round-sums.js';
export { type Answer, Run } from './run/run.js';
export { type PendingReceipt, RunJournal } from './run/run-journal.js';
export type { RunOptions, RunPorts } from './run/run-ports.js';
export type { RunStanding } from './run/standing.js';
export { payloadBytes, Traffic } from './run/traffic.js';
export { type StoreDifference, verifyStore } from './run/verify-store.js';
export { type DiskUse, diskUse } from './size/disk-use.js';
export { type PlanSize, planSize } from './size/plan-size.js';
export type { CoordinatorStatus, RunStatus } from './status.js';
export { DurableWriter } from './store/durable-writer.js';
export { type CoordinatorWrite, coordinatorWrites, StoreWrites } from './store/durable-writes.js';
export type { JournalEntry, JournalEvent } from './store/journal.js';
export { connectPostgres, type PostgresConnection, type PostgresLocation } from './store/postgres/connection.js';
export { Lease, leaseStanding, prepareLease, takeLease } from './store/postgres/lease.js';
export { type AnnouncedVector, Spool, type SpoolKey } from './store/spool.js';
export { openPostgresStore, openStore, type Store } from './store/store.js';
export { Admission, type AdmissionLimits, defaultAdmission } from './transport/admission.js';
export { authorization, authorize, type Role } from './transport/authorization.js';
export { BlobPieces, type EncodedPiece } from './transport/blob-pieces.js';
export { type CallContext, serverStream } from './transport/handlers.js';
export { OperatorClient, type OperatorClientOptions, type ParticipantRow } from './transport/operator-client.js';
export { type FailedCall, RefusalLog } from './transport/refusal-log.js';
export { SendAhead } from './transport/send-ahead.js';
export { type CoordinatorServer, type CoordinatorServerOptions, openCoordinatorServer } from './transport/server.js';
export { Notices, type NoticesOptions } from './webhooks/notices.js';
export { signatureHeader, signWebhook, verifyWebhook } from './webhooks/signature.js';
export { type Notice, type Webhook, type WebhookEvent, webhookEvents } from './webhooks/webhook.js';
export { Webhooks } from './webhooks/webhooks.js';
export { readWebhooks } from './webhooks/webhooks-file.js';
