import { expect } from 'chai';
import { crashFiles } from './crash-files.js';

/** `npm run crash:files` cuts the power 10,000 times; this is what of it every test run takes. */
describe('files that forget what was not synced', function () {
  this.timeout(30_000);

  it('keep every acknowledged record, file and blob through 400 power cuts', async () => {
    const found: string[] = [];
    let acknowledged = 0;
    for (let seed = 1; seed <= 100; seed++) {
      const one = await crashFiles(`suite ${seed}`);
      acknowledged += one.acknowledged;
      found.push(...one.violations);
    }
    expect(found).to.deep.equal([]);
    expect(acknowledged).to.be.greaterThan(1_000);
  });
});
