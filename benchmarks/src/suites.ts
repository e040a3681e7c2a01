import { measureClientMask, measureServerUnmask } from './masking.js';
import type { Entry } from './measurement.js';
import { measureUploadBytes } from './upload-bytes.js';

/** Every measurement there is: one line each, in the order they run. */
export const suites: Readonly<Record<string, readonly Entry[]>> = {
  secagg: [
    { name: 'client-mask', about: 'a client masks one update: n keystreams', measure: measureClientMask },
    { name: 'server-unmask-1', about: 'one thread takes the masks out of a sum', measure: measureServerUnmask },
    { name: 'upload-bytes', about: 'one masked update on the wire, beside b bits a lane', measure: measureUploadBytes },
  ],
};
