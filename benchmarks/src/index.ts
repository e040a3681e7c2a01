export {
  type ClientMaskOptions,
  type ClientMaskResult,
  measureClientMask,
  measureServerUnmask,
} from './client-mask.js';
export { type Cost, measureTogether, median } from './measure.js';
