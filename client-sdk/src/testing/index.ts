export type { RoundRecord, RunOutcome, RunProgress } from '@concordat/core';
export {
  type ConformanceCase,
  ConformanceFailure,
  type ConformanceOptions,
  type ConformancePlace,
  conformance,
  describeConformance,
  type RunningClient,
} from './conformance.js';
export type { Lie } from './lie.js';
export { lies, type NamedLie } from './lies.js';
export { TestConsortium } from './test-consortium.js';
export {
  type HeardMessage,
  openTestCoordinator,
  TestCoordinator,
  type TestCoordinatorOptions,
} from './test-coordinator.js';
export { steppingTrainer, type TestPlanDraft, testModel, testPlan, testPolicy, testPolicyText } from './test-plan.js';
