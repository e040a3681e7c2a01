export { announcement, Chaos, type ChaosStep } from './demo/chaos.js';
export { type Display, type DisplayStream, openDisplay } from './demo/display.js';
export { type LabelledImages, pick, readIdx, readMnist, writeIdx } from './demo/idx.js';
export { type ProgressListener, ProgressReader } from './demo/progress-reader.js';
export type { DemoResult } from './demo/result.js';
export { drawScreen, type ScreenOptions } from './demo/screen.js';
export { countLabels, dealShards, drawsOf, shardsPerParticipant, shuffled } from './demo/shards.js';
export {
  type Activity,
  bytesText,
  type DemoView,
  type DropView,
  labelTable,
  type ParticipantView,
  percent,
  type RoundView,
  roundLine,
} from './demo/view.js';
export type { CommandIo } from './io.js';
export { runCommand, wholeProgram } from './program.js';
