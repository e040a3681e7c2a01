import { coordinatorCases } from './cases/all.js';
import { EnrolledConsortium } from './consortium.js';
import { expectVerdict } from './hostile-case.js';

describe('A coordinator over the wire that', function () {
  this.timeout(60_000);
  let consortium: EnrolledConsortium;

  before(async () => {
    consortium = await EnrolledConsortium.enrol();
  });
  after(() => consortium.close());

  for (const one of coordinatorCases) it(one.lie, () => expectVerdict(consortium, one));
});
