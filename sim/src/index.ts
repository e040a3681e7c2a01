export { registerSimCommands } from './command.js';
export {
  checkScenario,
  type DropStep,
  dropSteps,
  parseScenario,
  type Scenario,
  type ScenarioInput,
} from './scenario.js';
export { drawUnit, seededRandom } from './seeded-random.js';
export { type SimulatedRound, type SimulationResult, simulate } from './simulate.js';
export type { Traffic } from './traffic.js';
export { VirtualTime } from './virtual-time.js';
