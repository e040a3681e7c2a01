export type { Adversary, Attacked } from './adversary/adversary.js';
export { type AttackRule, adversaryOf } from './adversary/attacks.js';
export { registerSimCommands } from './commands/run-command.js';
export { foundConsortium, type SimulationPorts } from './consortium.js';
export { Draws } from './draws.js';
export { type Departures, dropouts } from './dropouts.js';
export { portsOfOwnProcess } from './own-process.js';
export {
  type Partition,
  type PartitionedExamples,
  type Partitioner,
  type PartitionQuestion,
  type PartitionRule,
  partition,
  partitionerOf,
} from './partition/partition.js';
export {
  checkScenario,
  countOf,
  type DropStep,
  dropSteps,
  parseScenario,
  type Scenario,
  type ScenarioInput,
} from './scenario.js';
export { drawUnit, drawUnits, seededRandom } from './seeded-random.js';
export { SharedAgreements, type Sharing } from './shared-agreements.js';
export { SharedVerifications, type Verifications } from './shared-verifications.js';
export {
  type SimulatedRound,
  type SimulationObserver,
  type SimulationResult,
  simulate,
  simulateTraining,
  simulateTrainingWorld,
  simulateWorld,
  type TrainingOptions,
} from './simulate.js';
export type { Traffic } from './traffic.js';
export { VirtualTime } from './virtual-time.js';
export type { Engine, Seat, World } from './world.js';
