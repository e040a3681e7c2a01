// The door for programs that train for many participants in threads of their own: simulators.
export { type DataSet, requireDataSet, type Targets } from './data/data-set.js';
export { type Examples, heldExamples } from './data/examples.js';
export { type Engine, loadEngine } from './trainer/engine.js';
export { type EngineName, engineNames } from './trainer/engine-names.js';
export { measure } from './trainer/evaluation.js';
export { type LoadedModel, loadModel } from './trainer/layers-model.js';
export type { LocalRule } from './trainer/local-rule.js';
export { errorOf, type PlainError, plainError } from './trainer/plain-error.js';
export type { EngineDescription, EvaluateResult, TrainingTask } from './trainer/trainer.js';
export { type TrainingLoop, trainLocally } from './trainer/training-loop.js';
