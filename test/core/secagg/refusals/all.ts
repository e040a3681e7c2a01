import type { RefusalCase } from '../../../support/refusal-case.js';
import { abortRefusals } from './abort.js';
import { certificateRefusals } from './certificate.js';
import { cohortRefusals } from './cohort.js';
import { configurationRefusals } from './configuration.js';
import { boxRefusals, dealerRefusals } from './dealers.js';
import { survivorRefusals } from './survivors.js';

/** Every case against the participant machine, by what is refused. */
export const sessionRefusals: readonly (readonly [string, readonly RefusalCase[]])[] = [
  ['a configuration', configurationRefusals],
  ['a cohort', cohortRefusals],
  ['boxes', boxRefusals],
  ['dealers', dealerRefusals],
  ['to sign survivors', survivorRefusals],
  ['a certificate', certificateRefusals],
  ['an abort', abortRefusals],
];
