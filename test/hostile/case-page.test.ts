import { expect } from 'chai';
import { casePage, writtenPage } from './case-page.js';

describe('The page of hostile cases', () => {
  it('says what is tested; npm run hostile:page writes it', () => {
    expect(writtenPage()).to.equal(casePage());
  });
});
