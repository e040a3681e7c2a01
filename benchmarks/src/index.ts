export { type MaskCounts, maskCounts, measureGroups } from './groups.js';
export { costOfByte, maskingLimit } from './machine-limit.js';
export { type Cost, measureCost, median } from './measure.js';
export { type Entry, type Line, lineOf, type Measurement, type Question } from './measurement.js';
export { type Order, orderOf } from './order.js';
export { DelayLine } from './stage/delay-line.js';
export { openDelayProxy } from './stage/delay-proxy.js';
export { suites } from './suites.js';
export { measureTraining, type TrainedNetwork, twoConvolutions, twoHiddenLayers } from './training.js';
