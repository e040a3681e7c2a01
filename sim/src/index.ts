export { registerSimCommands } from './command.js';
export { type DropStep, dropSteps, parseScenario, type Scenario, type ScenarioInput } from './scenario.js';
export { seededRandom } from './seeded-random.js';
export { type SimulatedRound, type SimulationResult, simulate } from './simulate.js';
export type { Traffic } from './traffic.js';
