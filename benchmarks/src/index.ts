export { type ClientMaskOptions, type ClientMaskResult, measureClientMask } from './client-mask.js';
export { type Cost, measureTogether, median } from './measure.js';
