import { expectRefusal } from '../../support/refusal-case.js';
import { sessionRefusals } from './refusals/all.js';

for (const [refused, cases] of sessionRefusals) {
  describe(`A participant refuses ${refused}`, () => {
    for (const one of cases) it(one.what, () => expectRefusal(one));
  });
}
