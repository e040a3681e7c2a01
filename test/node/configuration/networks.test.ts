import { isIn, parseNetworks } from '@concordat/node';
import { expect } from 'chai';

describe('a list of networks', () => {
  const networks = parseNetworks('10.0.0.5, 10.1.0.0/16,fd00::/8,::1')!;

  it('has addresses and all that is in its networks', () => {
    for (const inside of ['10.0.0.5', '10.1.255.1', 'fd12::9', '::1', '::ffff:10.1.0.9']) {
      expect(isIn(networks, inside), inside).to.equal(true);
    }
    for (const outside of ['10.0.0.6', '10.2.0.1', 'fe80::1', '::2', '::ffff:10.2.0.1', 'nowhere', '', undefined]) {
      expect(isIn(networks, outside), String(outside)).to.equal(false);
    }
  });

  it('is none when a part of it is no network', () => {
    for (const text of [
      '',
      '10.0.0',
      '10.0.0.0/33',
      '10.0.0.0/-1',
      '10.0.0.0/8/8',
      'fd00::/129',
      'fe80::1%eth0',
      'a',
      '10.0.0.5,',
    ]) {
      expect(parseNetworks(text), text).to.equal(undefined);
    }
    expect(parseNetworks(Array.from({ length: 65 }, (_, i) => `10.0.0.${i}`).join(','))).to.equal(undefined);
  });
});
