import { expectRefusal, type RefusalCase } from '../../support/refusal-case.js';
import { certificateRefusals } from './refusals/certificate.js';
import { cohortRefusals } from './refusals/cohort.js';
import { configurationRefusals } from './refusals/configuration.js';
import { boxRefusals, dealerRefusals } from './refusals/dealers.js';
import { survivorRefusals } from './refusals/survivors.js';

const groups: readonly [string, readonly RefusalCase[]][] = [
  ['a configuration', configurationRefusals],
  ['a cohort', cohortRefusals],
  ['boxes', boxRefusals],
  ['dealers', dealerRefusals],
  ['to sign survivors', survivorRefusals],
  ['a certificate', certificateRefusals],
];

for (const [refused, cases] of groups) {
  describe(`A participant refuses ${refused}`, () => {
    for (const one of cases) it(one.what, () => expectRefusal(one));
  });
}
