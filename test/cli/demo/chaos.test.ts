import { expect } from 'chai';
import { announcement, Chaos } from 'concordat';

describe('the kill of the demo', () => {
  it('waits for round 3 and a quarter of the update of the slow organization', () => {
    const chaos = new Chaos('gamma');
    expect(chaos.uploading('gamma', 2, 500, 1000)).to.equal('none');
    expect(chaos.uploading('beta', 3, 500, 1000)).to.equal('none');
    expect(chaos.uploading('gamma', 3, 249, 1000)).to.equal('none');
    expect(chaos.uploading('gamma', 3, 250, 1000)).to.equal('kill');
    expect(chaos.uploading('gamma', 3, 300, 1000)).to.equal('none');
  });

  it('does not happen when everything was sent', () => {
    expect(new Chaos('gamma').uploading('gamma', 3, 1000, 1000)).to.equal('none');
  });

  it('is followed by one return, in round 5', () => {
    const chaos = new Chaos('gamma');
    expect(chaos.roundBegan(5)).to.equal('none');
    chaos.uploading('gamma', 3, 400, 1000);
    expect([4, 5, 6].map((round) => chaos.roundBegan(round))).to.deep.equal(['none', 'start-again', 'none']);
  });

  it('is announced, or its absence is', () => {
    expect(announcement('gamma', 10)).to.include('killed').and.include('comes back in round 5');
    expect(announcement('gamma', 3)).to.include('killed').and.include('would come back');
    expect(announcement('gamma', 2)).to.include('nobody is killed');
  });
});
