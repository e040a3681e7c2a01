import { expect } from 'chai';
import { attacks } from './load/attacks.js';
import { FrontLoad, type LoadResult } from './load/front-load.js';

// A tenth of the usual size. Lags and bytes are measured by the command: npm run hostile:load.
describe('a coordinator that strangers and a participant attack beside a round', function () {
  this.timeout(300_000);
  let load: FrontLoad;
  let result: LoadResult;

  before(async () => {
    load = await FrontLoad.open({ share: 0.1, quietRounds: 1, rounds: 1 });
    result = await load.run();
  });
  after(() => load.close());

  const answerTo = (begin: string) => result.answers.find(({ name }) => name.startsWith(begin))!.answer;

  it('goes on with all its participants, and publishes what their updates amount to', () => {
    const { alive, abandoned, lost, exact } = result;
    expect({ alive, abandoned, lost, exact }).to.deep.equal({ alive: true, abandoned: 0, lost: 0, exact: true });
    expect(result.published).to.be.at.least(5);
  });

  it('names what is wrong with every bomb', () => {
    for (const bomb of ['messages nested', 'messages of a million', 'messages of two million']) {
      expect(answerTo(bomb), bomb).to.equal('8 × INVALID_ARGUMENT');
    }
    for (const long of ['messages that announce', 'messages of 256 megabytes']) {
      expect(answerTo(long), long).to.equal('8 × RESOURCE_EXHAUSTED');
    }
    expect(answerTo('calls of methods')).to.equal('200 × UNIMPLEMENTED, 200 × PERMISSION_DENIED');
  });

  it('ends connections that flood it with frames', () => {
    for (const flood of ['a header of', 'headers that', 'pings', 'settings']) {
      expect(answerTo(flood), flood).to.equal('the connection was ended');
    }
  });

  it('tells whoever calls too often so, ends who says nothing, and takes everybody who comes back at once', () => {
    expect(answerTo('calls of one participant')).to.match(/\d+ × RESOURCE_EXHAUSTED/);
    expect(answerTo('sockets that say nothing')).to.equal('40 of 40 were ended within 5 s');
    expect(answerTo('a storm')).to.match(/^100 × OK/);
  });

  it('was attacked in every way there is', () => {
    expect(new Set(result.answers.map(({ name }) => name)).size).to.equal(attacks.length);
  });
});
