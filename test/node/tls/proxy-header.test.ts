import { bounds } from '@concordat/core';
import { readProxyHeader } from '@concordat/node';
import { expect } from 'chai';
import fc from 'fast-check';
import { proxyHeader } from '../../support/proxy-header.js';

const { local, tcp4, tcp6 } = proxyHeader;
const problemOf = (bytes: Uint8Array) => {
  const reading = readProxyHeader(bytes);
  return reading.type === 'none' ? reading.problem : reading.type;
};

describe('a header of the PROXY protocol', () => {
  it('says where a connection comes from, over IPv4 and IPv6', () => {
    const four = tcp4('203.0.113.7', 51_234);
    expect(readProxyHeader(four)).to.deep.equal({
      type: 'header',
      lengthBytes: four.length,
      origin: { address: '203.0.113.7', port: 51_234 },
    });
    const six = tcp6('20010db8000000000000000000000007', 443);
    expect(readProxyHeader(six)).to.have.deep.property('origin', { address: '2001:db8::7', port: 443 });
  });

  it('gives an IPv4 address that is mapped into IPv6 one name', () => {
    const mapped = tcp6('00000000000000000000ffffcb007107', 9);
    expect(readProxyHeader(mapped)).to.have.deep.property('origin', { address: '203.0.113.7', port: 9 });
  });

  it('of a proxy that looks whether somebody listens has no origin, nor one of an unknown family', () => {
    for (const bytes of [local(), local(Buffer.alloc(12)), tcp4('203.0.113.7', 1, { family: 0x00 })]) {
      expect(readProxyHeader(bytes)).to.deep.equal({ type: 'header', lengthBytes: bytes.length, origin: undefined });
    }
  });

  it('is told from what comes behind it, whatever additional information it has', () => {
    const header = tcp4('203.0.113.7', 1, { more: Buffer.from([0x05, 0x00, 0x01, 0x41]) });
    const bytes = Buffer.concat([header, Buffer.from([0x16, 0x03, 0x01])]);
    expect(readProxyHeader(bytes)).to.have.property('lengthBytes', header.length);
  });

  it('is waited for byte by byte, and every beginning of it is one', () => {
    const header = tcp4('203.0.113.7', 1);
    for (let length = 0; length < header.length; length++) {
      expect(readProxyHeader(header.subarray(0, length)), String(length)).to.deep.equal({ type: 'more' });
    }
  });

  it('is refused by name when it is of another version, command or family, too short or too long', () => {
    expect(problemOf(Buffer.from('PROXY TCP4 203.0.113.7 10.0.0.5 1 2\r\n'))).to.contain('version 1');
    expect(problemOf(Buffer.from([0x16, 0x03, 0x01, 0x02]))).to.contain('TLS without');
    expect(problemOf(Buffer.from('GET / HTTP/1.1\r\n'))).to.contain('no header');
    expect(problemOf(tcp4('203.0.113.7', 1, { version: 3 }))).to.contain('version 3');
    expect(problemOf(tcp4('203.0.113.7', 1, { command: 2 }))).to.contain('command 2');
    expect(problemOf(tcp4('203.0.113.7', 1, { family: 0x12 }))).to.contain('0x12');
    expect(problemOf(tcp4('203.0.113.7', 1, { family: 0x31 }))).to.contain('0x31');
    expect(problemOf(tcp4('203.0.113.7', 1, { family: 0x21 }))).to.contain('12 bytes where there are 36');
    const { proxyHeaderBytesMax: most } = bounds;
    const longest = tcp4('203.0.113.7', 1, { more: Buffer.alloc(most - 12) });
    expect(readProxyHeader(longest)).to.have.property('type', 'header');
    const longer = tcp4('203.0.113.7', 1, { more: Buffer.alloc(most - 11) });
    expect(problemOf(longer.subarray(0, 16))).to.contain(`at most ${most}`);
  });

  it('is an answer for any bytes, and never one about bytes that are not there', () => {
    const begun = fc
      .tuple(fc.nat(12), fc.uint8Array({ maxLength: 64 }))
      .map(([length, rest]) => Buffer.concat([tcp4('203.0.113.7', 1).subarray(0, length), rest]));
    fc.assert(
      fc.property(begun, (bytes) => {
        const reading = readProxyHeader(bytes);
        if (reading.type === 'header') expect(reading.lengthBytes).to.be.at.most(bytes.length);
      }),
      { seed: 5, numRuns: 2_000 },
    );
  });
});
