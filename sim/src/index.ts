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
export {
  type SimulatedRound,
  type SimulationObserver,
  type SimulationResult,
  simulate,
  simulateWorld,
} from './simulate.js';
export type { Traffic } from './traffic.js';
export { VirtualTime } from './virtual-time.js';
export type { Engine, Seat, World } from './world.js';
