import { canonicalJson, FederatedError, parseCanonical, utf8Decode, utf8Encode } from '@concordat/core';
import { expect } from 'chai';
import fc from 'fast-check';

const printed = (value: unknown): string => utf8Decode(canonicalJson(value));

describe('canonical JSON', () => {
  it('prints the example of RFC 8785 §3.2.2', () => {
    const value = {
      // biome-ignore lint/correctness/noPrecisionLoss: the digits of the RFC.
      numbers: [333333333.33333329, 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000f\u000aA\'\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    };
    expect(printed(value)).to.equal(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it('sorts keys by UTF-16 code units as in RFC 8785 §3.2.3', () => {
    const value = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 };
    expect(Object.values(JSON.parse(printed(value)) as object)).to.have.length(7);
    expect(printed(value)).to.equal('{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\ud83d\ude00":5,"\ufb33":3}');
  });

  it('prints the numbers of RFC 8785 appendix B', () => {
    const numbers: [number, string][] = [
      [-0, '0'],
      [5e-324, '5e-324'],
      [1.7976931348623157e308, '1.7976931348623157e+308'],
      [9007199254740992, '9007199254740992'],
      [295147905179352830000, '295147905179352830000'],
      [1e21, '1e+21'],
      [1e-7, '1e-7'],
      [0.000001, '0.000001'],
    ];
    for (const [number, text] of numbers) expect(printed(number)).to.equal(text);
  });

  it('comes back, and has one spelling', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const bytes = canonicalJson(value);
        expect(canonicalJson(parseCanonical(bytes))).to.deep.equal(bytes);
      }),
      { seed: 4, numRuns: 500 },
    );
  });

  it('leaves out members that are undefined', () => {
    expect(printed({ b: undefined, a: 1 })).to.equal('{"a":1}');
  });

  it('does not exist for what JSON cannot say', () => {
    for (const value of [
      Number.NaN,
      Number.POSITIVE_INFINITY,
      '\ud800',
      new Date(0),
      new Uint8Array(1),
      1n,
      undefined,
    ]) {
      expect(() => canonicalJson(value))
        .to.throw(FederatedError)
        .with.property('code', 'invalid-argument');
    }
  });

  it('refuses every second spelling of a document', () => {
    const others = [
      '{"a":1 }',
      '{"b":1,"a":2}',
      '{"a":1,"a":1}',
      '1.0',
      '1e0',
      '-0',
      '"\\u0041"',
      '"\\/"',
      '1e999',
      '"\\ud800"',
    ];
    for (const text of others) {
      expect(() => parseCanonical(utf8Encode(text)), text)
        .to.throw(FederatedError)
        .with.property('code', 'malformed');
    }
  });

  it('refuses what is no JSON, too long or too deep, before it parses', () => {
    for (const text of ['', '{', 'nul', '{"a"}'])
      expect(() => parseCanonical(utf8Encode(text)), text).to.throw(FederatedError);
    expect(() => parseCanonical(utf8Encode('[1,2,3]'), 6)).to.throw(FederatedError, 'too long');
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    expect(() => parseCanonical(utf8Encode(deep))).to.throw(FederatedError, 'too deeply');
  });

  it('keeps a key named __proto__ a key', () => {
    const bytes = utf8Encode('{"__proto__":{"admin":true}}');
    const value = parseCanonical(bytes) as Record<string, unknown>;
    expect(Object.hasOwn(value, '__proto__')).to.equal(true);
    expect(value.admin).to.equal(undefined);
  });
});
